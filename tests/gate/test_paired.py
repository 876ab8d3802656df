"""The paired rule: worked numbers, edge cases, and what it does over thousands of simulated runs, with a negative control."""

import math
import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.report import Verdict
from codeops.gate.evidence import BY_CPU, BY_INSTRUCTIONS
from codeops.gate.paired import ALPHA, BETA, LOOKS, Decision, Estimate, Limits, decide, estimate, looks_for

EIGHT = Limits.of(0.08)
Rule = Callable[[Mapping[str, list[float]]], dict[str, Verdict]]


def ask(values: list[float], limits: Limits = EIGHT, **options: float) -> Decision:
    return decide({"/a": values}, {"/a": limits}, **options)["/a"]  # type: ignore[arg-type]


def test_the_limits_are_logarithms_of_the_tolerance_and_its_margin() -> None:
    assert (EIGHT.fail, EIGHT.passing) == (pytest.approx(math.log(1.08)), pytest.approx(math.log(1.11)))
    assert (ALPHA, BETA, BY_CPU.margin, LOOKS[0], LOOKS[-1], len(LOOKS)) == (0.01, 0.05, 0.03, 3, 28, 10)


def test_a_worked_look_of_five_pairs() -> None:
    # Sorted 0.10 0.14 0.15 0.16 0.30: a fifth trimmed at each end leaves 0.14 0.15 0.16, mean 0.15, kept 3;
    # winsorised 0.14 0.14 0.15 0.16 0.16: squares 0.0004, variance 0.0002, standard error sqrt(0.0002 / 3) = 0.0081650,
    # t(0.975, 2) = 4.302653, half width 0.0351311.
    decision = ask([0.30, 0.14, 0.10, 0.16, 0.15])

    assert decision.mid == pytest.approx(0.15)
    assert decision.ratio == pytest.approx(math.exp(0.15) - 1)
    assert (decision.high - decision.mid, decision.mid - decision.low) == (pytest.approx(0.0351311, abs=1e-6),) * 2
    assert decision.verdict is Verdict.INCONCLUSIVE  # t = 8.95 with 2 degrees of freedom: p = 0.0061 > 0.001
    assert decision.pairs == 5


@pytest.mark.parametrize(
    ("values", "verdict", "why"),
    [
        ([], Verdict.INCONCLUSIVE, "no pair"),
        ([0.0], Verdict.INCONCLUSIVE, "one sample is never significant"),
        ([0.5, 0.5], Verdict.INCONCLUSIVE, "two are too few, however equal"),
        ([0.0, 0.0, 0.0], Verdict.PASS, "all equal: the floor of 0.3 % stands in for the spread"),
        ([0.2, 0.2, 0.2], Verdict.FAIL, "all equal and far above"),
        ([0.0770, 0.0770, 0.0770], Verdict.PASS, "8.004 %: no proof of more than 8 %, and proof of less than 11 %"),
        ([0.0900, 0.0900, 0.0900], Verdict.INCONCLUSIVE, "9.4 %: in the zone between the limits, with zero spread"),
        ([math.log(1.08)] * 28, Verdict.PASS, "exactly at the tolerance is allowed"),
        ([math.log(1.12)] * 28, Verdict.FAIL, "beyond tolerance and margin"),
        ([-0.5] * 3, Verdict.PASS, "half the CPU"),
        ([-2.0, -1.8, -2.2], Verdict.INCONCLUSIVE, "far below, but pairs that differ by more than the margin are not trusted"),
        ([0.3, -0.3, 0.3, -0.3], Verdict.INCONCLUSIVE, "noise as wide as this says nothing"),
    ],
)
def test_one_look(values: list[float], verdict: Verdict, why: str) -> None:
    assert ask(values).verdict is verdict, why


@pytest.mark.parametrize("count", [0, 1, 2])
def test_below_three_pairs_nothing_is_known_and_the_missing_ones_are_named(count: int) -> None:
    decision = ask([0.1] * count)

    assert (decision.low, decision.high, decision.further) == (-math.inf, math.inf, 3 - count)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_pair_in_which_a_side_did_not_answer_is_no_pair(broken: float) -> None:
    assert ask([0.0, 0.0, broken]).pairs == 2
    assert ask([0.0, 0.0, 0.0, broken]).verdict is Verdict.PASS


def test_what_no_cpu_could_make_good_fails_without_pairs() -> None:
    assert ask([], Limits(-math.inf, -math.inf)).verdict is Verdict.FAIL


