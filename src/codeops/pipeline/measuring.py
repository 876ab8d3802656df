"""One tree measured: every route and job of a project, priced with its price book."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from codeops import waivers
from codeops._version import __version__
from codeops.bench import Progress, environment, measure
from codeops.config import Config
from codeops.core.errors import EmptySuite
from codeops.core.pricebook import PriceBook
from codeops.core.report import Report
from codeops.core.snapshot import Snapshot, SnapshotMeta
from codeops.core.suite import Plan
from codeops.core.valuation import value_snapshot
from codeops.core.waiver import Waiver
from codeops.gate import judge
from codeops.pipeline.concluding import conclude
from codeops.pipeline.selecting import cut
from codeops.prices import load as load_pricebook
from codeops.repository import revision

__all__ = ["Measured", "demand_suite", "measure_project", "meta_of"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A project measured and priced at one moment."""

    snapshot: Snapshot
    book: PriceBook
    now: datetime
    config: Config
    waivers: tuple[Waiver, ...]

    def judge(self, base: Snapshot | None) -> Report:
        """The report of this measurement against `base`, or by itself."""
        selection, day = self.config.suite.selection, self.now.date()
        kept = base and cut(base, selection)
        report = judge(self.snapshot, kept, self.book, self.config.budget, self.config.traffic, day)
        return conclude(report, selection, self.waivers, day)


def measure_project(config: Config, on_progress: Callable[[Progress], None] | None = None) -> Measured:
    """Every route and job of the suite, measured now and priced with the project's price book.

    The price book and the waivers are read first: a slip in them must not cost a measurement.

    Raises: EmptySuite; SuiteError for what cannot be measured; FileError and PriceError for the price book and the waivers.
    """
    demand_suite(config)
    book, waived = load_pricebook(config.pricebook), waivers.load(config.waivers, config.root)
    now = datetime.now(UTC)
    meta = meta_of(config.root, config.labels, config.suite.plan, now)
    routes = measure(config.suite, on_progress=on_progress)
    return Measured(value_snapshot(Snapshot(meta=meta, routes=routes), book, now.date()), book, now, config, waived)


def demand_suite(config: Config) -> None:
    """Nothing, or `EmptySuite` when the configuration names nothing to measure."""
    if config.suite.is_empty:
        raise EmptySuite(
            f"{Path(config.path).name} names nothing to measure",
            why="there is no [[bench.request]], no [[bench.function]] and no [bench] pytest",
            fix="add one; the README's five-minute start has an example of each",
        )


def meta_of(root: str, labels: Mapping[str, str], plan: Plan, now: datetime) -> SnapshotMeta:
    """Where a snapshot of the project in `root` comes from, when it is measured now and here by this plan."""
    sha, dirty = revision.read(root)
    return SnapshotMeta(
        git_sha=sha,
        dirty=dirty,
        created_at=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        codeops=__version__,
        labels=dict(labels),
        environment=environment.read(memory=plan.memory),
    )
