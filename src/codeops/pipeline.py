"""The way of all data: measure → price → judge, from a configuration to one snapshot or one report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from codeops._version import __version__
from codeops.bench import Progress, environment, measure, revision, snapshot
from codeops.config import Config
from codeops.core.budget import Budget
from codeops.core.errors import EmptySuite, MissingBaseline
from codeops.core.pricebook import PriceBook
from codeops.core.report import Report
from codeops.core.snapshot import Snapshot, SnapshotMeta
from codeops.core.valuation import value_snapshot
from codeops.gate import judge
from codeops.prices import load as load_pricebook

__all__ = ["Measured", "gate", "measure_project"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A project measured and priced at one moment."""

    snapshot: Snapshot
    book: PriceBook
    now: datetime

    def judge(self, base: Snapshot | None, budget: Budget, traffic: Mapping[str, int]) -> Report:
        """The report of this measurement against `base`, or by itself."""
        return judge(self.snapshot, base, self.book, budget, traffic, self.now.date())


def measure_project(config: Config, on_progress: Callable[[Progress], None] | None = None) -> Measured:
    """Every route and job of the suite, measured now and priced with the project's price book.

    The price book is read first: a slip in it must not cost a measurement.

    Raises: EmptySuite; SuiteError for what cannot be measured; FileError and PriceError for the price book.
    """
    if config.suite.is_empty:
        raise EmptySuite(
            f"{Path(config.path).name} names nothing to measure",
            why="there is no [[bench.request]], no [[bench.function]] and no [bench] pytest",
            fix="add one; the README's five-minute start has an example of each",
        )
    book = load_pricebook(config.pricebook)
    now = datetime.now(UTC)
    sha, dirty = revision.read(config.root)
    routes = measure(config.suite, on_progress=on_progress)
    meta = SnapshotMeta(
        git_sha=sha,
        dirty=dirty,
        created_at=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        codeops=__version__,
        labels=dict(config.labels),
        environment=environment.read(),
    )
    return Measured(value_snapshot(Snapshot(meta=meta, routes=routes), book, now.date()), book, now)


def gate(config: Config, on_progress: Callable[[Progress], None] | None = None) -> Report:
    """The project as it stands against its stored baseline, judged by its budgets.

    Raises: MissingBaseline, and what `measure_project` raises.
    """
    if not Path(config.baseline).is_file():
        raise MissingBaseline(
            "there is no baseline to compare with",
            why=f"{config.baseline} does not exist",
            fix="codeops bench --update-baseline on the branch you compare with, and commit the file",
        )
    base = snapshot.load(config.baseline)
    return measure_project(config, on_progress).judge(base, config.budget, config.traffic)
