"""The survey: each case tried once on both sides, to find out which routes can be compared and why others cannot."""

from functools import partial

from codeops.bench import sampler, summary
from codeops.bench.pairs.matching import Matched
from codeops.bench.pairs.pair import Lane
from codeops.bench.side import Side
from codeops.bench.target import BROKEN_IMPORT
from codeops.core.cost import Caveat
from codeops.core.errors import CodeOpsError, FailedCall, SuiteError, UnexpectedStatus, UnimportableTarget, WorkerDied
from codeops.core.snapshot import RouteUsage

__all__ = ["Survey", "words_of"]

_ABSENT = (UnexpectedStatus, FailedCall, UnimportableTarget)


class Survey:
    """What stands against what.

    `lanes` are the routes that both sides answer; `doubts` those that the base has but cannot be asked for, with the reason.
    `head_only` and `base_only` hold the usage of what one side alone measures; `notes` are caveats about single routes.
    """

    def __init__(self, matched: Matched) -> None:
        self.matched = matched
        self.lanes: list[Lane] = []
        self.doubts: dict[str, str] = {}
        self.head_only: dict[str, RouteUsage] = {}
        self.base_only: dict[str, RouteUsage] = {}
        self.notes: list[Caveat] = []
        self.is_complete = False
        self._tried: set[str] = set()

    def give_up(self, head: Side, problem: CodeOpsError) -> None:
        """Measures the head alone, because nothing of the base can be.

        Raises: SuiteError.
        """
        for case in head.cases:
            self.doubts[case.route] = words_of(problem)
            self.measure_alone(head, case.route)
        self.is_complete = True

    def look(self, base: Side, head: Side) -> bool:
        """Tries what has not been tried; whether both sides are still there afterwards.

        Raises: SuiteError when the head cannot be measured.
        """
        for number, case in enumerate(head.cases):
            if case.route in self._tried:
                continue
            self._tried.add(case.route)
            head.measure(number, 0, 1)
            problem = self._try(base, number, case.route)
            if isinstance(problem, WorkerDied):
                return False
        for route in {case.route for case in head.cases} - {lane.route for lane in self.lanes}:
            self.measure_alone(head, route)
        for number in self.matched.gone:
            self._measure_gone(base, number)
        self.is_complete = True
        return True

    def measure_alone(self, head: Side, route: str) -> None:
        """Measures a route of the head that is not compared.

        Raises: SuiteError.
        """
        self.lanes = [lane for lane in self.lanes if lane.route != route]
        number = next(number for number, case in enumerate(head.cases) if case.route == route)
        self.head_only[route] = _alone(head, number)

    def _try(self, base: Side, number: int, route: str) -> CodeOpsError | None:
        problem = _attempt(base, self.matched.numbers[number])
        if problem is None:
            self.lanes.append(Lane(route=route, base=self.matched.numbers[number], head=number, next=1))
            return None
        twin = self.matched.twins.get(number)
        if twin is not None and not isinstance(problem, WorkerDied) and _attempt(base, twin) is None:
            text = f"the base does not answer the head's request ({problem.title}); it is measured with its own"
            self.notes.append(Caveat("request-differs", route, text))
            self.lanes.append(Lane(route=route, base=twin, head=number, next=1))
            return None
        if route in self.matched.listed or not isinstance(problem, _ABSENT) or problem.about == BROKEN_IMPORT:
            self.doubts[route] = words_of(problem)
        else:
            self.notes.append(Caveat("not-in-base", route, f"{route} counts as new, because the base does not have it: {problem.title}"))
        return problem

    def _measure_gone(self, base: Side, number: int) -> None:
        route = base.cases[number].route
        try:
            self.base_only[route] = _alone(base, number)
        except SuiteError as problem:
            self.notes.append(Caveat("base-fails", route, f"{route} is gone, and the base cannot be asked what it cost: {problem.title}"))


def _attempt(side: Side, number: int) -> CodeOpsError | None:
    """Why the case cannot be measured; None when it can."""
    if side.problems[number] is not None:
        return side.problems[number]
    try:
        side.measure(number, 0, 1)
    except SuiteError as problem:
        return problem
    return None


def _alone(side: Side, number: int) -> RouteUsage:
    blocks = sampler.sample(side.suite.plan, partial(side.measure, number), lambda _: None)
    return summary.of_case(side.cases[number], blocks, side.suite.root)


def words_of(problem: CodeOpsError) -> str:
    """Why the base cannot be measured, on one line."""
    place = f" ({problem.location})" if problem.location else ""
    return f"the base cannot be measured: {problem.title}{place}" + (f", {problem.why.splitlines()[0]}" if problem.why else "")
