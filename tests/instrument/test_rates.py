from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops import prices
from codeops.core.money import Quantity
from codeops.core.price import Multiplier, Price, Tier
from codeops.core.pricebook import PriceBook
from codeops.core.selector import Selector
from codeops.core.unit import Unit
from codeops.core.usage import Usage
from codeops.instrument import guard
from codeops.instrument.rates import CPU_LINE, Rates

DAY = date(2026, 11, 25)
UNITS = {"vCPU.s": "vCPU.h", "By": "GiB", "{request}": "1000 {request}", "{token}": "1000000 {token}", "GiB.s": "GiB.mo"}


def price(meter: str, amount: str, per: str, **options) -> Price:
    return Price(meter=meter, per=Quantity.parse(per), tiers=(Tier(Decimal(amount)),), currency="USD", **options)


@given(
    unit=st.sampled_from(sorted(UNITS)),
    amount=st.decimals(min_value="0", max_value="1000000", places=9),
    factor=st.decimals(min_value="0.01", max_value="10", places=4),
    used=st.one_of(st.integers(0, 10**12), st.floats(0, 1e9, allow_nan=False)),
)
def test_the_compiled_price_equals_the_exact_one(unit, amount, factor, used):
    book = PriceBook(
        version="1",
        currency="USD",
        prices=(price("own.meter", str(amount), UNITS[unit]),),
        multipliers=(Multiplier(name="discount", factor=factor),),
    )
    exact = book.price([Usage("own.meter", Quantity(Decimal(used), Unit.parse(unit)), {})], DAY).total.amount

    fast = Rates(book, {}, DAY).of(("own.meter", unit, ()))

    assert fast * used == pytest.approx(float(exact), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (CPU_LINE, {}),
        (CPU_LINE, {"region": "us-east-1", "platform": "lambda"}),
        (("compute.memory", "GiB.s", ()), {"platform": "fargate"}),
        (("network.egress", "By", ()), {"region": "eu-west-1"}),
        (("network.egress", "By", (("destination", "nat"),)), {"region": "us-west-2"}),
        (("aws.s3.get", "{request}", (("storage_class", "standard-ia"),)), {}),
        (("aws.dynamodb.read", "{request_unit}", ()), {}),
    ],
)
def test_shipped_prices_are_compiled_as_they_are_priced(tmp_path, line, labels):
    file = tmp_path / "book.toml"
    file.write_text('version = "1"\ncurrency = "USD"\nextends = ["aws"]\n')
    book = prices.load(str(file))
    meter, unit, own = line
    exact = book.price([Usage(meter, Quantity(Decimal(1), Unit.parse(unit)), {**labels, **dict(own)})], DAY)

    rate = Rates(book, labels, DAY).of(line)

    assert (rate is None) == bool(exact.unpriced)
    assert rate is None or rate == pytest.approx(float(exact.total.amount), rel=1e-12)


def test_the_process_s_labels_select_and_the_line_s_own_go_before_them():
    book = PriceBook(
        version="1",
        currency="USD",
        prices=(
            price("own.meter", "1", "{request}", when=Selector.of({"region": "here"})),
            price("own.meter", "2", "{request}", when=Selector.of({"region": "there"})),
        ),
    )
    rates = Rates(book, {"region": "here"}, DAY)

    assert rates.of(("own.meter", "{request}", ())) == 1
    assert rates.of(("own.meter", "{request}", (("region", "there"),))) == 2
    assert rates.of(("own.meter", "{request}", (("region", "nowhere"),))) is None


def test_a_child_process_s_cpu_is_priced_like_cpu():
    rates = Rates(PriceBook(version="1", currency="USD", prices=(price("compute.cpu", "3", "vCPU.s"),)), {}, DAY)

    assert rates.of(("compute.cpu.children", "vCPU.s", ())) == 3
    assert rates.cpu_ns == pytest.approx(3e-9)


def test_prices_are_those_of_a_day():
    old = price("compute.cpu", "1", "vCPU.s", valid_to=date(2026, 12, 1))
    new = price("compute.cpu", "2", "vCPU.s", valid_from=date(2026, 12, 1))
    book = PriceBook(version="1", currency="USD", prices=(old, new))

    assert Rates(book, {}, DAY).of(CPU_LINE) == 1
    assert Rates(book, {}, date(2026, 12, 1)).cpu_ns == pytest.approx(2e-9)


def test_two_prices_that_match_equally_well_are_told_once_and_not_guessed(monkeypatch, caplog):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "problems", [])
    monkeypatch.setattr(guard, "_causes", set())
    book = PriceBook(
        version="1",
        currency="USD",
        prices=(
            price("own.meter", "1", "{request}", when=Selector.of({"region": "here"})),
            price("own.meter", "2", "{request}", when=Selector.of({"team": "search"})),
        ),
    )
    rates = Rates(book, {"region": "here", "team": "search"}, DAY)

    assert rates.of(("own.meter", "{request}", ())) is None
    assert rates.of(("own.meter", "{request}", (("x", "1"),))) is None
    assert len(caplog.records) == 1
    assert "fix: add a label" in caplog.text


def test_hostile_labels_do_not_fill_the_memory():
    rates = Rates(PriceBook(version="1", currency="USD", prices=(price("own.meter", "1", "{request}"),)), {}, DAY)
    for number in range(10_000):
        rates.of(("own.meter", "{request}", (("host", f"h{number}"),)))

    assert len(rates.known) <= 4096
