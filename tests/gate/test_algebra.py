"""What holds for every pair of snapshots: identity, order, adding up, and direction."""

import random
from decimal import Decimal, localcontext

from gate_values import AT, BOOK, CPU, EGRESS, ELSEWHERE, GET, HERE, MEMORY, QUERY, D, judged, meter, site, snapshot
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.budget import Budget
from codeops.core.money import Money
from codeops.core.report import Change, Verdict
from codeops.core.snapshot import MeterUsage, RouteUsage, Snapshot
from codeops.gate import compare
from codeops.gate.case import ARITHMETIC

AMOUNTS = st.decimals("0", "1000", places=3)
TRAFFIC = {"/a": 1000, "/b": 7}
BUDGET = Budget(per_1k=Money(D(10**9), "USD"), monthly_increase=Money(D(10**9), "USD"))


def usages() -> st.SearchStrategy[MeterUsage]:
    counts = st.builds(
        lambda name, mean, bucket, place, recorded: meter(
            name, mean, labels={"bucket": bucket} if bucket else {}, sites=(site(mean, place),), cost=recorded
        ),
        st.sampled_from([GET, EGRESS, QUERY, "stripe.charge"]),
        AMOUNTS,
        st.sampled_from(["", "x", "y"]),
        st.integers(1, 50),
        st.none() | AMOUNTS,
    )
    levels = st.builds(lambda name, mean: meter(name, mean, sd=mean / 10), st.sampled_from([CPU, MEMORY]), AMOUNTS)
    return counts | levels


def routes() -> st.SearchStrategy[RouteUsage]:
    full = st.lists(usages(), min_size=1, max_size=5, unique_by=lambda usage: (usage.meter, *usage.labels.values())).map(
        lambda found: RouteUsage(usage=tuple(found), samples=20)
    )
    plain = st.builds(lambda cost, gets: RouteUsage(cost_usd=cost, s3_gets=gets), AMOUNTS, AMOUNTS)
    return full | plain


def snapshots() -> st.SearchStrategy[Snapshot]:
    return st.builds(
        snapshot, st.dictionaries(st.sampled_from(["/a", "/b", "/c"]), routes(), max_size=3), st.sampled_from([HERE, ELSEWHERE, None])
    )


@given(snapshots())
def test_identical_snapshots_pass_with_no_change_and_no_causes(same: Snapshot) -> None:
    report = judged(same, same, traffic=TRAFFIC)

    assert report.verdict is Verdict.PASS
    assert compare(same, same, BOOK, D(0), AT).verdict is Verdict.PASS
    for result in report.routes:
        assert (result.change, result.ratio, result.delta, result.causes) == (Change.COMPARED, 0, 0, ())
    assert not report.monthly_delta


def shuffled(side: Snapshot, seed: int) -> Snapshot:
    chance = random.Random(seed)
    names = list(side.routes)
    chance.shuffle(names)
    mixed = {}
    for name in names:
        lines = list(side.routes[name].usage)
        chance.shuffle(lines)
        one = side.routes[name]
        mixed[name] = RouteUsage(cost_usd=one.cost_usd, s3_gets=one.s3_gets, samples=one.samples, usage=tuple(lines))
    return Snapshot(meta=side.meta, routes=mixed)


@given(snapshots(), snapshots(), st.integers(0, 99))
def test_the_order_of_routes_and_meters_does_not_matter(head: Snapshot, base: Snapshot, seed: int) -> None:
    assert judged(shuffled(head, seed), shuffled(base, seed + 1), BUDGET, TRAFFIC) == judged(head, base, BUDGET, TRAFFIC)


@given(snapshots(), snapshots())
def test_the_parts_and_the_residual_add_up_to_the_whole_change_exactly(head: Snapshot, base: Snapshot) -> None:
    for result in judged(head, base, traffic=TRAFFIC).routes:
        if result.base_cost is None or result.head_cost is None:
            assert (result.quantity_effect, result.price_effect, result.residual) == (None, None, None)
            continue
        with localcontext(ARITHMETIC):
            recorded = result.base_cost - sum((line.price_effect or 0 for line in result.meters), Decimal(0))
            parts = result.quantity_effect + result.price_effect + result.residual
            assert parts == result.head_cost - recorded


@given(snapshots(), snapshots())
def test_the_change_is_the_quantity_effect_of_what_is_compared(head: Snapshot, base: Snapshot) -> None:
    for result in judged(head, base, traffic=TRAFFIC).routes:
        if (
            result.change is Change.COMPARED
            and result.delta is not None
            and head.routes[result.name].usage
            and base.routes[result.name].usage
        ):
            assert result.delta == (result.quantity_effect or 0)


@given(snapshots(), snapshots(), st.decimals("0", "100", places=3))
def test_more_usage_never_makes_a_verdict_milder(head: Snapshot, base: Snapshot, more: Decimal) -> None:
    ranks = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL]
    name = next(iter(head.routes), None)
    if name is None or not head.routes[name].usage:
        return
    first, *others = head.routes[name].usage
    grown = MeterUsage(
        meter=first.meter,
        unit=first.unit,
        mean=first.mean + more,
        samples=first.samples,
        sd=first.sd,
        exact=first.exact,
        labels=first.labels,
    )
    bigger = Snapshot(meta=head.meta, routes={**head.routes, name: RouteUsage(usage=(grown, *others), samples=20)})
    before, after = (judged(side, base, BUDGET, TRAFFIC).verdict for side in (head, bigger))

    assert ranks.index(after) >= ranks.index(before)


@given(snapshots(), snapshots())
def test_money_a_month_is_the_sum_of_its_routes(head: Snapshot, base: Snapshot) -> None:
    report = judged(head, base, traffic=TRAFFIC)
    known = [result.monthly_delta for result in report.routes if result.delta is not None and result.requests_per_month is not None]

    with localcontext(ARITHMETIC):
        assert (report.monthly_delta or 0) == sum(known, Decimal(0))


@given(snapshots(), snapshots())
def test_an_error_finding_is_a_failed_verdict_and_nothing_else_is(head: Snapshot, base: Snapshot) -> None:
    report = judged(head, base, BUDGET, TRAFFIC)

    assert (report.verdict is Verdict.FAIL) == any(finding.severity == "error" for finding in report.findings)
    assert {result.name for result in report.routes} == {*head.routes, *base.routes}
