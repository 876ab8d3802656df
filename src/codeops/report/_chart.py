"""Charts as inline SVG bars between words of HTML: they fit a telephone, print, and are read aloud.

Only the bars are drawn; names and figures stay text, so that nothing is lost where a bar cannot be seen.
"""

from collections.abc import Iterator
from decimal import Decimal
from html import escape

from codeops.core import figure
from codeops.core.report import Change, MeterChange, Report, RouteResult
from codeops.report import _view
from codeops.report._plain import clean

__all__ = ["cost_charts", "month_charts"]

_MOST = 12  # routes in a chart; the table has all of them
_COLOURS = 7  # meters with a colour of their own; the stylesheet has as many, and one for the rest
_WIDTH = 1000  # units of a bar; the page stretches them
_LEAST = Decimal(3)  # units of the shortest bar of something that is not zero
_REST = "other meters"
_WHOLE = "not split by meter"


def cost_charts(report: Report) -> Iterator[str]:
    """What a request of each route costs before and after, stacked by meter, and the same for jobs.

    Each has its own scale: what a cheap route became must be seen beside a dear one.
    """
    priced = [route for route in _view.by_money(report.routes) if any(_sides(route).values())]
    colours = _colours(report)
    for title, is_job in (("Cost per 1,000 requests", False), ("Cost of jobs", True)):
        routes = [route for route in priced if (route.kind == "job") is is_job]
        if routes:
            bars = [_pair(route, colours, report.currency) for route in routes[:_MOST]]
            unit = figure.symbol(report.currency).strip()
            yield _chart(f"{title} ({unit}), each to its own scale", bars, len(routes) - _MOST, _legend(routes[:_MOST], colours))


def month_charts(report: Report) -> Iterator[str]:
    """What the change costs a month, by route and by meter: savings to the left, increases to the right."""
    unit = figure.symbol(report.currency).strip()
    routes = [(route.name, delta, _view.row(route, report.currency).month) for route in report.routes if (delta := route.monthly_delta)]
    meters = [(name, delta, _view.month(delta, report.currency)) for name, delta in _by_meter(report).items() if delta]
    for title, moved in ((f"Change a month, by route ({unit})", routes), (f"Change a month, by meter ({unit})", meters)):
        if moved:
            ordered = sorted(moved, key=lambda one: -abs(one[1]))
            yield _chart(title, _diverging(ordered[:_MOST]), len(ordered) - _MOST, "")


def _by_meter(report: Report) -> dict[str, Decimal]:
    """What more or less of each meter costs a month, over the routes that have traffic."""
    totals: dict[str, Decimal] = {}
    for route in report.routes:
        for change in route.meters:
            money = (change.quantity_effect or Decimal(0)) * (route.requests_per_month or 0)
            totals[change.meter] = totals.get(change.meter, Decimal(0)) + money
    return totals


def _diverging(moved: list[tuple[str, Decimal, str]]) -> list[str]:
    down = max((-delta for _, delta, _ in moved if delta < 0), default=Decimal(0))
    up = max((delta for _, delta, _ in moved if delta > 0), default=Decimal(0))
    scale = _WIDTH / (down + up)
    bars = []
    for name, delta, text in moved:
        length = max(abs(delta) * scale, _LEAST)
        start = max(down * scale - (length if delta < 0 else 0), Decimal(0))
        kind = "saved" if delta < 0 else "added"
        rect = f'<rect class="{kind}" x="{_unit(start)}" y="0" width="{_unit(length)}" height="10"/>'
        zero = f'<line class="zero" x1="{_unit(down * scale)}" x2="{_unit(down * scale)}" y1="0" y2="10"/>' if down else ""
        bars.append(_named(name, _bar(f"{clean(name)}: {clean(text)} a month", rect + zero, clean(text), kind)))
    return bars


def _chart(title: str, bars: list[str], left: int, legend: str) -> str:
    more = f'<p class="quiet">… and {left} more.</p>' if left > 0 else ""
    heading = f"<figcaption><h2>{escape(clean(title))}</h2></figcaption>"
    return f'<figure class="card">{heading}{legend}<ul class="chart">{"".join(bars)}</ul>{more}</figure>'


