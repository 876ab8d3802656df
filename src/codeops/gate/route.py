"""The result of one route: costs, change, budgets and causes, put together for people and machines."""

from decimal import Decimal

from codeops.core import figure
from codeops.core.report import BudgetResult, Change, MeterChange, RouteResult, Verdict, worst
from codeops.gate import wording
from codeops.gate.absolute import level_budgets
from codeops.gate.case import Case
from codeops.gate.causes import causes_of
from codeops.gate.growth import caused, is_compared
from codeops.gate.level import LEVEL_ERROR
from codeops.gate.lines import Line, Nature, trimmed
from codeops.gate.standing import Standing
from codeops.gate.subject import Subject
from codeops.gate.welch import standard_error

__all__ = ["budgets_of", "result_of"]

_NOTICEABLE = Decimal("0.01")  # of the base cost: what is left out or what prices did is told from here on


def budgets_of(subject: Subject, standing: Standing, case: Case) -> list[BudgetResult]:
    """How the route stands against each of its own budgets."""
    relative = [_regression(subject, standing, case)] if subject.change is Change.COMPARED else []
    return relative + level_budgets(subject, case)


def result_of(subject: Subject, standing: Standing, budgets: list[BudgetResult], case: Case) -> RouteResult:
    """The route as every format shows it."""
    requests = case.traffic.get(subject.name)
    meters = tuple(_meter_change(line, standing, compared=is_compared(line, subject, case)) for line in subject.lines)
    quantity, price, residual = _parts(subject, meters)
    ratio = standing.ratio
    is_compared_route = subject.change is Change.COMPARED
    has_causes = is_compared_route and subject.base is not None
    traffic = _traffic_effect(subject, price, case)
    return RouteResult(
        name=subject.name,
        kind=subject.measured.kind,
        change=subject.change,
        verdict=worst([budget.verdict for budget in budgets]),
        base_cost=subject.base_cost,
        head_cost=subject.head_cost,
        delta=trimmed(standing.delta.mid) if standing.delta else None,
        ratio=ratio.mid if ratio else None,
        ratio_low=ratio.low if ratio and ratio.low.is_finite() else None,
        ratio_high=ratio.high if ratio and ratio.high.is_finite() else None,
        limit=case.limit(subject.name) if is_compared_route else None,
        quantity_effect=quantity,
        price_effect=price,
        residual=residual,
        at_least=subject.at_least,
        unit=subject.measured.unit,
        units=subject.measured.units,
        samples=subject.measured.samples,
        requests_per_month=requests,
        monthly_base=_monthly(subject.base_cost, requests),
        monthly_head=_monthly(subject.head_cost, requests),
        meters=tuple(sorted(meters, key=_stake)),
        base_requests_per_month=case.base_requests(subject.name),
        traffic_effect=traffic,
        causes=causes_of([line for line in subject.lines if caused(line, subject, standing, case)], requests) if has_causes else (),
        notes=tuple(_notes(subject, standing, (price, traffic), case)),
        caveats=subject.caveats,
    )


def _regression(subject: Subject, standing: Standing, case: Case) -> BudgetResult:
    """How the change of the route stands against its relative limit."""
    limit, ratio = case.limit(subject.name), standing.ratio
    if standing.doubt:
        text = f"{subject.name} is not compared: {standing.doubt}"
    elif ratio is None:
        text = f"{subject.name} has no cost to compare"
    elif standing.verdict is Verdict.INCONCLUSIVE and ratio.low != ratio.high:
        text = f"{subject.name} changed {wording.between(ratio)} (limit {figure.ratio(limit)})"
    else:
        costs, allowed = wording.against(ratio.mid, limit)
        text = f"{subject.name} costs {costs if ratio.mid else 'the same'} (limit {allowed})"
    need = f"; it takes {standing.need}" if standing.need else ""
    return BudgetResult(
        kind="regression",
        route=subject.name,
        verdict=standing.verdict,
        limit=limit,
        value=ratio.mid if ratio else None,
        text=text + need,
    )


