"""The report for a terminal: the verdict, the money by route, what caused it and what to do."""

from itertools import groupby
from typing import TYPE_CHECKING

from codeops.core import figure
from codeops.core.finding import Severity
from codeops.core.report import Cause, Report, RouteResult, Verdict
from codeops.report import _doubts, _view
from codeops.report._plain import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType
    from rich.table import Table

__all__ = ["SUFFIX", "WIDTH", "render", "show"]

SUFFIX = ".txt"
"""The ending of files in this format."""

WIDTH = 100
"""Columns where no terminal says otherwise: files, pipes, CI logs."""

_WITH_NOTES = 110  # columns from which the notes fit beside the figures; else they stand below the table
_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONCLUSIVE: "yellow"}
_LEVELS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def render(report: Report, width: int = WIDTH) -> str:
    """The report as plain text, `width` columns wide, without colour."""
    return _draw(report, width, colour=False)


def show(report: Report, *, colour: bool) -> None:
    """Write the report to standard output, as wide as the terminal; what its encoding lacks becomes `?`."""
    from rich.console import Console

    console = Console()
    text = _draw(report, console.width if console.is_terminal else WIDTH, colour=colour)
    encoding = console.encoding
    console.file.write(text.encode(encoding, "replace").decode(encoding))


def _draw(report: Report, width: int, *, colour: bool) -> str:
    from io import StringIO

    from rich.console import Console

    file = StringIO()
    console = Console(
        file=file, width=width, color_system="auto" if colour else None, force_terminal=colour, highlight=False, emoji=False, markup=False
    )
    for part in _parts(report, console):
        console.print(part)
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def _parts(report: Report, console: "Console") -> "Iterator[RenderableType]":
    wide = console.width >= _WITH_NOTES
    yield _verdict(report)
    if report.routes:
        yield ""
        yield _routes(report, wide=wide)
    sections = (
        ("Notes", () if wide else _notes(report)),
        ("What changed", _meters(report)),
        ("Causes", _causes(report)),
        ("Findings", _findings(report)),
        ("Budgets", _budgets(report)),
        ("Waivers", _waivers(report)),
        ("Caveats", _caveats(report)),
    )
    for title, lines in sections:
        yield from _section(title, list(lines))
    yield ""
    for name, value in _view.facts(report):
        yield _line(2, (f"{name.lower():<12}", "dim"), (value, "dim"))


def _verdict(report: Report) -> "RenderableType":
    word = report.verdict.value.upper()
    style = _STYLES[report.verdict]
    first = _line(0, (f"{_view.MARKS[report.verdict]} {word}", f"bold {style}"), (f"  {_view.headline(report)}", "bold"))
    return _stack([first, _line(2, (_view.impact(report), ""))])


def _routes(report: Report, *, wide: bool) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    per_1k = f"{figure.symbol(report.currency).strip()}/1k"
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Route", overflow="fold", min_width=8)
    for name in (f"Base {clean(per_1k)}", f"Head {clean(per_1k)}", "Δ", "Month"):
        table.add_column(name, justify="right", overflow="fold")
    if wide:
        table.add_column("Notes", overflow="fold")
    for route in _view.by_money(report.routes):
        cells = _view.row(route, report.currency)
        style = _STYLES[route.verdict]
        moved = style if route.verdict is not Verdict.PASS else ""
        table.add_row(
            Text(_view.MARKS[route.verdict], style),
            Text(clean(route.name)),
            *(Text(clean(cell)) for cell in (cells.base, cells.head)),
            *(Text(clean(cell), moved) for cell in (cells.delta, cells.month)),
            *([Text(clean("; ".join(cells.notes)), "dim")] if wide else []),
        )
    return table


def _notes(report: Report) -> "Iterator[RenderableType]":
    for route in _view.by_money(report.routes):
        notes = _view.row(route, report.currency).notes
        if notes:
            yield _line(2, (f"{route.name}: ", "bold"), ("; ".join(notes), ""))


def _meters(report: Report) -> "Iterator[RenderableType]":
    for route in _view.by_money(report.routes):
        moved = _view.moved_meters(route)
        if moved and route.verdict is not Verdict.PASS:
            yield _line(2, (route.name, "bold"), (f"  {_view.parts(route, report.currency)}", ""))
            yield from (_line(4, (one.meter, "cyan"), (f"  {_view.movement(route, one, report.currency)}", "")) for one in moved)


def _causes(report: Report) -> "Iterator[RenderableType]":
    for name, pairs in groupby(_view.causes(report), key=lambda pair: pair[0].name):
        yield _line(2, (name, "bold"))
        for route, cause in pairs:
            yield from _cause(route, cause, report.currency)


def _cause(route: RouteResult, cause: Cause, currency: str) -> "Iterator[RenderableType]":
    before, place, after = _view.placed(cause.text, cause.location)
    yield _line(4, (before, ""), (place, "cyan"), (after, ""), (f"  {_view.stake(route, cause, currency)}", "red" if cause.cost else "dim"))
    if cause.code:
        yield _line(6, ("│ ", "dim"), (cause.code, "italic"))
    if cause.advice:
        yield _line(6, ("→ ", "green"), (cause.advice, ""))


def _budgets(report: Report) -> "Iterator[RenderableType]":
    for budget in _view.untold_budgets(report):
        yield _line(2, (f"{_view.MARKS[budget.verdict]} ", _STYLES[budget.verdict]), (budget.text, ""))
        if budget.waived:
            yield _line(6, (_view.waived(budget), "yellow"))


def _findings(report: Report) -> "Iterator[RenderableType]":
    for one in _view.findings(report):
        place = f"  {one.location}" if one.location and str(one.location) not in one.message else ""
        yield _line(2, (f"{one.severity.value}[{one.rule}]: ", f"bold {_LEVELS[one.severity]}"), (one.message, ""), (place, "cyan"))
        more = ((_view.waived(one), "yellow"), (one.why, "dim"), (one.fix and f"→ {one.fix}", ""))
        yield from (_line(6, (text, style)) for text, style in more if text)


def _waivers(report: Report) -> "Iterator[RenderableType]":
    for result in report.waivers:
        yield _line(2, (f"{result.state.value}: ", "yellow"), (_view.standing(result), ""))


def _caveats(report: Report) -> "Iterator[RenderableType]":
    for name, caveat in _doubts.told(report):
        yield _line(2, (f"{caveat.kind}: ", "yellow"), (f"{name}: " if name and name not in caveat.text else "", ""), (caveat.text, ""))


def _section(title: str, lines: "list[RenderableType]") -> "Iterator[RenderableType]":
    from rich.text import Text

    if lines:
        yield ""
        yield Text(title, "bold underline")
        yield from lines


def _line(indent: int, *pieces: tuple[str, str]) -> "RenderableType":
    """Text with styles, `indent` columns in, also where it goes on in the next line."""
    from rich.padding import Padding
    from rich.text import Text

    text = Text(overflow="fold")
    for piece, style in pieces:
        text.append(_kept(piece), style)
    return Padding(text, (0, 0, 0, indent))


def _kept(piece: str) -> str:
    """`piece` cleaned, with the spaces at its ends that keep pieces apart."""
    body = clean(piece)
    if not body:
        return ""
    return " " * (len(piece) - len(piece.lstrip(" "))) + body + " " * (len(piece) - len(piece.rstrip(" ")))


def _stack(lines: "list[RenderableType]") -> "RenderableType":
    from rich.console import Group

    return Group(*lines)
