"""The report as one page that needs nothing else: charts, a table to sort and filter, causes with code, all escaped.

The page asks for nothing from any network: its policy (CSP) allows its own style and script, by digest, and no more.
It can be read without JavaScript, on a telephone, in the dark, on paper and by ear.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from html import escape
from importlib.resources import files

from codeops.core import figure
from codeops.core.finding import Finding
from codeops.core.report import BudgetResult, Cause, MeterChange, Report, RouteResult, Verdict
from codeops.report import _doubts, _view
from codeops.report._chart import cost_charts, month_charts
from codeops.report._plain import clean, clip

__all__ = ["SUFFIX", "render"]

SUFFIX = ".html"
"""The ending of files in this format."""

_COLUMNS = (
    ("Verdict", "text"),
    ("Route", "text"),
    ("Baseline", "number"),
    ("Current", "number"),
    ("Δ", "number"),
    ("Change a month", "number"),
)


def render(report: Report) -> str:
    """The report as one HTML page."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    title = clip(clean(f"{report.verdict.value}: {_view.headline(report)}"), 120)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f'<link rel="icon" href="data:,">\n<title>CodeOps · {escape(title)}</title>\n<style>{style}</style>\n</head>\n'
        f'<body class="{report.verdict.value}">\n{_body(report)}\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _body(report: Report) -> str:
    charts = [*cost_charts(report), *month_charts(report)]
    sections = (
        _tiles(report),
        f'<div class="charts">{"".join(charts)}</div>' if charts else "",
        _section("Causes, and what helps", "causes", (_cause(route, cause, report.currency) for route, cause in _view.causes(report))),
        _table(report),
        _section("Findings", "findings", _findings(report)),
        _section("Budgets", "budgets", _budgets(report)),
        _section("Waivers", "waivers", _waivers(report)),
        _section("What changed, by meter", "meters", (_meters(route, report.currency) for route in _view.by_money(report.routes))),
        _section("Caveats", "caveats", _caveats(report)),
    )
    return f"{_header(report)}\n<main>\n" + "\n".join(section for section in sections if section) + f"\n</main>\n{_footer(report)}"


def _header(report: Report) -> str:
    word = report.verdict.value
    return (
        '<header class="top"><div class="inner"><p class="brand">CodeOps<span> cost report</span></p>'
        f'<h1><span class="badge {word}">{_view.MARKS[report.verdict]} {word}</span> {_h(_view.headline(report))}</h1>'
        f'<p class="impact">{_h(_sentence(_view.impact(report)))}</p></div></header>'
    )


def _tiles(report: Report) -> str:
    routes = report.routes
    counts = ((verdict.value, sum(route.verdict is verdict for route in routes)) for verdict in Verdict)
    lacking = sorted({meter for route in routes for meter in _view.unpriced(route)})
    steepest = _steepest(report)
    tiles = (
        ("Change a month", _view.impact_money(report), "at current traffic"),
        ("Routes and jobs", str(len(routes)), ", ".join(f"{count} {word}" for word, count in counts if count) or "none measured"),
        ("Largest change", *(steepest or (_view.NOT_KNOWN, "nothing to compare with"))),
        ("Prices", f"{len(lacking)} missing" if lacking else "complete", ", ".join(lacking) or f"price book {report.pricebook.version}"),
    )
    items = (
        f'<div class="tile card"><dt>{_h(name)}</dt><dd><b>{_h(value)}</b><span>{_h(note)}</span></dd></div>' for name, value, note in tiles
    )
    return f'<dl class="tiles">{"".join(items)}</dl>'


def _steepest(report: Report) -> tuple[str, str] | None:
    """The largest change of a route's cost that is known, and the route."""
    rows = (_view.row(route, report.currency) for route in report.routes if route.ratio is not None)
    known = [row for row in rows if row.delta != _view.NOT_KNOWN]
    largest = max(known, key=lambda row: abs(row.route.ratio or Decimal(0)), default=None)
    return (largest.delta, largest.route.name) if largest else None


