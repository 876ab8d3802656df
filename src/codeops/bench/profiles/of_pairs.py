"""Profiles of base and head, taken apart from what was timed, of the routes that somebody wants to know more about."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from codeops.bench.lap import processors
from codeops.bench.pairs.pair import Lane
from codeops.bench.pairs.pairing import Pairing
from codeops.bench.profiles.profile import Profile, is_available, merged
from codeops.bench.side import Side, Start, Subject
from codeops.core.errors import SuiteError

__all__ = ["profile_pairs"]

_TURNS = 5
_TURN_S = 0.25
"""Of CPU. Five turns are some 900 looks: a line with a tenth of the CPU is known to a tenth of that."""


def profile_pairs(found: Pairing, starts: tuple[Start, Start], routes: Collection[str]) -> None:
    """Adds profiles of these routes on both sides to what was found, where the system allows them.

    A side that fails now, after it was measured, leaves its route without one.
    """
    wanted = [route for route in routes if route in found.courses]
    if not wanted or not is_available():
        return
    lanes = [lane for lane in found.survey.lanes if lane.route in wanted]
    with suppress(SuiteError), ExitStack() as stack:
        if lanes:
            base = stack.enter_context(Side(found.survey.matched.suite, starts[0]))
            head = stack.enter_context(Side(found.suite, starts[1]))
            base.wait()
            head.wait()
            for lane in lanes:
                found.profiles[lane.route] = _profile(base, head, lane)
    if any(route in found.tests.cases for route in wanted):
        with suppress(SuiteError):
            found.profiles |= found.tests.run(starts, wanted, _profile)


def _profile(base: Subject, head: Subject, lane: Lane) -> tuple[Profile, Profile]:
    profiles: tuple[list[Profile], list[Profile]] = ([], [])
    own = processors()
    with ThreadPoolExecutor(2) as pool:  # both at once: nothing is timed
        for _ in range(_TURNS):
            start = lane.take(1)
            taken = [
                pool.submit(side.profile, number, start, _TURN_S, processor)
                for side, number, processor in ((base, lane.base, own[0]), (head, lane.head, own[-1]))
            ]
            for profile, found in zip(profiles, taken, strict=True):
                profile.append(found.result())
    return merged(profiles[0]), merged(profiles[1])
