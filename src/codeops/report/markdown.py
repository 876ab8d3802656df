"""The report as a reviewer reads it in a pull request: verdict, money by route, causes, what to do; the rest folded.

The flavour is GitHub's. What comes from the code under review (names, paths, code) is shown as text: it cannot link,
mention, embed, break the table or leave its line.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from codeops.core import figure
from codeops.core.cost import Caveat
from codeops.core.finding import Finding
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, MeterChange, Report, RouteResult, Verdict
from codeops.report import _doubts, _view
from codeops.report._plain import clean, clip

__all__ = ["LIMIT", "SUFFIX", "render"]

SUFFIX = ".md"
"""The ending of files in this format."""

LIMIT = 64_000
"""Characters of a page: GitHub refuses comments from 65,536 on, and a comment's key and heading need room too."""

_ICONS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "❔"}
_OPEN_ROWS = 20  # rows of the table of routes that are not folded
_GAP = "\u200b"  # a space of no width: what it stands in is no mention, link, issue or emoji for GitHub

_SPECIAL = re.compile(r"[\\`*\[\]|~<>&]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_Item = TypeVar("_Item")
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_MATH = re.compile(r"\$(?!\d)")
_REFERENCE = re.compile(r"(?<=[@#])(?=[\w])|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=:)(?=[\w+-]+:)|(?<=\bGH)(?=-\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of the details is shown: items of each list, characters of each text."""

    items: int
    characters: int

    def some(self, items: Sequence[_Item], line: Callable[[_Item], str], noun: str) -> list[str]:
        """A line for each of the first `items`, and one on how many more there are."""
        return [f"- {text}" for text in (*map(line, items[: self.items]), *_rest(len(items) - self.items, noun))]

    def text(self, value: str) -> str:
        """`value` as text that is only text."""
        return _text(self._cut(value))

    def code(self, value: str) -> str:
        """`value` as code."""
        return _code(self._cut(value))

    def _cut(self, value: str) -> str:
        return clip(clean(clip(value, 4 * self.characters)), self.characters)  # the first cut spares work on endless text


_HEAD = _Room(1, 600)
_ROOMS = (_Room(500, 400), _Room(200, 200), _Room(60, 160), _Room(20, 120), _Room(8, 80), _Room(0, 80))


def render(report: Report) -> str:
    """The report as Markdown of at most `LIMIT` characters; details are left out first, the verdict never."""
    pages = (_page(report, room) for room in _ROOMS)
    return next((page for page in pages if len(page) <= LIMIT), _page(report, _ROOMS[-1]))


def _page(report: Report, room: _Room) -> str:
    blocks = [
        f"### {_ICONS[report.verdict]} CodeOps: {report.verdict.value} · {_HEAD.text(_view.headline(report))}",
        f"**{_HEAD.text(_sentence(_view.impact(report)))}**",
        *_routes(report, room),
        *_list("Causes, and what helps", _causes(report, room)),
        *_list("Findings", _findings(report, room)),
        *_list("Budgets", _budgets(report, room, kept=False)),
        *_list("Waivers", _waivers(report, room)),
        *_folded("What changed, by meter", _meters(report, room)),
        *_folded("Budgets kept", _budgets(report, room, kept=True)),
        *_folded("Caveats", _caveats(report, room)),
        "<sub>" + " · ".join(f"{name} {room.code(value)}" for name, value in _view.facts(report)) + "</sub>",
    ]
    return "\n\n".join(blocks) + "\n"


def _routes(report: Report, room: _Room) -> list[str]:
    """The table: what is not passed and what moves most money first, the many others folded."""
    routes = _view.by_money(report.routes)
    matter = {route.name for route in routes[:_OPEN_ROWS]} | {route.name for route in routes if route.verdict is not Verdict.PASS}
    first = [route for route in routes if route.name in matter]
    rest = [route for route in routes if route.name not in matter]
    blocks = ["\n".join(_table(first, report.currency, room))] if first else []
    if rest:
        title = f"{figure.count_noun(Decimal(len(rest)), 'more route')} within budget"
        blocks += _folded(title, _table(rest, report.currency, room))
    return blocks


def _table(routes: Sequence[RouteResult], currency: str, room: _Room) -> list[str]:
    symbol = figure.symbol(currency)
    per = f"{symbol if symbol == '$' else room.text(symbol)}/1k"
    kept = {id(route) for route in sorted(routes, key=lambda route: route.verdict is Verdict.PASS)[: room.items]}
    rows = [_row(route, currency, room) for route in routes if id(route) in kept]
    more = [f"| {line} |  |  |  |  |" for line in _rest(len(routes) - len(rows), "route")]
    return [f"| Route | Baseline ({per}) | Current ({per}) | Δ | Notes |", "|---|--:|--:|--:|---|", *rows, *more]


def _row(route: RouteResult, currency: str, room: _Room) -> str:
    cells = _view.row(route, currency)
    month = [] if cells.month == _view.NOT_KNOWN else [f"{cells.month} a month"]
    notes = "; ".join([*month, *cells.notes])
    name = room.code(route.name).replace("\\|", "\\\\|").replace("|", "\\|")
    figures = " | ".join(room.text(cell) for cell in (cells.base, cells.head, cells.delta))
    return f"| {_ICONS[route.verdict]} {name} | {figures} | {room.text(notes)} |"


def _causes(report: Report, room: _Room) -> list[str]:
    return room.some(_view.causes(report), lambda pair: _cause(*pair, report.currency, room), "cause")


def _cause(route: RouteResult, cause: Cause, currency: str, room: _Room) -> str:
    first = f"{room.code(route.name)}: {_placed(cause.text, cause.location, room)}{_stake(_view.stake(route, cause, currency), room)}"
    code = room.code(cause.code) if cause.code.strip() else ""
    return _lines(first, code, _marked("→ ", cause.advice, room))


def _findings(report: Report, room: _Room) -> list[str]:
    def line(one: Finding) -> str:
        month = "" if one.monthly is None else f"{_view.month(one.monthly, report.currency)} a month"
        first = f"{one.severity.value} {room.code(one.rule)}: {_placed(one.message, one.location, room, ' · ')}{_stake(month, room)}"
        return _lines(first, _marked("", _view.waived(one), room), _marked("why: ", one.why, room), _marked("→ ", one.fix, room))

    return room.some(_view.findings(report), line, "finding")


def _budgets(report: Report, room: _Room, *, kept: bool) -> list[str]:
    def line(budget: BudgetResult) -> str:
        return _lines(f"{_ICONS[budget.verdict]} {room.text(budget.text)}", _marked("", _view.waived(budget), room))

    return room.some([one for one in _view.untold_budgets(report) if (one.verdict is Verdict.PASS) is kept], line, "budget")


def _waivers(report: Report, room: _Room) -> list[str]:
    return room.some(report.waivers, lambda result: f"{room.code(result.state.value)}: {room.text(_view.standing(result))}", "waiver")


def _meters(report: Report, room: _Room) -> list[str]:
    """By route what its change is made of, and how each of its meters moved."""
    rows: list[tuple[RouteResult, MeterChange | None]] = []
    for route in _view.by_money(report.routes):
        rows += [(route, None)] if _view.parts(route, report.currency) else []
        rows += [(route, change) for change in _view.moved_meters(route)]

    def line(row: tuple[RouteResult, MeterChange | None]) -> str:
        route, change = row
        if change is None:
            return f"{room.code(route.name)}: {room.text(_view.parts(route, report.currency))}"
        return f"{room.code(route.name)}, {room.code(change.meter)}: {room.text(_view.movement(route, change, report.currency))}"

    return room.some(rows, line, "line")


def _caveats(report: Report, room: _Room) -> list[str]:
    def line(pair: tuple[str, Caveat]) -> str:
        route, caveat = pair
        return f"{room.code(caveat.kind)}{f' {room.code(route)}' if route else ''}: {room.text(caveat.text)}"

    return room.some(_doubts.told(report), line, "caveat")


def _stake(money: str, room: _Room) -> str:
    return f" — **{room.text(money)}**" if money else ""


def _marked(mark: str, text: str, room: _Room) -> str:
    return f"{mark}{room.text(text)}" if text.strip() else ""


def _lines(*parts: str) -> str:
    return "<br>\n  ".join(part for part in parts if part)


def _rest(left: int, noun: str) -> list[str]:
    """The line that says that `left` are not shown, if any."""
    return [f"… and {figure.count_noun(Decimal(left), f'more {noun}')}; the JSON report has all of them"] if left > 0 else []


def _list(title: str, lines: list[str]) -> list[str]:
    return ["\n".join([f"**{title}**", "", *lines])] if lines else []


def _folded(title: str, lines: list[str]) -> list[str]:
    return ["\n".join([f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])] if lines else []


def _placed(text: str, location: Location | None, room: _Room, lead: str = " at ") -> str:
    """Text with its place as code, so that a line number is not taken for an emoji."""
    before, place, after = _view.placed(text, location, lead)
    if not place:
        return room.text(before)
    return f"{room.text(before)}{' ' * before.endswith(' ')}{room.code(place)}{' ' * after.startswith(' ')}{room.text(after)}"


def _text(value: str) -> str:
    """Clean text with everything escaped that Markdown or GitHub would read as more than text; never first on a line."""
    out = _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), _REFERENCE.sub(_GAP, value))
    return _MATH.sub("&#36;", _UNDERSCORE.sub(r"\\_", out)).replace(_GAP, "&#8203;")


def _code(value: str) -> str:
    """Clean text as a code span, in which nothing is read as markup."""
    if not value:
        return "(empty)"
    value = value.replace("<!--", f"<!{_GAP}--")  # a comment's hidden key must not be found in here
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", value)), default=0))
    space = " " if value.startswith("`") or value.endswith("`") else ""
    return f"{fence}{space}{value}{space}{fence}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
