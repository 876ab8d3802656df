from collections.abc import Callable
from datetime import date

import pytest

from codeops import prices
from codeops.core.finding import Severity
from codeops.prices.checkup import ties

Write = Callable[..., str]
AT = date(2026, 11, 15)
HEAD = 'version = "1"\ncurrency = "USD"\n'
CPU = '[[price]]\nmeter = "compute.cpu"\nprice = "0.03"\nper = "vCPU.h"\n'


def rules(path: str) -> list[tuple[str, int]]:
    return [(finding.rule, finding.location.line if finding.location else 0) for finding in prices.check(path, AT)]


def test_a_good_book_has_no_findings(written: Write) -> None:
    assert not rules(written(HEAD + CPU))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[price]]\nmeter = "aws.s3.get"\nprice = "0.0004"\nper = "{request}"\n', [("suspicious-price", 3)]),
        (CPU.replace("0.03", "30"), [("suspicious-price", 3)]),  # compared with every cloud, though none is extended
        (CPU + "valid_from = 2025-11-14\n", [("old-price", 3)]),
        (CPU + "valid_from = 2025-11-15\n", []),  # 365 days
        (CPU + 'valid_from = 2020-01-01\nnote = "fixed by contract until 2030"\n', []),
        (CPU + "valid_from = 2020-01-01\nvalid_to = 2021-01-01\n", []),
        (CPU.replace("compute.cpu", "compute.cpus"), [("unknown-meter", 3)]),
        (CPU.replace("compute.cpu", "stripe.charge"), []),
        (CPU + 'when = { region = "a" }\n' + CPU + 'when = { pool = "x" }\n', [("possible-tie", 8)]),
        (CPU + 'when = { region = "a" }\n' + CPU + 'when = { region = "b" }\n', []),
        (CPU + 'when = { region = "a" }\n' + CPU + 'when = { region = "a", pool = "x" }\n', []),
        (CPU + 'when = { region = "a" }\nvalid_to = 2026-01-01\n' + CPU + 'when = { pool = "x" }\nvalid_from = 2026-01-01\n', []),
        ('[[multiplier]]\nname = "x"\nfactor = 2\nmeters = ["computer.*", "compute.*"]\n', [("unused-multiplier", 3)]),
        ('[[price]]\nmeter = "my.own"\nprice = 1\nper = "h"\n[[multiplier]]\nname = "x"\nfactor = 2\nmeters = ["my.*"]\n', []),
    ],
)
def test_what_is_worth_a_second_look_is_found(written: Write, text: str, expected: list[tuple[str, int]]) -> None:
    assert rules(written(HEAD + text)) == expected


def test_the_overhead_that_is_a_ratio_is_found(written: Write) -> None:
    assert rules(written('{"platform": {"container_overhead_pct": 0.08}}', "b.json")) == [("suspicious-price", 1)]


def test_findings_come_in_the_order_of_the_file(written: Write) -> None:
    text = (
        CPU.replace("compute.cpu", "compute.cpus")
        + CPU.replace("0.03", "30")
        + 'valid_from = 2020-01-01\n[[multiplier]]\nname = "x"\nfactor = 2\nmeters = ["z.*"]\n'
    )

    found = prices.check(written(HEAD + text), AT)

    assert [finding.rule for finding in found] == ["unknown-meter", "suspicious-price", "old-price", "unused-multiplier"]
    assert all(finding.why and finding.fix and finding.severity is not Severity.ERROR for finding in found)


def test_a_packaged_file_that_nobody_read_for_a_year_is_told_once(written: Write) -> None:
    path = written(HEAD + 'extends = ["gcp"]\n')

    late = [finding for finding in prices.check(path, date(2040, 1, 1)) if finding.rule == "old-price"]

    assert len({finding.location.path for finding in late if finding.location}) == len(late) > 3
    assert all("update CodeOps" in finding.fix for finding in late)


def test_today_is_the_day_when_none_is_given(written: Write) -> None:
    assert [finding.rule for finding in prices.check(written(HEAD + CPU + "valid_from = 2001-01-01\n"))] == ["old-price"]


def test_a_tie_needs_the_same_layer_and_a_day_in_common(written: Write) -> None:
    own = prices.load(written(HEAD + CPU + 'when = { region = "a" }\n' + CPU + 'when = { pool = "x" }\n')).prices

    assert ties(own) == [(own[0], own[1])]
    assert ties(own[:1]) == []
