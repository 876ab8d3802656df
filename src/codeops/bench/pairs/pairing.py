"""Base and head measured against each other: pairs of processes until every route is decided, or patience ends."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from random import SystemRandom

from codeops.bench import summary
from codeops.bench.counters.counting import count_bytecode, count_instructions
from codeops.bench.in_pytest.pairing import PytestPairing
from codeops.bench.measurement import Progress
from codeops.bench.pairs.matching import Matched
from codeops.bench.pairs.pair import Course, Lane, run
from codeops.bench.pairs.survey import Survey, words_of
from codeops.bench.profiles.hotspots import with_lines
from codeops.bench.profiles.profile import Profile
from codeops.bench.side import Side, Start, Subject
from codeops.core.cost import Caveat
from codeops.core.errors import CodeOpsError, SuiteError
from codeops.core.snapshot import RouteUsage
from codeops.core.suite import Case, ServiceCase, Suite

__all__ = ["Pairing", "Patience", "measure_pairs"]

_COUNTED_AGAIN = 2  # requests in each later pair: a count that depends on the hash seed shows there
_SEEDS = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long routes that are not decided may be measured.

    Units: `seconds` of measuring, after which no pair is begun; `looks` are the numbers of pairs after which the rule is asked.
    """

    seconds: float
    looks: Sequence[int]


@dataclass(slots=True, kw_only=True)
class Pairing:
    """What has been measured so far.

    Units: `pairs` process pairs; `spent_s` seconds since the first process was started.
    """

    suite: Suite
    survey: Survey
    tests: PytestPairing
    courses: dict[str, list[Course]] = field(default_factory=dict)
    profiles: dict[str, tuple[Profile, Profile]] = field(default_factory=dict)
    pairs: int = 0
    spent_s: float = 0.0

    @property
    def base(self) -> dict[str, RouteUsage]:
        """The base's usage by route."""
        return self._usage(0, self.survey.matched.suite.root, self.survey.base_only)

    @property
    def head(self) -> dict[str, RouteUsage]:
        """The head's usage by route."""
        return self._usage(1, self.suite.root, self.survey.head_only)

    def _usage(self, side: int, root: str, alone: Mapping[str, RouteUsage]) -> dict[str, RouteUsage]:
        """What was measured in pairs, on one side, beside what was measured `alone` there."""
        paired = {
            route: summary.of_case(
                self._cases[route][side],
                [block for course in courses for block in (course.base_counted, course.head_counted)[side]],
                root,
                [lap for course in courses for lap in (course.base, course.head)[side]],
            )
            for route, courses in self.courses.items()
        }
        return {**alone, **with_lines(paired, {route: both[side] for route, both in self.profiles.items()}, root)}

    @property
    def _cases(self) -> dict[str, tuple[Case, Case]]:
        """What was measured of each route on base and head."""
        base = self.survey.matched.suite.cases
        return {lane.route: (base[lane.base], self.suite.cases[lane.head]) for lane in self.survey.lanes} | self.tests.cases


def measure_pairs(
    suite: Suite,
    matched: Matched,
    starts: tuple[Start, Start],
    patience: Patience,
    undecided: Callable[[Pairing], Collection[str]],
    on_progress: Callable[[Progress], None] | None = None,
    *,
    with_instructions: bool = False,
) -> Pairing:
    """The head's suite against what matches it of the base, in as many pairs as it takes.

    `starts` are those of base and head. `undecided` is asked at each look which routes want more pairs. `with_instructions` counts them
    too in each pair, where valgrind is.

    Raises: SuiteError when the head cannot be measured; what is wrong with the base becomes a doubt about its routes.
    """
    run_ = _Run(suite, matched, starts, on_progress or (lambda _: None), with_instructions=with_instructions)
    return run_.measure(patience, undecided)


