from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops import prices
from codeops.core.errors import InvalidValue
from codeops.core.location import Location
from codeops.core.price import Price
from codeops.prices.writing import render

Write = Callable[..., str]
SIMPLE = """{
  "meta": {"version": "2026-10", "currency": "USD"},
  "compute": {"vcpu_hour": 0.035},
  "storage": {"s3_get": 0.0004},
  "platform": {"container_overhead_pct": 8}
}"""
CONVERTED = """\
version = "2026-10"
currency = "USD"

[[price]]
meter = "compute.cpu"
price = "0.035"
per = "vCPU.h"
source = "converted from prices.json"

# CHECK: aws.s3.get costs $0.0004 a request, which is near the public price of 1,000 GETs
# CHECK: read as $0.0004 a request: 10 million GETs cost $4,000; if it is the public price per 1,000 they cost $4
# CHECK: write per = "1000 {request}", or in the simple form the price of one: 0.0000004
[[price]]
meter = "aws.s3.get"
price = "0.0004"
per = "{request}"
source = "converted from prices.json"

[[multiplier]]
name = "container overhead"
factor = "1.08"
meters = ["compute.*"]
source = "converted from prices.json"
"""
amounts = st.none() | st.decimals(0, 10**6, places=10)


def test_the_simple_form_is_rewritten_with_its_doubts_beside_it(written: Write) -> None:
    assert prices.convert(written(SIMPLE, "prices.json")) == CONVERTED


def test_a_book_in_the_full_form_is_left_alone(written: Write) -> None:
    with pytest.raises(InvalidValue, match="in the full form already"):
        prices.convert(written('version = "1"\ncurrency = "USD"\n'))


@given(
    st.fixed_dictionaries(
        {
            "compute": st.fixed_dictionaries({"vcpu_hour": amounts, "mem_gib_hour": amounts}),
            "storage": st.fixed_dictionaries({"s3_get": amounts, "s3_put": amounts, "s3_gib_month": amounts}),
            "network": st.fixed_dictionaries({"egress_gib": amounts}),
            "platform": st.fixed_dictionaries({"container_overhead_pct": st.none() | st.decimals(0, 1000, places=3)}),
        }
    ),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12),
)
def test_a_converted_book_prices_everything_as_before(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, dict[str, Decimal | None]], version: str
) -> None:
    folder = tmp_path_factory.mktemp("convert")
    lines = ["[meta]", f"version = {quoted(version)}"]
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f'{key} = "{value:f}"' for key, value in keys.items() if value is not None)]
    (folder / "old.toml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "new.toml").write_text(prices.convert(str(folder / "old.toml")), encoding="utf-8")

    old, new = prices.load(str(folder / "old.toml")), prices.load(str(folder / "new.toml"))

    assert new.digest == old.digest
    assert [caveat.kind for caveat in new.caveats if caveat.about != "compute.*"] == [
        caveat.kind for caveat in old.caveats if caveat.about != "compute.*"
    ]


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def test_everything_that_an_entry_can_say_is_written_and_read_back(written: Write, tmp_path: Path) -> None:
    text = """version = "1"
currency = "USD"
[[price]]
meter = "aws.s3.storage"
per = "2 GiB.mo"
tiers = [ { up_to = "50", price = "0.023" }, { price = "0.02" } ]
when = { "k8s.io/pool" = "a\\"b", region = ["x", "y"] }
valid_from = 2026-01-01
valid_to = 2027-01-01
source = "contract \\u007f"
note = "line\\nbreak"
[[multiplier]]
name = "discount"
factor = "0.9"
meters = ["aws.*", "compute.cpu"]
when = { pool = "x" }
valid_from = 2026-01-01
source = "contract"
"""
    book = prices.load(written(text))

    again = prices.load(written(render(book.version, book.currency, book.prices, book.multipliers), "again.toml"))

    assert again.digest == book.digest
    assert [without_place(price) for price in again.prices] == [without_place(price) for price in book.prices]
    assert again.multipliers[0].source == "contract"


def without_place(price: Price) -> Price:
    return replace(price, origin=Location(""))
