import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_traffic import BASELINE_BYTES, MIB, Route, facts_routes, serve

from codeops.instrument.memory import fitting
from codeops.instrument.memory.algebra import inverse_diagonal, non_negative
from codeops.instrument.memory.allocation import FITTED, OTHER


def samples_of(holds_mib, size=300, seed=1, noise_mib=0.0, together=()):
    """Samples of routes that are in flight at random, 0 to 3 at a time; those of `together` always as many as each other."""
    dice, made = random.Random(seed), []
    for _ in range(size):
        same = dice.randrange(4)
        counts = {name: same if name in together else dice.randrange(4) for name in holds_mib}
        held = sum(count * holds_mib[name] * MIB for name, count in counts.items())
        resident = BASELINE_BYTES + held + dice.gauss(0.0, noise_mib * MIB)
        made.append((int(resident), tuple((name, count) for name, count in counts.items() if count)))
    return made


def test_what_each_request_holds_is_found():
    found = fitting.fit(samples_of({"/a": 1.0, "/b": 8.0, "/c": 32.0, "/d": 0.2}), BASELINE_BYTES)

    assert {name: size / MIB for name, size in found.of_route.items()} == pytest.approx(
        {"/a": 1.0, "/b": 8.0, "/c": 32.0, "/d": 0.2}, rel=1e-4
    )
    assert found.retained == pytest.approx(0.0, abs=1e-3 * MIB)


def test_what_no_request_holds_is_found_too():
    found = fitting.fit(samples_of({"/a": 1.0, "/b": 8.0}), BASELINE_BYTES - 50 * MIB)

    assert found.retained == pytest.approx(50 * MIB, rel=1e-3)


def test_nobody_holds_less_than_nothing():
    found = fitting.fit(samples_of({"/a": 8.0, "/b": -1.0}, noise_mib=0.1), BASELINE_BYTES)

    assert 0.0 < found.of_route["/b"] < 1e-4 * found.of_route["/a"]


@pytest.mark.parametrize(("seen", "is_believed"), [(fitting.SAMPLES_MIN - 1, False), (fitting.SAMPLES_MIN, True)])
def test_a_route_is_believed_from_20_samples_on(seen, is_believed):
    samples = samples_of({"/a": 1.0, "/b": 8.0})
    for index in range(seen):
        size, counts = samples[index * 10]
        samples[index * 10] = (size + 4 * MIB, (*counts, ("/rare", 1)))

    found = fitting.fit(samples, BASELINE_BYTES)

    assert ("/rare" in found.of_route) is is_believed
    assert found.of_route["/b"] == pytest.approx(8 * MIB, rel=0.05), "what the rare one holds is not put on the others"


def test_rare_routes_are_taken_together():
    samples = samples_of({"/a": 1.0, "/b": 8.0}, size=400)
    for index in range(0, 400, 4):
        size, counts = samples[index]
        samples[index] = (size + 4 * MIB, (*counts, (f"/rare/{index}", 1)))

    found = fitting.fit(samples, BASELINE_BYTES)

    assert set(found.of_route) == {"/a", "/b"}
    assert found.other == pytest.approx(4 * MIB, rel=0.05)


def test_routes_that_are_always_in_flight_together_are_not_told_apart():
    found = fitting.fit(samples_of({"/a": 1.0, "/b": 8.0, "/c": 32.0}, together=("/a", "/b")), BASELINE_BYTES)

    assert set(found.of_route) == {"/c"}
    assert found.of_route["/c"] == pytest.approx(32 * MIB, rel=1e-3)
    assert found.other == pytest.approx(4.5 * MIB, rel=1e-3)


def test_a_route_that_is_always_in_flight_cannot_be_told_from_what_is_retained():
    samples = [(size + 4 * MIB, (*counts, ("/stream", 1))) for size, counts in samples_of({"/a": 1.0, "/b": 8.0})]

    found = fitting.fit(samples, BASELINE_BYTES)

    assert set(found.of_route) == {"/a", "/b"}
    assert found.retained == pytest.approx(4 * MIB, rel=1e-3)


@pytest.mark.parametrize("samples", [[], samples_of({"/a": 1.0}, size=1), samples_of({"/a": 1.0}, size=15), [(5, ())] * 100])
def test_too_few_samples_or_none_with_anything_in_flight_tell_nothing(samples):
    assert fitting.fit(samples, BASELINE_BYTES) is None


def test_as_many_routes_as_samples_tell_nothing():
    dice = random.Random(5)
    samples = [
        (BASELINE_BYTES + dice.randrange(MIB), tuple((f"/{number}", 1 + dice.randrange(3)) for number in range(24))) for _ in range(22)
    ]

    assert fitting.fit(samples, BASELINE_BYTES) is None


def test_memory_that_does_not_follow_the_requests_tells_nothing():
    """Noise alone has a best fit as well; believed, it would be worse than an equal share."""
    samples = [
        (BASELINE_BYTES + random.Random(index).randrange(MIB), counts) for index, (_, counts) in enumerate(samples_of({"/a": 1, "/b": 8}))
    ]

    assert fitting.fit(samples, BASELINE_BYTES) is None


