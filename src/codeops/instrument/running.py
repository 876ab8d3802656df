"""The one instrumentation of this process: put in, taken out, and begun anew in the child after a fork."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry import context as api

from codeops import discovery
from codeops.core.errors import CodeOpsError, InvalidValue, UnsupportedLedger
from codeops.core.pricebook import PriceBook
from codeops.instrument import hooks, ledger, network, place, recorder, tenant
from codeops.instrument.accounting import Accounting
from codeops.instrument.guard import complain, guarded
from codeops.instrument.ledger.books import Books
from codeops.instrument.memory import Meter
from codeops.instrument.rates import Rates
from codeops.instrument.settings import Settings
from codeops.instrument.tracing import metrics
from codeops.instrument.tracing.providers import Providers
from codeops.instrument.tracing.sdk import Spans

__all__ = ["SWITCHES", "Running", "now", "start", "stop"]

SWITCHES = "codeops.instrument.switches"
"""The slot of switch points."""

_MARK = "_codeops_running"
"""Where all copies of this package find what is running: an attribute of `opentelemetry.context`."""

_running: "Running | None" = None
_keepers: set[Any] = set()
"""Every ledger that was used: a fork changes the clocks of its threads although nobody may use it now."""

_hears_forks = False


class Running:
    """Everything that was put in for `settings`; `accounting` is what the public functions ask."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.book = _pricebook(settings.pricebook)
        resource = _resource()
        self.place, self._is_located = place.labels(resource), bool(resource)
        keeper, is_kept = _keeper(settings)
        books = Books(keeper, exact=settings.clock == "exact") if is_kept else None
        self.accounting = Accounting(
            keeper,
            books,
            self._rates(),
            memory=Meter() if settings.memory else None,
            tenant=tenant.current,
            is_tenant_required=settings.tenant is not None and settings.tenant.required,
            most_rows=settings.max_rows,
        )
        self._parts: tuple[Spans | Providers, ...] = (Spans(self.accounting), Providers(self.book, self.learn))
        self._switches: list[Any] = []

    def _rates(self) -> Rates | None:
        labels = {**self.place.labels, **self.settings.labels}
        return Rates(self.book, labels, datetime.now(UTC).date()) if self.book else None

    def learn(self, resource: Mapping[str, object]) -> None:
        """Takes the labels of the program's resource, where it had none yet when this began: the first one says where it runs."""
        if not self._is_located:
            self._is_located = True
            self.place = place.labels(resource)
            rates = self._rates()
            if rates is not None:
                self.accounting.price_by(rates)

    def install(self) -> None:
        """Puts everything in; a piece that cannot be put in is told, and the others are."""
        accounting = self.accounting
        tenant.configure(self.settings.tenant)
        if accounting.memory is not None:
            guarded(accounting.memory.start)
        for part in self._parts:
            guarded(part.install)
        recorder.connect(accounting)
        guarded(hooks.install, self.settings.libraries, holder="service")
        guarded(hooks.install_servers, holder="service")
        guarded(metrics.install, accounting)
        if accounting.books is not None:
            try:
                accounting.books.start()  # last, so that what came before is nobody's
            except Exception as problem:
                complain(problem)
                accounting.books = None
        self._install_switches()

    def _install_switches(self) -> None:
        known = discovery.names(SWITCHES)
        for name in known if self.settings.switches is None else self.settings.switches:
            try:
                switch = discovery.load(SWITCHES, name, needs=("install", "uninstall"))
                switch.install(self.accounting.keeper)
                self._switches.append(switch)
            except Exception as problem:
                complain(problem)

    def uninstall(self) -> None:
        """Takes everything out that is outermost; what others have wrapped stays below them and only passes calls on."""
        guarded(metrics.uninstall)
        guarded(hooks.uninstall, holder="service")
        recorder.connect(None)
        for part in reversed(self._parts):
            guarded(part.uninstall)
        for switch in reversed(self._switches):
            guarded(switch.uninstall)
        if self.accounting.memory is not None:
            guarded(self.accounting.memory.stop)
        tenant.configure(None)
        if self.accounting.books is not None:
            guarded(self.accounting.books.stop)


def now() -> Running | None:
    """What is running, or None."""
    return _running


def start(settings: Settings) -> Running | None:
    """Puts the instrumentation in; when it is there already, with whatever settings, that one goes on.

    None when a fault of ours prevents it; that is told, and nothing stays behind. A broken price book is told, and cost is
    absent.

    Raises: InvalidValue for networks that are none, before anything is put in.
    """
    if _running is not None:
        return _running
    network.configure(settings.networks)  # first: it may refuse what it is given
    if _is_elsewhere():
        return None
    try:
        _begin(settings)
    except Exception as problem:
        guarded(stop)
        complain(problem)
    return _running


def _begin(settings: Settings) -> None:
    global _running, _hears_forks  # ruff: ignore[global-statement] - one process has one instrumentation
    _running = Running(settings)
    _keepers.add(_running.accounting.keeper)
    setattr(api, _MARK, _running)
    if not _hears_forks and hasattr(os, "register_at_fork"):
        _hears_forks = True
        os.register_at_fork(after_in_child=_forked)
    _running.install()


def stop() -> None:
    """Takes the instrumentation out."""
    global _running
    if _running is not None:
        running, _running = _running, None
        vars(api).pop(_MARK, None)
        running.uninstall()


def _is_elsewhere() -> bool:
    """Whether this package was loaded a second time while its first copy is at work: both would count the same."""
    if _MARK not in vars(api):
        return False
    complain(
        InvalidValue(
            "codeops is instrumenting this process already, and was loaded a second time",
            why="its modules were reloaded, or removed from sys.modules; what was put in goes on, and is out of reach from here",
            fix="call codeops.uninstrument() before its modules are loaded anew, or start the process anew",
        )
    )
    return True


def _forked() -> None:
    now = _running.accounting.keeper if _running is not None else None
    for keeper in _keepers:
        if keeper is not now:
            guarded(keeper.forked, {})
    if _running is not None:
        guarded(_running.accounting.forked)


def _keeper(settings: Settings) -> tuple[Any, bool]:
    """The module that keeps accounts, and whether CPU is kept with it."""
    try:
        keeper = ledger.choose(settings.ledger)
    except UnsupportedLedger as problem:
        complain(problem)
        keeper = None
    return keeper or ledger.choose_accounts(), keeper is not None


def _pricebook(path: str | None) -> PriceBook | None:
    if not path:
        return None
    from codeops import prices

    try:
        return prices.load(path)
    except CodeOpsError as problem:
        complain(problem)
    return None


def _resource() -> Mapping[str, object]:
    """The resource of the tracer provider, where the program has one by now."""
    from opentelemetry import trace

    found = getattr(trace.get_tracer_provider(), "resource", None)
    attributes: Mapping[str, object] = getattr(found, "attributes", None) or {}
    return attributes
