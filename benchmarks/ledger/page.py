"""How outcomes are shown: lines in the terminal, tables in docs/accuracy.md."""

import re
from pathlib import Path

from metrics import Accuracy
from trials import Outcome

__all__ = ["HEAD", "markdown", "text_line", "write"]

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
BEGIN = "<!-- written by python benchmarks/ledger/accuracy.py --write; do not edit -->"
END = "<!-- end of what is written -->"
HEAD = f"{'':<28}{'conservation':>13}{'over':>8}{'route error median / worst':>29}{'unadjusted':>12}{'units':>8}"


def _percent(ratio: float) -> str:
    shown = round(ratio * 100, 2) + 0.0  # no minus before a nought
    return f"{shown:,.2f} %" if abs(ratio) < 1 else f"{shown:,.0f} %"


def _cells(figures: Accuracy, *, has_units: bool) -> tuple[str, str, str, str, str]:
    units = _percent(figures.unit_share_error) if has_units else "–"
    return (
        _percent(figures.conservation),
        f"{figures.over_attribution:.3f}",
        f"{_percent(figures.median_error)} / {_percent(figures.worst_error)}",
        _percent(figures.raw_error),
        units,
    )


def text_line(outcome: Outcome) -> str:
    """One line of the terminal's table."""
    mark = "ok" if outcome.is_good else "BAD"
    if outcome.figures is None:
        return f"{outcome.name:<28}{mark:>4}  {outcome.note}"
    conservation, over, routes, raw, units = _cells(outcome.figures, has_units=outcome.has_units)
    return f"{outcome.name:<28}{conservation:>13}{over:>8}{routes:>29}{raw:>12}{units:>8}{mark:>5}  {outcome.note}"


def markdown(title: str, lines: list[Outcome], naive: list[Outcome], cases: list[Outcome], controls: list[Outcome]) -> str:
    """The tables of one interpreter and ledger."""
    rows = [
        f"### {title}\n",
        "| workload | conservation | spans ÷ process | route error, median / worst | unadjusted | unit share | |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [_row(outcome, "met" if outcome.is_good else "**missed**") for outcome in lines]
    rows += [_row(outcome, "naive") for outcome in naive]
    rows += [_row(outcome, "found out" if outcome.is_good else "**not found out**") for outcome in controls if outcome.figures]
    if cases:
        rows += ["", "| case of W5 | | found |", "|---|---|---|"]
        rows += [f"| {outcome.name} | {'met' if outcome.is_good else '**missed**'} | {outcome.note} |" for outcome in cases]
        rows += [f"| {o.name} | {'found out' if o.is_good else '**not found out**'} | {o.note} |" for o in controls if not o.figures]
    return "\n".join(rows) + "\n"


def _row(outcome: Outcome, word: str) -> str:
    cells = _cells(outcome.figures, has_units=outcome.has_units) if outcome.figures else ()
    return f"| {' | '.join([outcome.name, *cells, word])} |"


def write(tables: list[str]) -> None:
    """Puts the tables between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"{re.escape(BEGIN)}.*?{re.escape(END)}", text, re.DOTALL)
    if found is None:
        raise SystemExit(f"{PAGE} has no markers to write between")
    PAGE.write_text(text.replace(found[0], "\n\n".join([BEGIN, *(table.strip() for table in tables), END])), encoding="utf-8")
