"""Process pairs in a judgement: CPU and counts in one verdict, in money."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from gate_values import (
    CPU,
    ELSEWHERE,
    GET,
    MEMORY,
    QUERY,
    D,
    book,
    judged,
    meter,
    one,
    price,
    route,
    route_of,
    rules,
    simple,
    snapshot,
    usd,
)

from codeops.core.budget import Budget
from codeops.core.report import Verdict
from codeops.core.snapshot import MeterUsage
from codeops.gate.evidence import Evidence, Pairs

NINE_TENTHS = (meter(GET, 1), meter(CPU, "0.09"))  # 1 cent of GETs and 9 cents of CPU
HALF = (meter(GET, 5), meter(CPU, "0.05"))


def evidence(*thetas: float, memory: Sequence[float | None] = (), **more: object) -> Evidence:
    return Evidence(pairs={"/a": Pairs(thetas, tuple(memory))}, **more)  # type: ignore[arg-type]


def pairs(ratio: float, count: int = 12, noise: float = 0.002) -> Evidence:
    return evidence(*(math.log(1 + ratio) + (noise if number % 2 else -noise) for number in range(count)))


@pytest.mark.parametrize(
    ("cpu", "verdict"),
    [
        (0.0, Verdict.PASS),
        (0.16, Verdict.PASS),  # half of the cost is CPU: 16 % more of it is 8 % more money
        (0.25, Verdict.FAIL),
        (-0.5, Verdict.PASS),
    ],
)
def test_pairs_judge_cpu_by_what_it_costs(cpu: float, verdict: Verdict) -> None:
    report = judged(one(*HALF), one(*HALF), evidence=pairs(cpu))
    result = route_of(report)

    assert report.verdict is verdict
    assert float(result.ratio) == pytest.approx(cpu / 2, abs=1e-3)
    assert result.ratio_low < result.ratio < result.ratio_high
    assert not report.caveats, "with pairs in one environment nothing is left out"


def test_noise_between_tolerance_and_margin_is_inconclusive() -> None:
    report = judged(one(*HALF), one(*HALF), evidence=pairs(0.19, noise=0.03))

    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.summary == "inconclusive: /a changed between +7.6 % and +11.5 % (limit +8.0 %); it takes 58 more pairs"


def test_counts_and_cpu_share_one_limit() -> None:
    more_gets = (meter(GET, "5.6"), meter(CPU, "0.05"))  # counts alone: 6 %

    alone = judged(one(*more_gets), one(*HALF), evidence=pairs(0.0))
    with_cpu = judged(one(*more_gets), one(*HALF), evidence=pairs(0.12))
    made_good = judged(one(meter(GET, 6), meter(CPU, "0.05")), one(*HALF), evidence=pairs(-0.2))

    assert alone.verdict is Verdict.PASS
    assert with_cpu.verdict is Verdict.FAIL
    assert made_good.verdict is Verdict.PASS
    assert [cause.text for cause in route_of(alone).causes] == ["+0.600 S3 GETs"]


def test_counts_that_no_cpu_could_make_good_fail_without_waiting_for_pairs() -> None:
    report = judged(one(meter(GET, 20), meter(CPU, "0.05")), one(*HALF), evidence=evidence())

    assert report.verdict is Verdict.FAIL
    assert (route_of(report).ratio_low, route_of(report).ratio_high) == (D("1.0"), None)


def test_an_open_look_says_how_many_pairs_are_missing() -> None:
    report = judged(one(*HALF), one(*HALF), evidence=evidence(0.1))

    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.summary == "inconclusive: /a changed by an amount that is not known yet (limit +8.0 %); it takes 2 more pairs"
    assert route_of(report).notes == ("inconclusive: it takes 2 more pairs",)


def test_a_varying_count_leaves_less_room_to_cpu_on_both_sides() -> None:
    varying = (meter(GET, 5, sd=D("0.5"), exact=False, samples=40), meter(CPU, "0.05"))

    sure = judged(one(*HALF), one(*HALF), evidence=pairs(0.158))
    unsure = judged(one(*varying), one(*varying), evidence=pairs(0.158))
    unbounded = judged(one(meter(GET, 5, sd=D(1), exact=False, samples=1), meter(CPU, "0.05")), one(*HALF), evidence=pairs(0.0))

    assert sure.verdict is Verdict.PASS
    assert unsure.verdict is Verdict.INCONCLUSIVE
    assert unbounded.verdict is Verdict.INCONCLUSIVE
    assert "it takes a count that does not vary" in unbounded.summary


def test_the_interval_holds_the_noise_of_counts_and_of_cpu() -> None:
    varying = (meter(GET, 5, sd=D("0.5"), exact=False, samples=40), meter(CPU, "0.05"))
    exact, noisy = (route_of(judged(one(*usage), one(*usage), evidence=pairs(0.0))) for usage in (HALF, varying))

    assert noisy.ratio_low < exact.ratio_low - D("0.02")
    assert noisy.ratio_high > exact.ratio_high + D("0.02")


def test_proven_cpu_is_a_cause() -> None:
    report = judged(one(meter(CPU, "0.105")), one(meter(CPU, "0.1")), evidence=pairs(0.05))

    assert [cause.text for cause in route_of(report).causes] == ["+5.00 ms CPU"]
    assert report.verdict is Verdict.PASS


def test_cpu_that_is_not_proven_is_no_cause() -> None:
    assert not route_of(judged(one(meter(CPU, "0.15")), one(meter(CPU, "0.1")), evidence=pairs(0.0))).causes


def test_pairs_of_different_environments_are_never_judged() -> None:
    cpu = judged(one(*NINE_TENTHS, environment=ELSEWHERE), one(*NINE_TENTHS), evidence=pairs(0.5))
    counts = judged(one(meter(GET, 9), meter(CPU, "0.09"), environment=ELSEWHERE), one(*NINE_TENTHS), evidence=pairs(0.0))

    assert cpu.verdict is Verdict.INCONCLUSIVE
    assert "it takes base and head measured in the same environment" in cpu.summary
    assert [caveat.kind for caveat in cpu.caveats] == ["not-comparable"]
    assert counts.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("head", "base"),
    [
        (route(meter(GET, 1)), route(meter(GET, 1))),  # no CPU was measured
        (route(meter(GET, 1), meter(CPU, 1)), route(meter(GET, 1))),  # none in the base
        (route(meter(GET, 1)), simple("0.01")),
        (route(meter(GET, 1)), route(meter(GET, 0))),  # zero base
        (route(meter(QUERY, 1)), route(meter(QUERY, 1))),  # nothing priced
    ],
)
def test_pairs_say_nothing_about_a_route_whose_cost_holds_no_cpu(head: object, base: object) -> None:
    sides = snapshot({"/a": head}), snapshot({"/a": base})  # type: ignore[dict-item]

    assert judged(*sides, evidence=pairs(3.0)).verdict is judged(*sides).verdict


def test_pairs_of_a_route_without_a_base_are_left_alone() -> None:
    assert judged(one(meter(CPU, 1)), snapshot({}), evidence=pairs(3.0)).verdict is Verdict.PASS


def test_memory_that_pairs_do_not_tell_can_only_warn() -> None:
    usage = (meter(CPU, "0.05"), meter(MEMORY, "0.05"))

    report = judged(one(meter(CPU, "0.05"), meter(MEMORY, "0.5")), one(*usage), evidence=pairs(0.0))

    assert report.verdict is Verdict.PASS
    assert rules(report) == ["usage-grew"]
    assert report.findings[0].meter == MEMORY
    assert [(caveat.kind, caveat.about) for caveat in report.caveats] == [("memory-not-compared", "/a")]
    assert report.findings[0].why == "pairs do not tell it on both sides, so it is a hint and no proof"


def test_the_month_counts_cpu_that_pairs_compared() -> None:
    budget = Budget(regression=D(9), monthly_increase=usd(100))

    report = judged(one(meter(CPU, 1)), one(meter(CPU, 1)), budget, {"/a": 1000}, evidence=pairs(0.5))

    assert float(report.monthly_delta) == pytest.approx(500, abs=5)
    assert report.verdict is Verdict.FAIL
    assert report.summary.startswith("fail: the suite costs +$500")


def test_memory_that_every_pair_tells_is_part_of_the_change() -> None:
    usage = one(meter(CPU, "0.05"), meter(MEMORY, "0.05"))  # five cents of each
    grown = one(meter(CPU, "0.05"), meter(MEMORY, "0.07"))

    same = judged(usage, usage, evidence=evidence(*[0.0] * 6, memory=[0.0] * 6))
    more = judged(grown, usage, evidence=evidence(*[0.0] * 6, memory=[0.019, 0.021] * 3))
    made_good = judged(grown, usage, evidence=evidence(*[math.log(0.6)] * 6, memory=[0.019, 0.021] * 3))

    assert (same.verdict, more.verdict, made_good.verdict) == (Verdict.PASS, Verdict.FAIL, Verdict.PASS)
    assert float(route_of(more).ratio) == pytest.approx(0.2, abs=1e-3)
    assert float(route_of(made_good).ratio) == pytest.approx(0.0, abs=1e-3)
    assert [cause.text for cause in route_of(more).causes] == ["+20.5 MiB.s of compute.memory"]
    assert not more.caveats
    assert route_of(more).residual == 0, "memory is compared, so that nothing is left out"


@pytest.mark.parametrize("memory", [(), (0.5, None, 0.5), (None, None, None)])
def test_memory_that_a_pair_does_not_know_is_left_out_and_said(memory: tuple[float | None, ...]) -> None:
    usage = one(meter(CPU, "0.05"), meter(MEMORY, "0.05"))

    report = judged(usage, usage, evidence=evidence(0.0, 0.0, 0.0, memory=memory))

    assert report.verdict is Verdict.PASS
    assert [(caveat.kind, caveat.about) for caveat in report.caveats] == [("memory-not-compared", "/a")]


def test_memory_that_the_base_did_not_hold_is_priced_as_the_head_is() -> None:
    report = judged(one(meter(CPU, "0.1"), meter(MEMORY, "0.02")), one(meter(CPU, "0.1")), evidence=evidence(*[0.0] * 6, memory=[0.02] * 6))

    assert (report.verdict, round(float(route_of(report).ratio), 6)) == (Verdict.FAIL, 0.2)


def test_memory_without_a_price_is_no_part_of_the_change() -> None:
    cheap = book(price(CPU, "3600", "vCPU.h"))
    usage = one(meter(CPU, "0.1"), meter(MEMORY, "0.05"))

    report = judged(usage, usage, book=cheap, evidence=evidence(*[0.0] * 3, memory=[9.0] * 3))

    assert (report.verdict, route_of(report).ratio) == (Verdict.PASS, 0)


def test_a_level_that_is_neither_cpu_nor_memory_is_said_not_to_be_compared() -> None:
    usage = one(meter(CPU, "0.1"), meter("gpu.time", 1))

    (caveat,) = judged(usage, usage, evidence=pairs(0.0)).caveats

    assert (caveat.kind, caveat.about) == ("level-not-compared", "/a")
    assert caveat.text == "gpu.time is not compared, because not every pair knows it on both sides: it can only warn"


EDGES = [
    ((), "1", HALF, Verdict.INCONCLUSIVE, "no pair yet"),
    ((0.0,), "1", HALF, Verdict.INCONCLUSIVE, "one pair proves nothing"),
    ((5.0,), "1", HALF, Verdict.INCONCLUSIVE, "one pair proves nothing, however far"),
    ((0.0, 0.0, 0.0), "1", HALF, Verdict.PASS, "all equal, zero variance: the floor stands in for the spread"),
    ((0.3, 0.3, 0.3), "1", HALF, Verdict.FAIL, "all equal and far above"),
    ((math.nan, 0.0, 0.0, 0.0), "1", HALF, Verdict.PASS, "a pair that is not complete is left out"),
    ((0.0, 0.0, 0.0), "1.16", HALF, Verdict.PASS, "counts exactly at the limit, CPU the same"),
    ((0.0, 0.0, 0.0), "1.24", HALF, Verdict.FAIL, "counts beyond the limit, CPU the same"),
    ((-0.4, -0.4, -0.4), "1.24", HALF, Verdict.PASS, "counts beyond the limit that CPU makes good"),
    ((), "2.2", HALF, Verdict.FAIL, "counts beyond what no CPU at all could make good: at once"),
    ((0.6, 0.6, 0.6), "1", (meter(GET, 9), meter(CPU, "0.0000001")), Verdict.PASS, "CPU is next to nothing of the cost"),
    ((0.0, 0.0, 0.0), "1.2", (meter(GET, 9), meter(CPU, "0.0000001")), Verdict.FAIL, "and then counts decide"),
    ((0.5, 0.5, 0.5), "1", (meter(GET, 9), meter(CPU, 0)), Verdict.PASS, "no CPU in the base: pairs say nothing"),
    ((9.0, 9.0, 9.0), "1", (meter(GET, 0), meter(CPU, 0)), Verdict.PASS, "zero base and zero head"),
]


@pytest.mark.parametrize(("thetas", "gets", "base", "verdict", "why"), EDGES, ids=[case[-1] for case in EDGES])
def test_the_edges_of_the_rule(thetas: tuple[float, ...], gets: str, base: tuple[MeterUsage, ...], verdict: Verdict, why: str) -> None:
    head = (replace(base[0], mean=base[0].mean * D(gets)), base[1])

    assert judged(one(*head), one(*base), evidence=evidence(*thetas)).verdict is verdict, why


def test_exact_counts_stay_exact_beside_pairs() -> None:
    result = route_of(judged(one(meter(GET, "5.3"), meter(CPU, "0.05")), one(*HALF), evidence=evidence(0.0, 0.0, 0.0)))

    assert (result.delta, result.ratio) == (D("0.003"), D("0.03"))


def test_pairs_say_little_where_cpu_is_little_of_the_cost() -> None:
    # The same noisy pairs: half of the cost leaves it open, a hundredth decides.
    noisy = evidence(0.2, -0.2, 0.2, -0.2)

    assert judged(one(*HALF), one(*HALF), evidence=noisy).verdict is Verdict.INCONCLUSIVE
    little = (meter(GET, 99), meter(CPU, "0.01"))
    assert judged(one(*little), one(*little), evidence=noisy).verdict is Verdict.PASS


def test_the_error_of_a_meter_is_that_of_the_pairs() -> None:
    # Logarithms ± 0.01 and GiB·s ± 0.001 in six pairs, a fifth trimmed: the winsorised spread over the root of the four kept.
    usage = one(meter(CPU, "0.05"), meter(MEMORY, "0.05"))
    cpu, memory = [0.01, -0.01] * 3, [0.001, -0.001] * 3

    errors = {line.meter: float(line.error) for line in route_of(judged(usage, usage, evidence=evidence(*cpu, memory=memory))).meters}

    spread = math.sqrt(6 / 3) / math.sqrt(4)
    assert errors == {CPU: pytest.approx(0.05 * 0.01 * spread), MEMORY: pytest.approx(0.001 * spread)}