def test_an_open_route_says_how_many_more_pairs_would_tell() -> None:
    # (t(0.999, 3) + t(0.995, 3))² (sd / width)² / 0.6, with sd 0.02 and width ln(1.11 / 1.08) = 0.0274.
    decision = ask([0.06, 0.10, 0.10, 0.06])  # variance 0.000533

    needed = ((10.2145 + 5.8409) * math.sqrt(0.0016 / 3) / math.log(1.11 / 1.08)) ** 2 / 0.6

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.further == pytest.approx(needed - 4, abs=1)


def test_where_both_limits_coincide_no_number_of_pairs_tells() -> None:
    assert ask([0.06, 0.10, 0.10, 0.06], Limits(0.08, 0.08)).further is None


def test_a_wider_money_margin_lets_a_noisier_route_pass() -> None:
    noisy = [0.1, -0.1, 0.1, -0.1] * 3

    assert ask(noisy).verdict is Verdict.INCONCLUSIVE
    assert ask(noisy, Limits(math.log(2.6), math.log(3.2))).verdict is Verdict.PASS  # CPU is a twentieth of the cost


def test_more_pairs_are_allowed_where_many_routes_share_the_risk() -> None:
    assert (looks_for(1), looks_for(20)) == (LOOKS, LOOKS)
    assert looks_for(21)[-1] == 40
    assert len(looks_for(21)) == len(LOOKS), "each look spends the same part of the risks"


def test_what_is_exact_of_a_cost_lowers_the_floor_of_the_rest() -> None:
    values = [0.0790] * 3  # 0.2 % above the tolerance: less than the floor tells in three pairs

    assert ask(values).verdict is Verdict.PASS
    assert decide({"/a": values}, {"/a": EIGHT}, shares={"/a": 0.01})["/a"].verdict is Verdict.FAIL
    assert decide({"/a": values}, {"/a": EIGHT}, shares={"/a": 0.0})["/a"].verdict is Verdict.FAIL


def test_counted_instructions_tell_finer_changes_than_timed_cpu() -> None:
    values = [math.log(1.0135)] * 10  # 1.35 % against a tolerance of 1 %
    limits = {"/a": Limits.of(0.01, BY_INSTRUCTIONS.margin)}

    assert decide({"/a": values}, limits, precisions={"/a": BY_INSTRUCTIONS})["/a"].verdict is Verdict.FAIL
    assert ask(values, Limits.of(0.01)).verdict is Verdict.PASS


def test_too_few_values_say_nothing_of_their_mean() -> None:
    assert estimate([0.1, 0.1, math.nan], 0.0) is None
    assert estimate([0.25, 0.25, 0.25], 0.0) == Estimate(0.25, 0.0, 3, 0.0)


def test_holm_demands_more_of_one_route_among_many() -> None:
    values = [0.24, 0.25, 0.26, 0.25, 0.24, 0.26]
    quiet = {f"/{number}": [0.0, 0.001, -0.001] for number in range(400)}
    limits = dict.fromkeys([*quiet, "/a"], EIGHT)

    alone = decide({"/a": values}, limits)["/a"]
    among = decide({"/a": values, **quiet}, limits)["/a"]

    assert alone.verdict is Verdict.FAIL
    assert among.verdict is Verdict.INCONCLUSIVE


def test_holm_lets_a_clear_failure_make_room_for_the_next() -> None:
    # p = 0.00075: above alpha / 2 and below alpha / 1, so the second fails only after the first did.
    second, clear = [0.1514, 0.1464, 0.1564], [0.9, 0.9, 0.9]
    limits = {"/a": EIGHT, "/b": EIGHT}

    with_clear = decide({"/a": second, "/b": clear}, limits)
    with_quiet = decide({"/a": second, "/b": [0.0, 0.0, 0.0]}, limits)

    assert with_clear["/a"].verdict is Verdict.FAIL
    assert with_quiet["/a"].verdict is Verdict.INCONCLUSIVE


def test_from_four_routes_on_the_usual_spread_of_a_pair_helps_to_pass_but_never_to_fail() -> None:
    values = [0.025, -0.025, 0.0]
    four = {f"/{number}": values for number in range(4)}

    alone = ask(values).verdict
    together = decide(four, dict.fromkeys(four, EIGHT))["/0"].verdict

    assert alone is Verdict.INCONCLUSIVE
    assert together is Verdict.PASS
    assert decide({**four, "/0": [0.2, 0.22, 0.18]}, dict.fromkeys(four, EIGHT))["/0"].verdict is Verdict.INCONCLUSIVE


