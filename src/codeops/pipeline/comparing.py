"""Two trees measured against each other in one job: base and head in pairs of processes, judged together."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from codeops import waivers
from codeops.bench import Progress
from codeops.bench.matching import match
from codeops.bench.pairing import Pairing, Patience, measure_pairs
from codeops.bench.side import Start
from codeops.config import Config
from codeops.config import load as load_config
from codeops.core.pricebook import PriceBook
from codeops.core.report import Report, Verdict
from codeops.core.snapshot import Snapshot
from codeops.core.valuation import value_snapshot
from codeops.gate import judge
from codeops.gate.paired import LOOKS
from codeops.pipeline.concluding import conclude
from codeops.pipeline.measuring import Measured, demand_suite, meta_of
from codeops.prices import load as load_pricebook

__all__ = ["Against", "compare_trees"]

_FEW_ROUTES = 20
_SECONDS, _SECONDS_FOR_MANY = 120.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What the project is compared with, and how long that may take.

    `folder` holds the base as a plain folder; without it the base is the commit in which HEAD left `ref`, or the target branch where
    `ref` is empty. Units: `seconds` of measuring, None for the default of two minutes, five for more than 20 routes.
    """

    ref: str = ""
    folder: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The base's project: its folder, and what its own configuration says, None without one."""

    root: str
    config: Config | None


def compare_trees(config: Config, against: Against, on_progress: Callable[[Progress], None] | None = None) -> tuple[Measured, Report]:
    """The project as it stands in its folder, measured against its base, and the report of the two.

    Raises: EmptySuite; SuiteError when the head cannot be measured; FileError and PriceError for the head's price book;
    MissingBase when there is nothing to compare with.
    """
    demand_suite(config)
    book = load_pricebook(config.pricebook)
    with _base_tree(config, against) as tree:
        return _Comparison(config, book, tree).measure(against, on_progress)


class _Comparison:
    def __init__(self, config: Config, book: PriceBook, tree: _Tree) -> None:
        self._config, self._book, self._tree = config, book, tree
        self._waivers = waivers.load(config.waivers, config.root)
        self._now = datetime.now(UTC)
        self._meta = meta_of(config.root, config.labels, self._now)
        base = tree.config
        self._base_meta = meta_of(tree.root, base.labels if base else config.labels, self._now)

    def measure(self, against: Against, on_progress: Callable[[Progress], None] | None) -> tuple[Measured, Report]:
        suite, base = self._config.suite, self._tree.config
        matched = match(suite, base.suite if base else None, self._tree.root)
        starts = (Start(origin=self._config.root), Start())
        found = measure_pairs(suite, matched, starts, self._patience(against), self._undecided, on_progress)
        return self._measured(found), self._report(found)

    def _patience(self, against: Against) -> Patience:
        default = _SECONDS if len(self._config.suite.cases) <= _FEW_ROUTES else _SECONDS_FOR_MANY
        return Patience(seconds=default if against.seconds is None else against.seconds, looks=LOOKS)

    def _undecided(self, found: Pairing) -> list[str]:
        """The routes that more pairs may decide; what is waived need not be."""
        undecided = [one for one in self._report(found).budgets if one.verdict is Verdict.INCONCLUSIVE and not one.waived]
        is_suite_open = any(not budget.route for budget in undecided)
        open_routes = {budget.route for budget in undecided if budget.kind == "regression"}
        return [route for route in found.courses if is_suite_open or route in open_routes]

    def _measured(self, found: Pairing) -> Measured:
        snapshot = Snapshot(meta=self._meta, routes=found.head)
        return Measured(value_snapshot(snapshot, self._book, self._now.date()), self._book, self._now, self._config, self._waivers)

    def _report(self, found: Pairing) -> Report:
        base = Snapshot(meta=self._base_meta, routes=found.base)
        head = self._measured(found).snapshot
        pairs = {route: [course.cpu for course in courses] for route, courses in found.courses.items()}
        day = self._now.date()
        report = judge(head, base, self._book, self._config.budget, self._config.traffic, day, paired=pairs)
        return conclude(report, self._config.suite.selection, self._waivers, day)


@contextmanager
def _base_tree(config: Config, against: Against) -> Generator[_Tree]:
    """The base's folder for as long as it is needed."""
    if not against.folder:
        raise NotImplementedError
    yield _Tree(root=str(Path(against.folder).resolve()), config=_base_config(config, against.folder))


def _base_config(config: Config, folder: str) -> Config | None:
    """What the base says about itself and is selected; None where it does not know CodeOps yet."""
    path = Path(folder, Path(config.path).name)
    if not path.is_file():
        return None
    found = load_config(str(path), folder)
    return replace(found, suite=found.suite.selected(config.suite.selection))
