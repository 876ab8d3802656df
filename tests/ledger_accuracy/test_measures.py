"""The arithmetic of the benchmark: what each measure sees, and what it cannot see."""

import dataclasses

import pytest

ROUTES = {"/null": 0, "/a": 1, "/b": 2, "/c": 4, "/d": 8}


@pytest.fixture
def metrics(script):
    return script("metrics")


@pytest.fixture
def plan(script):
    return script("plan")


@pytest.fixture
def trials(script):
    return script("trials")


@pytest.fixture
def perfect(metrics):
    """A ledger without any error: each route and child took its weight in seconds, and each span costs 0.1 s of framework."""
    true = {route + kind: float(weight) for route, weight in ROUTES.items() for kind in ("", "/child")}
    spans = {key: seconds + 0.1 for key, seconds in true.items()}
    return metrics.Reading(
        process_s=sum(spans.values()) + 2.0,
        spans=spans,
        buckets={"runtime.gc": 1.5, "unattributed.loop": 0.5, "unattributed.children": 40.0},
        true=true,
        units={key: 10 * seconds for key, seconds in true.items()},
    )


def changed(reading, **spans):
    return dataclasses.replace(reading, spans={**reading.spans, **spans})


def test_a_perfect_ledger_has_no_error_but_the_framework_it_is_adjusted_for(metrics, plan, perfect) -> None:
    found = metrics.accuracy(perfect)

    assert found.conservation == pytest.approx(0)
    assert found.over_attribution == pytest.approx(31 / 33)
    assert (found.median_error, found.worst_error) == (pytest.approx(0), pytest.approx(0))
    assert found.unit_share_error == pytest.approx(0)
    assert found.raw_error == pytest.approx((0.1 / 2 + 0.1 / 4) / 2)
    assert plan.missed(found, plan.Target(0.015, 0.04, 0.03)) == set()


def test_books_that_balance_do_not_hide_cpu_on_the_wrong_route(metrics, plan, perfect) -> None:
    swapped = changed(perfect, **{"/a": perfect.spans["/b"], "/b": perfect.spans["/a"]})

    found = metrics.accuracy(swapped)

    assert found.conservation == pytest.approx(0)
    assert found.worst_error == pytest.approx(1)
    assert "worst_error" in plan.missed(found, plan.Target(0.015, 0.04))


def test_cpu_that_nobody_has_breaks_conservation(metrics, plan, perfect) -> None:
    lost = dataclasses.replace(perfect, buckets={"runtime.gc": 1.5})

    found = metrics.accuracy(lost)

    assert found.conservation == pytest.approx(-0.5 / 33)
    assert plan.missed(found, plan.Target(0.015, 0.04)) == {"conservation"}


def test_cpu_that_two_spans_have_is_over_attribution(metrics, plan, perfect) -> None:
    twice = changed(perfect, **{key: 2 * seconds for key, seconds in perfect.spans.items()})

    assert "over_attribution" in plan.missed(metrics.accuracy(twice), plan.Target(0.015, 0.04))


def test_an_error_that_ledger_and_truth_share_shows_in_the_shares_of_units(metrics, perfect) -> None:
    shared = dataclasses.replace(perfect, spans={**perfect.spans, "/d": 4.1}, true={**perfect.true, "/d": 4.0})

    found = metrics.accuracy(shared)

    assert found.worst_error == pytest.approx(0)
    assert found.unit_share_error > 0.3


def test_child_processes_are_outside_of_the_process_clock(metrics, perfect) -> None:
    childless = dataclasses.replace(perfect, buckets={**perfect.buckets, "unattributed.children": 0.0})

    assert metrics.accuracy(childless) == metrics.accuracy(perfect)


def test_a_route_that_was_never_attributed_anything_is_wholly_wrong(metrics, perfect) -> None:
    nothing = dataclasses.replace(perfect, spans={})

    found = metrics.accuracy(nothing)

    assert found.worst_error == pytest.approx(1)
    assert found.unit_share_error == 1


@pytest.mark.parametrize(
    ("values", "median"),
    [
        pytest.param([0.01, 0.02, 0.9], 0.02, id="one bad run of three does not decide"),
        pytest.param([0.01, 0.9, 0.9], 0.9, id="two do"),
    ],
)
def test_a_measure_is_the_median_over_the_repeats(metrics, plan, perfect, values, median) -> None:
    found = [dataclasses.replace(metrics.accuracy(perfect), worst_error=value) for value in values]

    assert plan.median_of(found).worst_error == median


def test_repeats_end_early_only_when_the_median_cannot_change_any_more(trials) -> None:
    asked = []

    def trial(answers):
        return lambda: asked.append(1) or next(answers)

    agreeing = trials.Repeats(5, may_stop=True).run(trial(iter([True, False, True, True])), bool)
    disagreeing = trials.Repeats(3, may_stop=True).run(trial(iter([True, False, False])), bool)
    never = trials.Repeats(3, may_stop=False).run(trial(iter([True, True, True])), bool)

    assert (len(agreeing), len(disagreeing), len(never)) == (4, 3, 3)


@pytest.mark.parametrize(
    ("missed", "is_good"),
    [
        pytest.param({"worst_error"}, True, id="it is found out by what it breaks"),
        pytest.param(set(), False, id="it passes: the benchmark is broken"),
        pytest.param({"conservation"}, False, id="it misses something else: what it breaks was not seen"),
    ],
)
def test_a_control_is_good_only_when_it_is_found_out(trials, plan, missed, is_good) -> None:
    control = next(control for control in plan.CONTROLS if control.name.startswith("no task hook"))

    assert trials.verdict(control, missed, None).is_good is is_good


@pytest.mark.parametrize(
    ("found_s", "holds"),
    [
        pytest.param(1.02, True, id="at 2 %"),
        pytest.param(1.03, False, id="beyond 2 % and half a millisecond"),
        pytest.param(0.97, False, id="the same below"),
        pytest.param(float("nan"), False, id="no figure at all"),
    ],
)
def test_a_claim_allows_two_per_cent_and_its_slack(script, found_s, holds) -> None:
    assert script("claims").Claim("span", 1.0, found_s).holds is holds
