"""Two trees measured against each other in one job: base and head in pairs of processes, judged together."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from codeops import waivers
from codeops.bench import Progress
from codeops.bench.pairs.matching import match
from codeops.bench.pairs.pairing import Pairing, Patience, measure_pairs
from codeops.bench.profiles.of_pairs import profile_pairs
from codeops.bench.side import Start
from codeops.config import Config
from codeops.core.pricebook import PriceBook
from codeops.core.report import Report, Verdict
from codeops.core.snapshot import Snapshot
from codeops.core.valuation import value_snapshot
from codeops.gate import judge
from codeops.gate.paired import FEW_ROUTES, looks_for
from codeops.pipeline.base_tree import Against, BaseTree, base_tree
from codeops.pipeline.concluding import conclude
from codeops.pipeline.counter import Counter, choose
from codeops.pipeline.evidence import base_prices, evidence_of, pairs_of
from codeops.pipeline.levels import levelled
from codeops.pipeline.measuring import Measured, demand_suite, meta_of
from codeops.prices import load as load_pricebook

__all__ = ["compare_trees"]

_SECONDS, _SECONDS_FOR_MANY = 120.0, 300.0


def compare_trees(config: Config, against: Against, on_progress: Callable[[Progress], None] | None = None) -> tuple[Measured, Report]:
    """The project as it stands in its folder, measured against its base, and the report of the two.

    Raises: EmptySuite; SuiteError when the head cannot be measured; FileError and PriceError for the head's price book;
    MissingBase when there is nothing to compare with; UnsupportedCounter for instructions where there is no valgrind.
    """
    demand_suite(config)
    counter = choose(config, against.counter or config.counter)
    book = load_pricebook(config.pricebook)
    with base_tree(config, against) as tree:
        return _Comparison(config, book, tree, counter).measure(against, on_progress)


class _Comparison:
    def __init__(self, config: Config, book: PriceBook, tree: BaseTree, counter: Counter) -> None:
        self._config, self._book, self._tree, self._counter = config, book, tree, counter
        self._waivers = waivers.load(config.waivers, config.root)
        self._now = datetime.now(UTC)
        base, plan = tree.config, config.suite.plan
        self._meta = meta_of(config.root, config.labels, plan, self._now)
        self._base_meta = meta_of(tree.root, base.labels if base else config.labels, plan, self._now)

    def measure(self, against: Against, on_progress: Callable[[Progress], None] | None) -> tuple[Measured, Report]:
        suite, base = self._config.suite, self._tree.config
        matched = match(suite, base.suite if base else None, self._tree.root)
        starts = (Start(env=self._tree.env, origin=self._tree.origin, place=self._tree.place), Start())
        found = measure_pairs(
            suite,
            matched,
            starts,
            self._patience(against),
            self._undecided,
            on_progress,
            with_instructions=self._counter.with_instructions,
        )
        report = self._report(found)
        profile_pairs(found, starts, _in_question(report))
        return self._measured(found), self._report(found) if found.profiles else report

    def _patience(self, against: Against) -> Patience:
        routes = len(self._config.suite.cases)
        default = _SECONDS if routes <= FEW_ROUTES else _SECONDS_FOR_MANY
        asked = self._config.time_budget_s if against.seconds is None else against.seconds
        return Patience(seconds=default if asked is None else asked, looks=(1, *looks_for(routes)))

    def _undecided(self, found: Pairing) -> list[str]:
        """The routes that more pairs may decide; what is waived need not be, what is in doubt cannot be."""
        undecided = [one for one in self._report(found).budgets if one.verdict is Verdict.INCONCLUSIVE and not one.waived]
        is_suite_open = any(not budget.route for budget in undecided)
        open_routes = {budget.route for budget in undecided if budget.kind == "regression"}
        if self._tree.doubt:
            return []
        return [route for route in found.courses.keys() - found.survey.doubts if is_suite_open or route in open_routes]

    def _measured(self, found: Pairing) -> Measured:
        routes = levelled(found.head, found.base, pairs_of(found))
        snapshot = Snapshot(meta=self._meta, routes=routes)
        return Measured(value_snapshot(snapshot, self._book, self._now.date()), self._book, self._now, self._config, self._waivers)

    def _report(self, found: Pairing) -> Report:
        before = Snapshot(meta=self._base_meta, routes=found.base)
        head = self._measured(found).snapshot
        day, own = self._now.date(), self._tree.config
        base_book, notes = base_prices(self._tree, before, day)
        report = judge(
            head,
            before,
            self._book,
            self._config.budget,
            self._config.traffic,
            day,
            evidence=evidence_of(found, self._tree, (*self._counter.notes, *notes)),
            base_book=base_book,
            base_traffic=own.traffic if own else None,
        )
        base = report.base and replace(report.base, label=self._tree.words)
        return conclude(replace(report, base=base), self._config.suite.selection, self._waivers, day)


def _in_question(report: Report) -> list[str]:
    """The routes of which it will be asked where their CPU goes: those with a budget that is broken or open."""
    return sorted({budget.route for budget in report.budgets if budget.route and budget.verdict is not Verdict.PASS})
