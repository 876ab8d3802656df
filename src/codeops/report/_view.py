"""How the parts of a report read, alike in every format: order, figures, changes, notes, commits.

Everything here is plain text, not escaped for any format. What does not exist is a dash, what is not known is said
in words; no figure stands for either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from codeops.core import figure
from codeops.core.finding import Finding
from codeops.core.location import Location
from codeops.core.report import BudgetResult, Cause, Change, MeterChange, Report, RouteResult, Side, Verdict
from codeops.core.snapshot import PriceBookRef
from codeops.core.waiver import WaiverResult

__all__ = [
    "ABSENT",
    "MARKS",
    "NOT_KNOWN",
    "UNPRICED",
    "Row",
    "budgets",
    "by_money",
    "causes",
    "facts",
    "findings",
    "headline",
    "impact",
    "impact_money",
    "money",
    "month",
    "moved_meters",
    "movement",
    "parts",
    "per",
    "placed",
    "row",
    "shown",
    "stake",
    "standing",
    "unpriced",
    "untold_budgets",
    "waived",
]

ABSENT = "—"
"""What does not exist on one side: the baseline of a new route."""

NOT_KNOWN = "not known"
"""What exists but was not measured, priced or configured."""

UNPRICED = "not priced"
"""What was measured, but has no price at all."""

MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "~"}
"""The sign of each verdict where a word would be too long; formats explain it once."""

_CHANGES = {Change.NEW: "new", Change.GONE: "gone", Change.ZERO_BASE: "from zero"}
_SHA_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One route as a row of a table, each cell as people read it."""

    route: RouteResult
    base: str
    head: str
    delta: str
    month: str
    notes: tuple[str, ...]


def row(route: RouteResult, currency: str) -> Row:
    """The cells of `route`."""
    return Row(
        route=route,
        base=ABSENT if route.change is Change.NEW else _cost(route, route.base_cost, currency),
        head=ABSENT if route.change is Change.GONE else _cost(route, route.head_cost, currency),
        delta=_delta(route),
        month=_month(route, currency),
        notes=_notes(route),
    )


def by_money(routes: Iterable[RouteResult]) -> list[RouteResult]:
    """Routes by the money that their change moves a month, then those without traffic by the change of a request."""

    def size(route: RouteResult) -> tuple[bool, Decimal, Decimal]:
        monthly = route.monthly_delta
        once = (route.head_cost or Decimal(0)) - (route.base_cost or Decimal(0)) if route.delta is None else route.delta
        return (monthly is None, -abs(monthly or Decimal(0)), -abs(once))

    return sorted(routes, key=size)


def month(value: Decimal | None, currency: str) -> str:
    """Money a month with its sign, or that it is not known."""
    return NOT_KNOWN if value is None else figure.money(value, currency, signed=bool(value))


def headline(report: Report) -> str:
    """The verdict in one line, without the verdict's own word."""
    return report.summary.removeprefix(f"{report.verdict.value}: ") or "no summary"


def impact(report: Report) -> str:
    """What the change costs a month, over how many of the routes, on one line."""
    known, lacking = _with_traffic(report), _left_out(report)
    money = impact_money(report)
    apart = _apart(report)
    if money == NOT_KNOWN:
        why = "no traffic is configured" if not known else _meters(lacking) if lacking else ""
        return f"monthly impact not known: {why}" if why else f"monthly impact not known{apart}"
    text = f"{money} a month at current traffic"
    if len(known) < len(report.routes):
        text += f" ({len(known)} of {figure.count_noun(Decimal(len(report.routes)), 'route')}; the traffic of the others is not known)"
    return f"{text}, not counting {_meters(lacking)}{apart}" if lacking else f"{text}{apart}"


def _apart(report: Report) -> str:
    """What prices and traffic change a month beside usage; empty where they do not."""
    effects = (("prices", report.monthly_price_effect), ("traffic", report.monthly_traffic_effect))
    parts = [f"{figure.money(value, report.currency, signed=True)} by {name}" for name, value in effects if value]
    return f"; apart from that {' and '.join(parts)} a month" if parts else ""


def impact_money(report: Report) -> str:
    """What the change costs a month, by itself; of a first run, what everything costs."""
    if report.monthly_delta is None or (not report.monthly_delta and _left_out(report)):
        return NOT_KNOWN
    return figure.money(report.monthly_delta, report.currency) if report.base is None else month(report.monthly_delta, report.currency)


