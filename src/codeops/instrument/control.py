"""Puts the instrumentation of a service in and takes it out: `codeops.instrument(...)` and `codeops.uninstrument()`."""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from codeops.instrument.tenant import Tenant

__all__ = ["CallablePackage", "instrument", "uninstrument"]


def instrument(  # long: a line for each argument
    pricebook: "str | PathLike[str] | None" = None,
    *,
    labels: Mapping[str, str] | None = None,
    ledger: str | None = None,
    clock: str | None = None,
    switches: Iterable[str] | None = None,
    libraries: Iterable[str] | None = None,
    memory: bool | None = None,
    tenant: "Tenant | None" = None,
    networks: Mapping[str, str] | None = None,
    breakdown: Iterable[str] | None = None,
    max_rows: int | None = None,
) -> None:
    """Usage and cost on every OpenTelemetry span of this process, from now on; a second call changes nothing.

    What is left out is read from the variables CODEOPS_* (docs/instrument.md), and has a default there. `pricebook`
    is the path of a price book; when it cannot be used that is told once, and usage is measured without money.
    A variable that means nothing is told too, and the program goes on without any of this.

    Raises: InvalidValue for an argument that means nothing, before anything is put in.
    """
    import codeops
    from codeops.instrument import running
    from codeops.instrument.settings import Settings

    _ = codeops.span  # imported now: a signal handler that makes one may come in the middle of a later import
    settings = Settings.of(
        pricebook=pricebook,
        labels=labels,
        ledger=ledger,
        clock=clock,
        memory=memory,
        tenant=tenant,
        networks=networks,
        max_rows=max_rows,
        switches=switches,
        libraries=libraries,
        breakdown=breakdown,
    )
    if settings is not None:
        running.start(settings)


def uninstrument() -> None:
    """Takes everything out that `instrument` put in; spans keep what they have been given."""
    from codeops.instrument import running

    running.stop()


class CallablePackage(ModuleType):
    """A package that may be called as what it is named after."""

    __call__ = staticmethod(instrument)
