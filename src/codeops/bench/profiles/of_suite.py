"""The profile of a whole suite, taken in a process of its own when everything has been measured."""

from collections.abc import Callable
from contextlib import suppress

from codeops.bench.measurement import Progress
from codeops.bench.profiles.profile import Profile, is_available, merged
from codeops.bench.side import Side
from codeops.core.errors import SuiteError
from codeops.core.suite import Suite

__all__ = ["profile_suite"]

_TURNS, _TURN_S = 2, 0.25


def profile_suite(suite: Suite, on_progress: Callable[[Progress], None] | None = None) -> dict[str, Profile]:
    """Where each route and job spends its CPU, by name, where the system allows it; pytest's benchmarks have none.

    What fails now, after it was measured, is left out.
    """
    found: dict[str, Profile] = {}
    if not is_available() or not suite.cases:
        return found
    with suppress(SuiteError), Side(suite) as side:
        side.wait()
        for number, case in enumerate(side.cases):
            if on_progress is not None:
                on_progress(Progress(f"lines of {case.route}", number, len(side.cases)))
            with suppress(SuiteError):
                found[case.route] = merged([side.profile(number, turn, _TURN_S) for turn in range(_TURNS)])
    return found