class _Run:
    def __init__(
        self, suite: Suite, matched: Matched, starts: tuple[Start, Start], tell: Callable[[Progress], None], *, with_instructions: bool
    ) -> None:
        self._suite, self._matched, self._starts, self._tell = suite, matched, starts, tell
        self._random = SystemRandom()
        self._begin_s = time.monotonic()
        self._open: set[str] = set()
        self._countable = {case.route for case in suite.cases if with_instructions and not isinstance(case, ServiceCase)}
        survey = Survey(matched)
        self._found = Pairing(suite=suite, survey=survey, tests=PytestPairing(suite, survey))
        if with_instructions:
            survey.notes += _timed(suite)

    def measure(self, patience: Patience, undecided: Callable[[Pairing], Collection[str]]) -> Pairing:
        found = self._found
        while found.pairs < patience.looks[-1] and (not found.pairs or found.spent_s < patience.seconds):
            self._progress()
            starts = self._seeded()
            is_done = self._pair_cases(starts)
            if is_done:
                self._count(starts)
                self._pair_tests(starts)
                found.pairs += 1
            found.spent_s = time.monotonic() - self._begin_s
            if is_done and found.pairs in patience.looks:
                self._open &= set(undecided(found))
            if is_done and not self._open:
                break
        return found

    def _progress(self) -> None:
        total = len(self._suite.cases)
        words = f"pair {self._found.pairs + 1}" + (f", {', '.join(sorted(self._open))}" if 0 < len(self._open) < 4 else "")
        self._tell(Progress(words, total - len(self._open) if self._found.pairs else 0, total))

    def _seeded(self) -> tuple[Start, Start]:
        """The starts of one pair, with the same hash seed."""
        seed = {"PYTHONHASHSEED": str(self._random.randrange(_SEEDS))}
        base, head = (replace(start, env={**seed, **start.env}) for start in self._starts)
        return base, head

    def _pair_cases(self, starts: tuple[Start, Start]) -> bool:
        """Whether the suite's own cases are done with this pair; otherwise there is one route less, and it has to be tried again."""
        known = {case.route for case in self._suite.cases}
        if not known or (self._found.survey.is_complete and not self._open & known):
            return True
        plans = [(self._matched.suite, starts[0]), (self._suite, starts[1])]
        sides: dict[int, Side] = {}
        with ExitStack() as stack:
            for place in self._random.sample((0, 1), 2):
                sides[place] = stack.enter_context(Side(*plans[place]))
            return self._pair(sides[0], sides[1])

    def _count(self, starts: tuple[Start, Start]) -> None:
        """Counts the instructions of the routes that were just measured; those that cannot be are timed only, and a note says so."""
        found = self._found
        lanes = [lane for lane in found.survey.lanes if lane.route in self._open & self._countable]
        counted = count_instructions([(self._matched.suite, starts[0]), (self._suite, starts[1])], lanes)
        for route, instructions in counted.instructions.items():
            found.courses[route][-1].instructions = instructions
        for route, problem in counted.problems.items():
            self._countable.discard(route)
            found.survey.notes.append(
                Caveat("not-counted", route, f"its CPU is timed, because its instructions cannot be counted: {problem}")
            )

    def _pair_tests(self, starts: tuple[Start, Start]) -> None:
        """One pair of pytest's benchmarks, if there are any that are not decided."""
        found = self._found
        known = {case.route for case in self._suite.cases}
        if not self._suite.pytest or (found.pairs and self._open <= known):
            return
        courses = found.tests.run(starts, self._open, self._run_one)
        self._keep(courses)
        if not found.pairs:
            self._open |= courses.keys()
        self._open -= found.survey.doubts.keys()

    def _run_one(self, base: Subject, head: Subject, lane: Lane) -> Course:
        course = run(base, head, [lane], self._requests(), self._random)[lane.route]
        self._count_bytecode(base, head, lane, course)
        return course

    def _count_bytecode(self, base: Subject, head: Subject, lane: Lane, course: Course) -> None:
        """Once is enough: no seed moves it. It comes after what is timed, which it would slow down."""
        if lane.route not in self._found.courses:
            course.bytecode = count_bytecode(base, head, lane)

    def _requests(self) -> int:
        """How many requests of a route are counted in this pair."""
        return _COUNTED_AGAIN if self._found.pairs else self._suite.plan.min_samples

    def _keep(self, courses: Mapping[str, Course]) -> None:
        for route, course in courses.items():
            self._found.courses.setdefault(route, []).append(course)

    def _pair(self, base: Side, head: Side) -> bool:
        """Whether a pair was measured; otherwise there is one route less, and it has to be tried again."""
        survey = self._found.survey
        head.demand_ready()
        try:
            base.wait()
        except SuiteError as problem:
            self._give_up(head, problem)
            return True
        if not survey.is_complete:
            if not survey.look(base, head):
                return False
            self._open = {lane.route for lane in survey.lanes}
        return self._run(base, head)

    def _give_up(self, head: Side, problem: CodeOpsError) -> None:
        """What is left when the base does not start: before the first pair the head alone, later the pairs that there are."""
        survey = self._found.survey
        if survey.is_complete:
            survey.doubts |= dict.fromkeys(self._open, words_of(problem))
        else:
            survey.give_up(head, problem)
        self._open -= {case.route for case in self._suite.cases}

    def _run(self, base: Side, head: Side) -> bool:
        lanes = [lane for lane in self._found.survey.lanes if lane.route in self._open]
        try:
            courses = run(base, head, lanes, self._requests(), self._random)
            for lane in lanes:
                if not isinstance(self._suite.cases[lane.head], ServiceCase):
                    self._count_bytecode(base, head, lane, courses[lane.route])
            self._keep(courses)
        except SuiteError as problem:
            if base.failure is not problem:
                raise
            self._drop(base.failed_route, problem, head)
            return False
        return True

    def _drop(self, route: str, problem: CodeOpsError, head: Side) -> None:
        """Goes on without a route that the base stopped answering."""
        survey = self._found.survey
        survey.doubts[route] = words_of(problem)
        self._open.discard(route)
        if route not in self._found.courses:
            survey.measure_alone(head, route)


def _timed(suite: Suite) -> list[Caveat]:
    """What is timed where everything else is counted."""
    text = "its CPU is timed, because it answers in a process of its own"
    notes = [Caveat("not-counted", case.route, text) for case in suite.cases if isinstance(case, ServiceCase)]
    if suite.pytest:
        notes.append(Caveat("not-counted", "", "the CPU of pytest's benchmarks is timed: pytest takes too long under valgrind"))
    return notes
