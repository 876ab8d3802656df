"""`codeops compare` on two snapshot files in the simple form, which teams have already."""

import json
from pathlib import Path

import pytest

from codeops.__main__ import main

BOOK = """{
  "meta": { "version": "2026-10", "currency": "USD" },   // our prices
  "compute": { "vcpu_hour": 0.036, "mem_gib_hour": 0.004 },
  "storage": { "s3_get": 0.0000004, "s3_put": 0.000005, "s3_gib_month": 0.023 },
  "network": { "egress_gib": 0.09 },
  "platform": { "container_overhead_pct": 0 }
}
"""
ROUTE = {"cpu_s": 0.01, "egress_bytes": 1000, "s3_gets": 1, "cost_usd": 0.0000010}


def compare(folder: Path, base: dict[str, object], current: dict[str, object], *more: str, book: str = BOOK) -> int:
    (folder / "book.json").write_text(book, encoding="utf-8")
    (folder / "base.json").write_text(json.dumps({"meta": {"git_sha": "a" * 40}, "routes": base}), encoding="utf-8")
    (folder / "current.json").write_text(json.dumps({"routes": current}), encoding="utf-8")
    files = ["--pricebook", str(folder / "book.json"), "--baseline", str(folder / "base.json"), "--current", str(folder / "current.json")]
    with pytest.raises(SystemExit) as ending:
        main(["compare", *files, "--threshold", "0.08", *more])
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.mark.parametrize(
    ("cost", "code"),
    [(0.0000010, 0), (0.0000009, 0), (0.00000108, 0), (0.00000109, 1), (0.0000020, 1)],
    ids=["equal", "cheaper", "exactly at the threshold", "just above", "double"],
)
def test_a_route_fails_when_its_recorded_cost_rose_by_more_than_the_threshold(tmp_path: Path, cost: float, code: int) -> None:
    assert compare(tmp_path, {"/a": ROUTE}, {"/a": {**ROUTE, "cost_usd": cost}}) == code


def test_each_route_has_a_line_with_both_costs_and_the_percentage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(tmp_path, {"/a": ROUTE, "/b": ROUTE}, {"/a": {**ROUTE, "cost_usd": 0.0000015}, "/b": ROUTE})

    lines = capsys.readouterr().out.splitlines()
    line = next(line for line in lines if "/a " in line and "$" in line)
    assert "$0.0010" in line
    assert "$0.0015" in line
    assert "+50.0 %" in line
    assert any("/b " in line and "0.0 %" in line for line in lines)


def test_new_gone_and_zero_routes_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    free = {**ROUTE, "cost_usd": 0}

    compare(tmp_path, {"/gone": ROUTE, "/free": free}, {"/new": ROUTE, "/free": ROUTE})

    out = capsys.readouterr().out
    assert all(word in out for word in ("/gone", "/free", "/new", "gone", "new", "from zero"))


def test_a_price_a_thousand_times_too_high_is_said_beside_the_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(tmp_path, {"/a": ROUTE}, {"/a": ROUTE}, book=BOOK.replace("0.0000004", "0.0004"))

    assert "suspicious-price" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("{", "malformed-file"),
        ('{"routes": {"/a": {"cost_usd": NaN}}}', "malformed-file"),
        ('{"routes": {"/a": {"cost_usd": -1}}}', "invalid-value"),
        ('{"routes": {"/a": {"cost_usd": "much"}}}', "invalid-value"),
    ],
)
def test_a_snapshot_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, slug: str
) -> None:
    compare(tmp_path, {"/a": ROUTE}, {"/a": ROUTE})
    (tmp_path / "base.json").write_text(text, encoding="utf-8")
    files = [f"--{name}={tmp_path}/{file}.json" for name, file in (("pricebook", "book"), ("baseline", "base"), ("current", "current"))]

    with pytest.raises(SystemExit) as ending:
        main(["compare", *files])

    assert ending.value.code == 2
    assert f"error[{slug}]" in capsys.readouterr().err