def _table(report: Report) -> str:
    if not report.routes:
        return ""
    per = f"{figure.symbol(report.currency).strip()}/1k"
    names = {"Baseline": f"Baseline ({per})", "Current": f"Current ({per})"}
    heads = "".join(f'<th scope="col" data-kind="{kind}" class="{kind}">{_h(names.get(name, name))}</th>' for name, kind in _COLUMNS)
    rows = "".join(_row(route, report.currency) for route in _view.by_money(report.routes))
    return (
        '<section class="card" id="routes"><h2>Routes and jobs</h2><div class="scroll"><table class="routes">'
        '<caption class="quiet">By the money that the change moves a month.</caption>'
        f'<thead><tr>{heads}<th scope="col">Notes</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _row(route: RouteResult, currency: str) -> str:
    cells = _view.row(route, currency)
    costs = (None if cost is None else _view.shown(route, cost) for cost in (route.base_cost, route.head_cost))
    values = zip(_COLUMNS[2:], (cells.base, cells.head, cells.delta, cells.month), (*costs, route.ratio, route.monthly_delta), strict=True)
    numbers = "".join(f'<td class="number" data-label="{_h(name)}"{_sortable(value)}>{_h(text)}</td>' for (name, _), text, value in values)
    return (
        f'<tr class="{route.verdict.value}" data-verdict="{route.verdict.value}">'
        f'<td data-label="Verdict"><span class="badge {route.verdict.value}">{_view.MARKS[route.verdict]} {route.verdict.value}</span></td>'
        f'<th scope="row" data-label="Route"><code>{_h(route.name)}</code></th>{numbers}'
        f'<td class="notes" data-label="Notes">{_h("; ".join(cells.notes))}</td></tr>'
    )


def _cause(route: RouteResult, cause: Cause, currency: str) -> str:
    before, place, after = _view.placed(cause.text, cause.location)
    stake = _view.stake(route, cause, currency)
    line = f'<span class="line" aria-hidden="true">{cause.location.line}</span>' if cause.location and cause.location.line > 0 else ""
    return (
        f'<article class="cause"><header><h3>{_h(before)} <code>{_h(place)}</code>{_h(after)}</h3>'
        + (f'<p class="{"stake" if cause.cost else "quiet"}">{_h(stake)}</p>' if stake else "")
        + f'</header><p class="quiet">in <code>{_h(route.name)}</code>, meter <code>{_h(cause.meter)}</code></p>'
        + (f'<pre tabindex="0"><code>{line}{_h(cause.code)}</code></pre>' if cause.code.strip() else "")
        + (f'<p class="advice"><b>What helps:</b> {_h(cause.advice)}</p>' if cause.advice.strip() else "")
        + "</article>"
    )


def _budgets(report: Report) -> Iterator[str]:
    for budget in _view.untold_budgets(report):
        word = budget.verdict.value
        yield f'<li><span class="badge {word}">{_view.MARKS[budget.verdict]} {word}</span> {_h(budget.text)}{_waived(budget)}</li>'


def _waivers(report: Report) -> Iterator[str]:
    for result in report.waivers:
        yield f'<li><span class="badge kind">{result.state.value}</span> {_h(_view.standing(result))}</li>'


def _waived(one: BudgetResult | Finding) -> str:
    return f'<p class="quiet">{_h(_view.waived(one))}</p>' if one.waived else ""


def _findings(report: Report) -> Iterator[str]:
    for one in _view.findings(report):
        place = f" <code>{_h(str(one.location))}</code>" if one.location else ""
        month = f' <span class="stake">{_h(_view.month(one.monthly, report.currency))} a month</span>' if one.monthly is not None else ""
        why = f'<p class="quiet">{_h(one.why)}</p>' if one.why else ""
        fix = f'<p class="advice"><b>What helps:</b> {_h(one.fix)}</p>' if one.fix else ""
        head = f'<span class="badge {one.severity.value}">{one.severity.value}</span> {_h(one.message)}{place}{month}'
        yield f'<li><p>{head}</p>{_waived(one)}{why}{fix}<p class="quiet">rule <code>{_h(one.rule)}</code></p></li>'


def _meters(route: RouteResult, currency: str) -> str:
    moved = _view.moved_meters(route)
    if not moved:
        return ""
    parts = _view.parts(route, currency)
    whole = f'<p class="quiet">{_h(_sentence(parts))}</p>' if parts else ""
    is_open = "" if route.verdict is Verdict.PASS else " open"
    items = "".join(_meter(route, change, currency) for change in moved)
    return f"<details{is_open}><summary><code>{_h(route.name)}</code></summary>{whole}<ul>{items}</ul></details>"


def _meter(route: RouteResult, change: MeterChange, currency: str) -> str:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(change.labels.items()))
    small = f' <span class="quiet">{_h(labels)}</span>' if labels else ""
    return f"<li><code>{_h(change.meter)}</code>{small}<br>{_h(_view.movement(route, change, currency))}</li>"


def _caveats(report: Report) -> Iterator[str]:
    for name, caveat in _doubts.told(report):
        about = f" <code>{_h(name)}</code>" if name else ""
        yield f'<li><span class="badge kind">{_h(caveat.kind)}</span>{about} {_h(caveat.text)}</li>'


def _footer(report: Report) -> str:
    items = "".join(f"<div><dt>{_h(name)}</dt><dd>{_h(value)}</dd></div>" for name, value in _view.facts(report))
    return f'<footer><div class="inner"><dl>{items}</dl></div></footer>'


def _section(title: str, name: str, items: Iterable[str]) -> str:
    """A section with its heading; nothing where it would be empty."""
    inside = "".join(items)
    listed = f"<ul>{inside}</ul>" if inside.startswith("<li>") else inside
    return f'<section class="card {name}" id="{name}"><h2>{title}</h2>{listed}</section>' if inside else ""


def _sortable(value: Decimal | None) -> str:
    return "" if value is None else f' data-value="{float(value)!r}"'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _h(text: str) -> str:
    return escape(clean(text))


def _asset(name: str) -> str:
    return files("codeops.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