def test_believed_in_spite_of_its_error_noise_would_be_a_fit(monkeypatch):
    """The control of the test before."""
    monkeypatch.setattr(fitting, "_ERROR_MAX", math.inf)
    samples = [
        (BASELINE_BYTES + random.Random(index).randrange(MIB), counts) for index, (_, counts) in enumerate(samples_of({"/a": 1, "/b": 8}))
    ]

    assert fitting.fit(samples, BASELINE_BYTES) is not None


def test_memory_that_is_never_given_back_is_shared_equally():
    """glibc's allocator may keep what was freed: resident memory is a peak, and says nothing of who is in flight."""
    result = serve(facts_routes(0.5), settle=lambda held, before: max(held, 0.99 * before))

    assert result.found == 0
    assert all(FITTED not in methods for methods in result.methods.values())


def test_a_drift_is_not_taken_for_requests(monkeypatch):
    def leak(now, dice):
        return 0.2 * MIB * now

    ours = serve(facts_routes(5.0), extra=leak)

    def without_trend(values):
        mean = sum(values) / len(values)
        rest = [value - mean for value in values]
        return fitting._Series(rest, sum(value * value for value in rest), mean, mean)

    monkeypatch.setattr(fitting, "_series", without_trend)
    control = serve(facts_routes(5.0), extra=leak)

    assert ours.worst < 0.12
    assert control.worst > 1.0 or control.found < 0.2 * control.fits


def wandering(seed):
    """Traffic and a cache that wander about by themselves: neighbouring samples are alike, so few of them count."""
    dice, level, size, samples = random.Random(seed), 0.0, 0.0, []
    for _ in range(300):
        level = 0.98 * level + dice.gauss(0.0, 1.0)
        size = 0.98 * size + dice.gauss(0.0, MIB)
        counts = (("/a", max(1, round(10 + level))), ("/b", 1 + dice.randrange(3)))
        samples.append((int(BASELINE_BYTES + 50 * MIB + size + counts[1][1] * MIB), counts))
    return samples


def believed(seeds):
    found = [fitting.fit(wandering(seed), BASELINE_BYTES) for seed in range(seeds)]
    return [weights.of_route["/a"] for weights in found if weights is not None and "/a" in weights.of_route]


def test_traffic_and_memory_that_wander_are_not_taken_for_cause_and_effect(monkeypatch):
    ours = believed(40)
    monkeypatch.setattr(fitting, "_lag_1", lambda values, square: 0.0)
    control = believed(40)

    assert sum(size > 0.2 * MIB for size in ours) <= 1, "/a holds nothing"
    assert sum(size > 0.2 * MIB for size in control) >= 5


def test_routes_that_start_others_are_shared_equally_among_themselves():
    routes = {**facts_routes(0.5), "/a": Route(2.0, 0.5, 1.0, along=("/inner",)), "/inner": Route(0.0, 0.5, 4.0)}

    result = serve(routes)

    assert max(abs(result.error(name)) for name in ("/b", "/c", "/d")) < 0.1
    assert result.told["/a"] == pytest.approx(result.told["/inner"])


def test_many_routes_are_fitted_for_the_busiest():
    holds = {f"/{number}": 1.0 + number for number in range(40)}
    found = fitting.fit(samples_of(holds, size=600, noise_mib=1.0), BASELINE_BYTES)

    assert len(found.of_route) == 24
    assert OTHER not in found.of_route


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=6), st.integers(0, 2**32))
def test_non_negative_least_squares_finds_a_known_answer(answer, seed):
    dice = random.Random(seed)
    size = len(answer)
    tall = [[dice.gauss(0.0, 1.0) for _ in range(size)] for _ in range(10 * size)]
    norms = [math.sqrt(sum(row[column] ** 2 for row in tall)) for column in range(size)]
    matrix = [[sum(row[i] * row[j] for row in tall) / norms[i] / norms[j] for j in range(size)] for i in range(size)]
    right = [sum(matrix[i][j] * answer[j] for j in range(size)) for i in range(size)]

    assert non_negative(matrix, right) == pytest.approx(answer, abs=1e-5 * (1.0 + max(answer)))


@pytest.mark.parametrize(
    ("matrix", "right", "answer"),
    [
        ([[1.0]], [-3.0], [0.0]),
        ([[1.0, 0.8], [0.8, 1.0]], [1.0, 0.0], [1.0, 0.0]),
        ([[1.0, -0.5], [-0.5, 1.0]], [1.0, 1.0], [2.0, 2.0]),
        ([], [], []),
    ],
    ids=["negative alone", "negative beside another", "both positive", "nothing"],
)
def test_non_negative_least_squares_by_hand(matrix, right, answer):
    assert non_negative(matrix, right) == pytest.approx(answer, abs=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.99])
def test_the_inflation_of_two_columns_is_that_of_the_textbook(correlation):
    found = inverse_diagonal([[1.0, correlation], [correlation, 1.0]])

    assert found == pytest.approx([1.0 / (1.0 - correlation**2)] * 2, rel=1e-3)


def test_a_column_that_repeats_another_spoils_no_third():
    first, second, third = inverse_diagonal([[1.0, 1.0, 0.1], [1.0, 1.0, 0.1], [0.1, 0.1, 1.0]])

    assert min(first, second) > 1e5
    assert third == pytest.approx(1.0 / (1.0 - 0.01), rel=1e-3)
