"""What noise means for a gate: a quiet machine, a loud one, and one that drifts."""

from random import Random

import pytest

from codeops.bench.noise import Noise
from codeops.pipeline.noise import TOLERANCES, prospect_of

ROUTES = ("/a", "/b", "/c", "/d")


def noise(spread: float, drift: float = 0.0) -> Noise:
    random = Random(7)
    return Noise(
        changes={route: [random.gauss(0, spread) for _ in range(20)] for route in ROUTES},
        levels={route: [1000 * (1 + random.gauss(0, drift)) for _ in range(40)] for route in ROUTES},
        seconds=2.0,
    )


def test_on_a_quiet_machine_three_percent_hold() -> None:
    prospect = prospect_of(noise(0.004), runs=100)
    finest = prospect.tolerances[0]

    assert prospect.suggested is finest
    assert (finest.tolerance, finest.alarms, finest.open) == (0.03, 0.0, 0.0)
    assert finest.detects is not None
    assert finest.detects <= 0.06
    assert 6.0 <= finest.seconds <= 56.0
    assert prospect.spread == pytest.approx(0.004, rel=0.3)


def test_a_loud_machine_has_no_gate_on_cpu() -> None:
    prospect = prospect_of(noise(0.4), runs=50)

    assert prospect.suggested is None
    assert all(one.alarms <= 0.02 for one in prospect.tolerances)


def test_a_drift_from_run_to_run_is_what_comparisons_one_after_the_other_fall_for() -> None:
    assert not prospect_of(noise(0.004), ()).sequential
    assert prospect_of(noise(0.004, drift=0.1), ()).sequential > 0.3


def test_a_coarser_tolerance_sees_less() -> None:
    seen = [one.detects for one in prospect_of(noise(0.01), runs=50).tolerances]

    assert seen == sorted(seen)
    assert len(seen) == len(TOLERANCES)