@given(st.lists(st.floats(-1, 1), max_size=28), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(values: list[float], chance: random.Random) -> None:
    shuffled = values.copy()
    chance.shuffle(shuffled)

    assert ask(shuffled) == ask(values)


@given(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=28), st.floats(0, 1))
def test_more_cpu_never_turns_a_failure_into_a_pass(values: list[float], step: float) -> None:
    ranks = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL]
    before, after = ask(values).verdict, ask([value + step + 1e-9 for value in values]).verdict

    assert not (before is Verdict.FAIL and after is Verdict.PASS)
    assert ranks.index(after) >= ranks.index(before) or after is Verdict.INCONCLUSIVE


def campaign(rule: Rule, effect: float, runs: int, seed: int, noise: float = 0.02, routes: int = 6) -> list[dict[str, Verdict]]:
    """Simulated runs: each asks the rule after 3, 4, 5 … 28 pairs and keeps the first decision of each route.

    The noise of a pair has long tails, as measured: one pair in forty is an outlier of five times the spread.
    `effect` is the true change of route /0 as a logarithm; the others do not change.
    """
    chance = random.Random(seed)

    def pair() -> float:
        return chance.gauss(0, noise * (5 if chance.random() < 1 / 40 else 1))

    results = []
    for _ in range(runs):
        values: dict[str, list[float]] = {f"/{number}": [] for number in range(routes)}
        final: dict[str, Verdict] = {}
        for look in LOOKS:
            for route, seen in values.items():
                while route not in final and len(seen) < look:
                    seen.append(pair() + (effect if route == "/0" else 0))
            answers = rule(values)
            final |= {route: answers[route] for route in values if route not in final and answers[route] is not Verdict.INCONCLUSIVE}
            if len(final) == routes:
                break
        results.append({route: final.get(route, Verdict.INCONCLUSIVE) for route in values})
    return results


def ours(values: Mapping[str, list[float]]) -> dict[str, Verdict]:
    return {route: decision.verdict for route, decision in decide(values, dict.fromkeys(values, EIGHT)).items()}


def threshold_on_the_mean(values: Mapping[str, list[float]]) -> dict[str, Verdict]:
    """The negative control: what most tools do, a plain threshold on the mean of the first three runs."""
    return {route: Verdict.FAIL if sum(seen) / len(seen) > EIGHT.fail else Verdict.PASS for route, seen in values.items()}


def alarms(results: list[dict[str, Verdict]]) -> int:
    return sum(Verdict.FAIL in result.values() for result in results)


NOISE, SEED = 0.04, 20261101


def test_without_a_change_there_is_no_false_alarm_where_a_plain_threshold_has_many() -> None:
    ours_alarms = alarms(campaign(ours, 0.0, 1500, SEED, NOISE))
    plain_alarms = alarms(campaign(threshold_on_the_mean, 0.0, 1500, SEED, NOISE))

    assert ours_alarms == 0
    assert plain_alarms > 75, "the negative control must show that this noise raises false alarms"


def test_a_change_exactly_at_the_tolerance_fails_in_at_most_one_run_of_a_hundred() -> None:
    results = campaign(ours, EIGHT.fail, 1000, SEED + 1)
    plain = campaign(threshold_on_the_mean, EIGHT.fail, 1000, SEED + 1)

    assert alarms(results) <= 10
    assert alarms(plain) > 250


@pytest.mark.parametrize(("effect", "least"), [(math.log(1.13), 0.95), (math.log(1.20), 0.99)])
def test_a_change_beyond_the_margin_fails(effect: float, least: float) -> None:
    verdicts = [result["/0"] for result in campaign(ours, effect, 150, SEED + 2)]

    assert verdicts.count(Verdict.FAIL) / len(verdicts) >= least
    assert Verdict.PASS not in verdicts


def test_at_the_margin_a_wrong_pass_stays_within_its_risk() -> None:
    verdicts = [result["/0"] for result in campaign(ours, EIGHT.passing, 200, SEED + 3)]

    assert verdicts.count(Verdict.PASS) / len(verdicts) <= BETA
    assert verdicts.count(Verdict.FAIL) / len(verdicts) >= 0.9


def test_on_a_quiet_machine_a_run_without_a_change_passes() -> None:
    results = campaign(ours, 0.0, 200, SEED + 4, noise=0.012)

    assert sum(set(result.values()) == {Verdict.PASS} for result in results) >= 195
