"""Pytest's benchmarks in pairs: two runs of pytest walk from benchmark to benchmark together."""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from codeops.bench import sampler, summary
from codeops.bench.in_pytest.side import PytestSide
from codeops.bench.pairs.pair import Lane
from codeops.bench.pairs.survey import Survey, words_of
from codeops.bench.side import Start
from codeops.core.cost import Caveat
from codeops.core.errors import InvalidValue, SuiteError
from codeops.core.snapshot import RouteUsage
from codeops.core.suite import FunctionCase, Suite

__all__ = ["PytestPairing"]

Found = TypeVar("Found")


class PytestPairing:
    """The benchmarks of a suite; `cases` are those of base and head that were measured in pairs."""

    def __init__(self, suite: Suite, survey: Survey) -> None:
        self._suite, self._base_suite, self._survey = suite, survey.matched.suite, survey
        self._head_routes: list[str] = []
        self._base_routes: list[str] = []
        self._is_first = True
        self.cases: dict[str, tuple[FunctionCase, FunctionCase]] = {}

    def run(
        self, starts: tuple[Start, Start], wanted: Collection[str], act: Callable[[PytestSide, PytestSide, Lane], Found]
    ) -> dict[str, Found]:
        """What `act` finds out at each of the benchmarks `wanted`, the first time at all.

        Raises: SuiteError when the head cannot be measured; what is wrong with the base becomes a doubt about its routes.
        """
        with ExitStack() as stack:
            base = stack.enter_context(PytestSide(self._base_suite, starts[0])) if self._base_suite.pytest else None
            head = stack.enter_context(PytestSide(self._suite, starts[1]))
            base = self._collect(base, head)
            order = [*self._head_routes, *(route for route in self._base_routes if route not in self._head_routes)]
            asked = [route for route in order if self._is_first or route in wanted]
            head.select([route for route in asked if route in self._head_routes])
            if base is not None:
                base.select([route for route in asked if route in self._base_routes])
            found = self._walk(base, head, asked, act)
            head.demand_success()
        self._is_first = False
        return found

    def _collect(self, base: PytestSide | None, head: PytestSide) -> PytestSide | None:
        """Finds out what each side has; None when the base has nothing to say."""
        self._head_routes = head.routes()
        try:
            self._base_routes = base.routes() if base is not None else []
        except SuiteError as problem:
            self._survey.doubts |= dict.fromkeys(self._head_routes, words_of(problem))
            base = None
        twice = {case.route for case in self._suite.cases}.intersection(self._head_routes)
        if twice:
            raise InvalidValue(f"{min(twice)} is measured twice", why="two cases of the suite have this route", fix="give each its own")
        return base

    def _walk(
        self, base: PytestSide | None, head: PytestSide, order: list[str], act: Callable[[PytestSide, PytestSide, Lane], Found]
    ) -> dict[str, Found]:
        all_found: dict[str, Found] = {}
        for route in order:
            sides = [side for side in (base, head) if side is not None and side.case is not None and side.case.route == route]
            if base is not None and len(sides) > 1:
                found = self._pair(base, head, route, act)
                if found is not None:
                    all_found[route] = found
            elif sides:
                self._alone(sides[0], route, is_head=sides[0] is head)
            for side in sides:
                side.next()
        return all_found

    def _pair(self, base: PytestSide, head: PytestSide, route: str, act: Callable[[PytestSide, PytestSide, Lane], Found]) -> Found | None:
        cases = (base.case, head.case)
        try:
            found = act(base, head, Lane(route=route, base=0, head=0))
        except SuiteError as problem:
            if base.failure is not problem:
                raise
            self._survey.doubts[route] = words_of(problem)
            if route not in self.cases:
                self._survey.head_only[route] = _usage(head)
            return None
        if cases[0] is not None and cases[1] is not None:
            self.cases[route] = (cases[0], cases[1])
        return found

    def _alone(self, side: PytestSide, route: str, *, is_head: bool) -> None:
        """Measures what the other side has not got, or has not got to."""
        survey = self._survey
        if not is_head:
            if route not in self._head_routes:
                survey.base_only[route] = _usage(side)
            return
        if route in self._base_routes:
            survey.doubts[route] = "the base's test ended before its benchmark"
        elif route not in survey.doubts:
            survey.notes.append(Caveat("not-in-base", route, f"{route} counts as new, because the base has no such benchmark"))
        if route not in self.cases:
            survey.head_only[route] = _usage(side)


def _usage(side: PytestSide) -> RouteUsage:
    if side.case is None:
        raise TypeError("the run has not stopped at a benchmark")
    blocks = sampler.sample(side.suite.plan, partial(side.measure, 0), lambda _: None)
    return summary.of_case(side.case, blocks, side.suite.root)