def unpriced(route: RouteResult) -> tuple[str, ...]:
    """The meters of `route` that its figures leave out because they have no price."""
    named = {caveat.about for caveat in route.caveats if caveat.kind == "unpriced"}
    return tuple(sorted(named | {one.meter for one in route.meters if _has_no_price(one)}))


def causes(report: Report) -> list[tuple[RouteResult, Cause]]:
    """Each cause with its route, routes by money."""
    return [(route, cause) for route in by_money(report.routes) for cause in route.causes]


def findings(report: Report) -> list[Finding]:
    """The findings that no cause tells already: same place, same meter, same route."""
    told = {(route.name, cause.meter, cause.location) for route, cause in causes(report) if cause.location}
    return [one for one in report.findings if (one.route, one.meter, one.location) not in told]


def moved_meters(route: RouteResult) -> list[MeterChange]:
    """The meters of `route` whose amount or price differs between the sides, the dearest change first."""

    def size(change: MeterChange) -> Decimal:
        return -abs(change.quantity_effect or change.price_effect or Decimal(0))

    return sorted((one for one in route.meters if one.base != one.head or one.price_effect), key=size)


def movement(route: RouteResult, change: MeterChange, currency: str) -> str:
    """How a meter of `route` moved, in its unit and in the money of the table, price apart from quantity."""
    text = f"{_usage(change.base, change.unit)} → {_usage(change.head, change.unit)}"
    text += "" if change.exact or not change.error else f" ± {figure.amount(change.error, change.unit)}"
    effects = (("for usage", change.quantity_effect), ("for price", change.price_effect))
    parts = [f"{money(route, value, currency, signed=True)}{_per_1k(route)} {why}" for why, value in effects if value]
    if change.quantity_effect is None:
        parts = [UNPRICED if _has_no_price(change) else "not compared", *parts]
    return ", ".join([text, *(parts or ["no effect on cost"])])


def parts(route: RouteResult, currency: str) -> str:
    """What the whole difference of a route is made of; empty where its parts are not known."""
    named = (("usage", route.quantity_effect), ("prices", route.price_effect), ("not compared", route.residual))
    return ", ".join(f"{name} {money(route, value, currency, signed=True)}{_per_1k(route)}" for name, value in named if value)


def stake(route: RouteResult, cause: Cause, currency: str) -> str:
    """What a cause costs: a month, or else per request as the table has it; empty where neither is known."""
    if cause.monthly is not None:
        return f"{month(cause.monthly, currency)} a month"
    return "" if cause.cost is None else f"{money(route, cause.cost, currency, signed=True)}{_per_1k(route)}"


def placed(text: str, location: Location | None, lead: str = " at ") -> tuple[str, str, str]:
    """`text` around the place it names: before, the place, after; after `lead` the place is added where it is not named."""
    place = str(location) if location else ""
    before, found, after = text.partition(place) if place else (text, "", "")
    return (before, found, after) if found or not place else (f"{text}{lead}", place, "")


def facts(report: Report) -> list[tuple[str, str]]:
    """What the figures rest on: both commits, the price book, the machine, the version of CodeOps."""
    own = report.base.pricebook if report.base else None
    before = f"; the base's own is {_book(own)}" if own and own.digest != report.pricebook.digest else ""
    pairs = [
        ("Baseline", _commit(report.base) if report.base else "none: nothing is compared"),
        ("Current", _commit(report.head)),
        ("Price book", f"{_book(report.pricebook)}{before}"),
    ]
    machine = report.head.environment
    if machine and machine.cpu_model:
        pairs.append(("Measured on", f"{machine.cpu_model}, {figure.count_noun(Decimal(machine.cpus), 'CPU')}, Python {machine.python}"))
    if report.codeops:
        pairs.append(("CodeOps", report.codeops))
    return pairs


def per(route: RouteResult) -> str:
    """What a figure of `route` is per, where the heading does not say it: a job's unit, or one call of a job."""
    if route.kind != "job":
        return ""
    return f" / {route.unit}" if route.units and route.unit else " / call"


def shown(route: RouteResult, value: Decimal) -> Decimal:
    """Money per request as the table shows it: per 1,000 requests, per unit or per call of a job."""
    if route.kind != "job":
        return value * 1000
    return value / route.units if route.units and route.unit else value


def money(route: RouteResult, value: Decimal, currency: str, *, signed: bool = False) -> str:
    """Money per request as the table of routes writes it."""
    amount = shown(route, value)
    return f"{figure.money(amount, currency, digits=figure.fine(amount), signed=signed)}{per(route)}"


