"""The pytest plug-in: marker `cost`, fixture `cost`, a table at the end, and a snapshot on request.

It is imported into every pytest run, so it imports nothing until a test asks for the fixture.
"""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from codeops.bench.in_pytest.fixture import Benchmark, Results, Taker
    from codeops.core.selection import Selection
    from codeops.core.suite import Plan

__all__ = [
    "PlanPlugin",
    "cost",
    "measures",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "route_of",
    "taker_key",
]

_MARKER = (
    "cost(route=... | job=..., unit='', units=''): measures what the call under the `cost` fixture consumes; "
    "a job may say how many units ('GB', 'record') one call works through"
)

taker_key: "pytest.StashKey[Taker]" = pytest.StashKey()
"""Where a run keeps what measures its functions, if that is not the plug-in itself."""

_results: "pytest.StashKey[Results]" = pytest.StashKey()
_plan: "pytest.StashKey[Plan]" = pytest.StashKey()
_counts = pytest.StashKey[bool]()


class PlanPlugin:
    """Tells the plug-in what to measure and how much; `codeops bench` passes its own plan this way."""

    def __init__(self, plan: "Plan", selection: "Selection") -> None:
        self._plan, self._selection = plan, selection

    def pytest_configure(self, config: pytest.Config) -> None:
        """Keeps the plan where the fixture finds it."""
        config.stash[_plan] = self._plan

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leaves out the benchmarks of routes that are not selected; tests that measure nothing stay."""
        left_out = [item for item in items if measures(item) and not self._selection.takes(route_of(item))]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the plug-in."""
    group = parser.getgroup("codeops", "cost of requests")
    group.addoption("--cost-out", metavar="FILE", default="", help="write what was measured to a snapshot file, without prices")
    group.addoption("--cost-disable", action="store_true", help="call each function under the cost fixture once and measure nothing")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker; counts from here on when the measurement is what pytest was started for."""
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("--cost-out"):
        _count(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Counts from here on, before any fixture makes a client, when a test measures."""
    if any(measures(item) for item in items):
        _count(config)


def measures(item: pytest.Item) -> bool:
    """Whether the item asks for our fixture: an argument of its own table, and a fixture of its project, may be called `cost` as well."""
    if "cost" in getattr(getattr(item, "callspec", None), "params", {}):
        return False
    for definition in reversed(_definitions(item)):
        if definition.func.__module__ == __name__:
            return True
        if "cost" not in definition.argnames:
            return False  # it stands in front of ours, and does not ask for it
    return False


def _definitions(item: pytest.Item) -> "Sequence[Any]":
    """The fixtures called `cost` that the item can see, the nearest last; pytest has no public way to tell."""
    found: Sequence[Any] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get("cost", ())
    return found


def route_of(item: pytest.Item) -> str:
    """The route or job that a benchmark measures: what its marker says, or else its own name."""
    marker = item.get_closest_marker("cost")
    options = marker.kwargs if marker else {}
    return str(options.get("route") or options.get("job") or item.nodeid)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Takes out the hooks that were put in."""
    if config.stash.get(_counts, False):
        from codeops.instrument import hooks

        hooks.uninstall()


def _count(config: pytest.Config) -> None:
    from codeops.instrument import hooks

    if not config.getoption("--cost-disable") and not hooks.installed():
        hooks.install()
        config.stash[_counts] = True


@pytest.fixture
def cost(request: pytest.FixtureRequest) -> "Generator[Benchmark]":
    """Calls `cost(function, *args, **kwargs)` as often as measuring takes; returns what the last call returned."""
    from codeops.bench.in_pytest.fixture import Benchmark, Results
    from codeops.core.suite import Plan

    config = request.config
    root = str(config.rootpath)
    taker = config.stash.get(taker_key, None) or config.stash.setdefault(_results, Results(root, config.stash.get(_plan, Plan())))
    marker = request.node.get_closest_marker("cost")
    benchmark = Benchmark(
        taker,
        root,
        route_of(request.node),
        dict(marker.kwargs) if marker else {},
        is_disabled=config.getoption("--cost-disable"),
        is_distributed=hasattr(config, "workerinput"),
    )
    yield benchmark
    benchmark.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints what was measured."""
    results = config.stash.get(_results, None)
    if results is not None and results.routes:
        terminalreporter.section("cost of one request")
        for line in results.table():
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the snapshot that `--cost-out` names."""
    out = session.config.getoption("--cost-out")
    if out and not hasattr(session.config, "workerinput"):
        from codeops.bench.in_pytest.fixture import Results
        from codeops.core.suite import Plan

        session.config.stash.setdefault(_results, Results(str(session.config.rootpath), Plan())).save(out)