def _pair(route: RouteResult, colours: dict[str, int], currency: str) -> str:
    cells = _view.row(route, currency)
    most = max(_sides(route).values())
    bars = []
    for side, value in _sides(route).items():
        text = clean(cells.base if side == "Baseline" else cells.head)
        stack = _stack(route, side, most, colours, currency)
        label = f"{clean(route.name)}, {side.lower()}: {text}"
        bars.append(f'<span class="side">{side}</span>{_bar(label, stack, text, "" if value else "none")}')
    return _named(route.name, "".join(bars))


def _stack(route: RouteResult, side: str, most: Decimal, colours: dict[str, int], currency: str) -> str:
    """The parts of one bar; what the meters do not explain is a part of its own."""
    whole = (route.base_cost if side == "Baseline" else route.head_cost) or Decimal(0)
    parts: dict[str, Decimal] = {}
    for change in route.meters:
        name = change.meter if change.meter in colours else _REST
        parts[name] = parts.get(name, Decimal(0)) + (_cost(change, side) or Decimal(0))
    parts[_WHOLE] = max(whole - sum(parts.values()), Decimal(0))
    x, rects = Decimal(0), []
    for name, value in sorted(parts.items(), key=lambda part: colours.get(part[0], len(colours) + (part[0] == _WHOLE))):
        if value:
            width = max(_view.shown(route, value) * _WIDTH / most, _LEAST)
            title = escape(f"{clean(name)}: {clean(_view.money(route, value, currency))}")
            place = f'class="{_class(name, colours)}" x="{_unit(x)}" y="0" width="{_unit(width)}" height="10"'
            rects.append(f"<rect {place}><title>{title}</title></rect>")
            x += width
    return "".join(rects)


def _bar(label: str, shapes: str, text: str, kind: str) -> str:
    svg = f'<svg class="bar" viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">{shapes}</svg>'
    return f'{svg}<span class="figure {kind}">{escape(text)}</span>'


def _named(name: str, bars: str) -> str:
    return f'<li><span class="name">{escape(clean(name))}</span>{bars}</li>'


def _legend(routes: list[RouteResult], colours: dict[str, int]) -> str:
    used = {change.meter for route in routes for change in route.meters if change.base_cost or change.head_cost}
    names = [name for name in colours if name in used]
    names += [_REST] if used - set(colours) else []
    names += [_WHOLE] if any(not route.meters for route in routes) else []
    items = "".join(f"<li>{_key(_class(name, colours))}{escape(clean(name))}</li>" for name in names)
    return f'<ul class="legend" aria-label="Meters">{items}</ul>' if items else ""


def _key(colour: str) -> str:
    return f'<svg class="key" viewBox="0 0 10 10" aria-hidden="true"><rect class="{colour}" width="10" height="10" rx="2"/></svg>'


def _colours(report: Report) -> dict[str, int]:
    """The meters that cost most, each with the number of its colour, in the order of their names so that they stay."""
    totals: dict[str, Decimal] = {}
    for route in report.routes:
        for change in route.meters:
            totals[change.meter] = (
                totals.get(change.meter, Decimal(0)) + (change.base_cost or Decimal(0)) + (change.head_cost or Decimal(0))
            )
    largest = sorted(totals, key=lambda name: (-totals[name], name))[:_COLOURS]
    return {name: number for number, name in enumerate(sorted(largest))}


def _class(name: str, colours: dict[str, int]) -> str:
    return f"m{colours[name]}" if name in colours else "whole" if name == _WHOLE else "rest"


def _sides(route: RouteResult) -> dict[str, Decimal]:
    """What the bars of `route` show, by the name of the side; a side that does not exist has none."""
    sides = {
        "Baseline": None if route.change is Change.NEW else route.base_cost,
        "Current": None if route.change is Change.GONE else route.head_cost,
    }
    return {side: _view.shown(route, value) for side, value in sides.items() if value is not None}


def _cost(change: MeterChange, side: str) -> Decimal | None:
    return change.base_cost if side == "Baseline" else change.head_cost


def _unit(value: Decimal) -> str:
    return f"{value:.1f}"