def budgets(report: Report) -> list[BudgetResult]:
    """Budgets, the broken ones first, then the open ones."""
    return sorted(report.budgets, key=lambda budget: (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS).index(budget.verdict))


def untold_budgets(report: Report) -> list[BudgetResult]:
    """The budgets, without those that a finding tells word for word."""
    told = {one.message for one in report.findings}
    return [budget for budget in budgets(report) if budget.text not in told]


def waived(one: BudgetResult | Finding) -> str:
    """Until when, by whom and why it counts for nothing; empty where it counts."""
    return f"waived until {one.waived.until} by {one.waived.owner}: {one.waived.reason}" if one.waived else ""


def standing(result: WaiverResult) -> str:
    """How a waiver stands, and who answers for it with which reason."""
    return f"{result.text} ({result.waiver.owner}: {result.waiver.reason})"


def _cost(route: RouteResult, value: Decimal | None, currency: str) -> str:
    if value is None:
        return NOT_KNOWN
    if route.at_least and not value:
        return UNPRICED
    text = money(route, value, currency)
    return f"at least {text}" if route.at_least else text


def _delta(route: RouteResult) -> str:
    if route.change is not Change.COMPARED:
        return _CHANGES[route.change]
    if route.ratio is None:
        return NOT_KNOWN
    if _is_partial(route):
        return figure.ratio(route.ratio) if route.ratio else NOT_KNOWN
    text = figure.ratio(route.ratio)
    if route.limit is not None and route.ratio != route.limit and text == figure.ratio(route.limit):
        return figure.unlike(route.ratio, route.limit)[0]
    return text


def _month(route: RouteResult, currency: str) -> str:
    value = route.monthly_delta
    return NOT_KNOWN if _is_partial(route) and not value else month(value, currency)


def _is_partial(route: RouteResult) -> bool:
    """Whether a meter without a price may have moved, so that no difference of the figures is the whole difference."""
    same = {one.meter for one in route.meters if one.base == one.head}
    return route.at_least and not (unpriced(route) and same.issuperset(unpriced(route)))


def _notes(route: RouteResult) -> tuple[str, ...]:
    notes = [note for note in route.notes if note != _CHANGES.get(route.change)]
    lacking = unpriced(route)
    if lacking and not any("unpriced" in note for note in notes):
        notes.append(_meters(list(lacking)))
    if _is_partial(route) and route.ratio:
        notes.append("the change is of the priced part only")
    notes += [text for text in _interval(route) if not any(text in note for note in notes)]
    if route.verdict is not Verdict.PASS and route.limit is not None and route.change is Change.COMPARED:
        allowed = figure.ratio(route.limit)
        notes += [] if any(allowed in note for note in notes) else [f"limit {allowed}"]
    return tuple(notes)


def _per_1k(route: RouteResult) -> str:
    return "" if per(route) else " / 1k"


def _with_traffic(report: Report) -> list[RouteResult]:
    return [route for route in report.routes if route.monthly_delta is not None]


def _left_out(report: Report) -> list[str]:
    """The meters without a price that may have moved, in routes whose money a month is counted."""
    return sorted({meter for route in _with_traffic(report) if _is_partial(route) for meter in unpriced(route)})


def _interval(route: RouteResult) -> list[str]:
    """The interval that noise leaves; a side without a bound is not told as a figure."""
    low, high = (None if end is None or not end.is_finite() else figure.ratio(end) for end in (route.ratio_low, route.ratio_high))
    if low and high:
        return [f"between {low} and {high}"] if low != high else []
    return [f"at least {low}"] if low else [f"at most {high}"] if high else []


def _usage(value: Decimal | None, unit: str) -> str:
    return ABSENT if value is None else figure.amount(value, unit)


def _meters(names: list[str]) -> str:
    return f"{figure.count_noun(Decimal(len(names)), 'meter')} unpriced: {', '.join(names)}"


def _has_no_price(change: MeterChange) -> bool:
    return any(amount and cost is None for amount, cost in ((change.base, change.base_cost), (change.head, change.head_cost)))


def _book(book: PriceBookRef) -> str:
    digest = f" ({book.digest[:19]})" if book.digest else ""
    return f"{book.version}{digest}, {book.currency}"


def _commit(side: Side) -> str:
    parts = [side.git_sha[:_SHA_LENGTH] or "commit not known"]
    parts += ["with uncommitted changes"] if side.dirty else []
    parts += [side.label] if side.label else []
    parts += [side.created_at] if side.created_at else []
    return ", ".join(parts)
