from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from codeops import prices
from codeops.core.errors import CodeOpsError
from codeops.core.pricebook import PriceBook

Write = Callable[..., str]
AT = date(2026, 11, 15)
HEADER = "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version\n"


def imported(written: Write, rows: str) -> PriceBook:
    return prices.load(written(prices.import_opencost_csv(HEADER + rows, "list.csv"), "imported.toml"))


def hourly(book: PriceBook, meter: str, **labels: str) -> Decimal:
    return book.find(meter, {name.replace("__", "/"): value for name, value in labels.items()}, AT).rate.price.amount


def test_a_row_becomes_an_entry_with_its_source() -> None:
    text = prices.import_opencost_csv(HEADER + "2019-04-17 23:34:22 UTC,node-1,,node,metadata.name,,0.1337,\n", "list.csv")

    assert text == (
        'version = "imported"\ncurrency = "USD"\n\n[[price]]\nmeter = "node.instance"\nprice = "0.1337"\nper = "h"\n'
        'when = { node = "node-1" }\nsource = "imported from list.csv"\n'
    )


def test_regions_are_told_apart_and_one_without_region_is_for_the_rest(written: Write) -> None:
    book = imported(
        written,
        ",i-1,regionone,node,spec.providerID,,0.1337,\n,i-1,regiontwo,node,spec.providerID,,0.1338,\n,i-1,,node,spec.providerID,,0.1339,\n",
    )

    assert hourly(book, "node.instance", provider_id="i-1", region="regionone") == Decimal("0.1337")
    assert hourly(book, "node.instance", provider_id="i-1", region="regiontwo") == Decimal("0.1338")
    assert hourly(book, "node.instance", provider_id="i-1", region="elsewhere") == Decimal("0.1339")


def test_an_exact_id_goes_before_the_type_and_the_type_has_the_mean_of_its_rows(written: Write) -> None:
    book = imported(
        written,
        ",i-1,eastus2,node,spec.providerID,Standard_F32s_v2,0.10,\n,i-2,eastus2,node,spec.providerID,Standard_F32s_v2,0.30,\n",
    )
    known = {"region": "eastus2", "instance_type": "Standard_F32s_v2"}

    assert hourly(book, "node.instance", provider_id="i-1", **known) == Decimal("0.10")
    assert hourly(book, "node.instance", provider_id="i-9", **known) == Decimal("0.20")


def test_a_type_that_is_its_own_id_is_one_entry(written: Write) -> None:
    book = imported(written, ",cax11,fsn1,node,metadata.labels.node.kubernetes.io/instance-type,cax11,0.0061,2026.01\n")

    assert [str(price.when) for price in book.prices] == ["instance_type=cax11, region=fsn1"]


@pytest.mark.parametrize(
    ("row", "meter", "rate", "when"),
    [
        (",pvc-1,,pv,metadata.name,,0.1337,", "storage.volume", "0.1337 USD per GiB.h", "volume=pvc-1"),
        (
            ",fast,hel1,pv,spec.storageClassName,ignored,0.000072,",
            "storage.volume",
            "0.000072 USD per GiB.h",
            "region=hel1, storage_class=fast",
        ),
        (",a100,,gpu,nvidia.com/gpu_type,,0.5,", "gpu.time", "0.5 USD per GPU.h", "nvidia.com/gpu_type=a100"),
        (",Reserved,,node,metadata.labels.Usage,,0.654795,", "node.instance", "0.654795 USD per h", "Usage=Reserved"),
        (",x,,node,metadata.annotations.<http://a.b/c|a.b/c>,,1,", "node.instance", "1 USD per h", "<http://a.b/c|a.b/c>=x"),
        (",,fsn1,NODE,,,0.01,", "node.instance", "0.01 USD per h", "region=fsn1"),
        (",,,node,,m5.large,0.096,", "node.instance", "0.096 USD per h", "instance_type=m5.large"),
    ],
)
def test_each_asset_class_and_field_has_its_meter_unit_and_label(written: Write, row: str, meter: str, rate: str, when: str) -> None:
    (price,) = imported(written, row + "\n").prices

    assert (price.meter, str(price.rate), str(price.when)) == (meter, rate, when)


def test_comments_empty_lines_spaces_quotes_and_other_spellings_of_the_header_are_tolerated(written: Write) -> None:
    text = (
        "\ufeff# prices\n\nendtimestamp, InstanceId ,REGION,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly\n,,,,,,\n"
        ',"a,b", , node ,metadata.name,,0.5\n# end\n'
    )

    book = prices.load(written(prices.import_opencost_csv(text, "list.csv", currency="EUR"), "b.toml"))

    assert (str(book.prices[0].when), book.currency) == ("node=a,b", "EUR")


def test_a_row_that_repeats_itself_counts_once(written: Write) -> None:
    assert len(imported(written, ",n,,node,metadata.name,,1,\n,n,,node,metadata.name,,1.0,\n").prices) == 1


@pytest.mark.parametrize(
    ("text", "slug", "line", "words"),
    [
        ("", "malformed-file", 0, "no row"),
        (HEADER, "malformed-file", 0, "no row"),
        ("a,b\n1,2\n", "malformed-file", 1, "instanceid"),
        (HEADER + ",n,,node,metadata.name,,1\n", "malformed-file", 2, "7 columns"),
        (HEADER + '\n# c\n,"n,,node,metadata.name,,1,\n', "malformed-file", 4, "unexpected end"),
        (HEADER + ",n,,gpulabel,foo,,1,\n", "invalid-value", 2, "node, pv, gpu"),
        (HEADER + ",n,,node,status.phase,,1,\n", "invalid-value", 2, "spec.providerID"),
        (HEADER + ",n,,node,,,1,\n", "invalid-value", 2, "InstanceIDField is empty"),
        (HEADER + ",n,,gpu,,,1,\n", "invalid-value", 2, "InstanceIDField is empty"),
        (HEADER + ",n,,node,metadata.labels.,,1,\n", "invalid-value", 2, "metadata.labels."),
        (HEADER + ",,,node,,,1,\n", "invalid-value", 2, "nothing in particular"),
        (HEADER + ",n,,node,metadata.name,,,\n", "invalid-price", 2, "missing"),
        (HEADER + ",n,,node,metadata.name,,cheap,\n", "invalid-price", 2, "cheap"),
        (HEADER + ",n,,node,metadata.name,,-1,\n", "invalid-price", 2, "-1"),
        (HEADER + ",n,,node,metadata.name,,NaN,\n", "invalid-price", 2, "NaN"),
        (HEADER + ',n,,node,metadata.name,,"0,5",\n', "invalid-price", 2, "with a point"),
        (HEADER + ",n,,node,metadata.name,,1,\n,n,,node,metadata.name,,2,\n", "duplicate-key", 3, "line 2 says 1"),
    ],
)
def test_a_bad_row_is_an_error_with_its_line(text: str, slug: str, line: int, words: str) -> None:
    with pytest.raises(CodeOpsError) as caught:
        prices.import_opencost_csv(text, "list.csv")

    assert caught.value.slug == slug
    assert words.lower() in caught.value.explain().lower()
    assert caught.value.location is not None
    assert (caught.value.location.path, caught.value.location.line) == ("list.csv", line)
    assert caught.value.fix