def _meter_change(line: Line, standing: Standing, *, compared: bool) -> MeterChange:
    return MeterChange(
        meter=line.meter,
        unit=line.unit,
        base=line.base.mean if line.base else None,
        head=line.head.mean if line.head else None,
        base_cost=line.base_cost,
        head_cost=line.head_cost,
        quantity_effect=_tidy(line.quantity_effect) if compared else None,
        price_effect=_tidy(line.price_effect),
        exact=line.nature is Nature.COUNT,
        error=_error(line, standing),
        labels=line.labels,
    )


def _tidy(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else trimmed(amount)


def _error(line: Line, standing: Standing) -> Decimal:
    """The standard error of head - base: that of the pairs, or of the samples, and then for a level also of its drift between runs."""
    if line.nature is Nature.COUNT:
        return Decimal(0)
    if line.meter in standing.errors and line.base:
        return trimmed((line.base.mean * Decimal(repr(standing.errors[line.meter]))).quantize(Decimal("1e-15")))
    error = standard_error(line.samples())
    if line.nature is Nature.LEVEL:
        drifts = [usage.mean * LEVEL_ERROR for usage in (line.base, line.head) if usage]
        error = (error * error + sum((drift * drift for drift in drifts), Decimal(0))).sqrt()
    return trimmed(error.quantize(Decimal("1e-15")))


def _parts(subject: Subject, meters: tuple[MeterChange, ...]) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """What usage, prices and neither of them explain of head cost - recorded base cost; the three add up to it exactly."""
    if subject.base_cost is None or subject.head_cost is None:
        return None, None, None
    quantity = sum((meter.quantity_effect or Decimal(0) for meter in meters), Decimal(0))
    price = sum((meter.price_effect or Decimal(0) for meter in meters), Decimal(0))
    return trimmed(quantity), trimmed(price), trimmed(subject.head_cost - subject.base_cost - quantity)


def _traffic_effect(subject: Subject, price_effect: Decimal | None, case: Case) -> Decimal | None:
    """What more requests cost a month at what the base costs at its own prices; None where one of these is not known."""
    before, now = case.base_requests(subject.name), case.traffic.get(subject.name)
    if before is None or now is None or subject.base_cost is None:
        return None
    return trimmed((now - before) * (subject.base_cost - (price_effect or Decimal(0))))


def _stake(meter: MeterChange) -> tuple[Decimal, str, str, list[tuple[str, str]]]:
    """Meters whose cost changed most come first."""
    change = abs((meter.head_cost or Decimal(0)) - (meter.base_cost or Decimal(0)))
    return -change, meter.meter, meter.unit, sorted(meter.labels.items())


def _monthly(cost: Decimal | None, requests: int | None) -> Decimal | None:
    return None if cost is None or requests is None else trimmed(cost * requests)


def _notes(subject: Subject, standing: Standing, effects: tuple[Decimal | None, Decimal | None], case: Case) -> list[str]:
    """What a reader of the row must know; `effects` are those of prices and of traffic."""
    if case.base is None:
        return []
    standings = {
        Change.NEW: "new",
        Change.GONE: "gone: no longer measured, so nothing guards it",
        Change.ZERO_BASE: "the base cost nothing, so there is no percentage",
    }
    notes = [standings[subject.change]] if subject.change in standings else []
    base, (price_effect, traffic_effect) = subject.base_cost, effects
    if traffic_effect:
        change = wording.monthly(traffic_effect, case.book.currency)
        notes.append(
            f"traffic changed: {case.base_requests(subject.name):,} requests a month before, {case.traffic[subject.name]:,} now, {change}"
        )
    if base and price_effect is not None and abs(price_effect) >= _NOTICEABLE * base:
        was, now = wording.thousands(base - price_effect, base, case.book.currency)
        notes.append(f"prices changed: the same usage was {was} per 1,000 at the base's price book and is {now} now")
    left_out = sum((line.delta for line in subject.lines if line.head and line.base and not is_compared(line, subject, case)), Decimal(0))
    if base and abs(left_out) >= _NOTICEABLE * base:
        notes.append(f"the change leaves out CPU and memory, which are not compared ({figure.ratio(left_out / base)} of the cost)")
    if standing.need:
        notes.append(f"inconclusive: it takes {standing.need}")
    if standing.doubt:
        notes.append(f"inconclusive: {standing.doubt}")
    return notes
