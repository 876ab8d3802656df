"""Counts what the user's program consumes, inside that program, and never disturbs it.

The package is callable: `codeops.instrument(pricebook="pricebook.toml")` puts the instrumentation of a service in.
"""

import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from codeops.instrument.hooks import install, installed, uninstall
from codeops.instrument.recorder import Tally, record, tally

if TYPE_CHECKING:
    from codeops.instrument.tenant import Tenant

__all__ = ["Tally", "install", "installed", "instrument", "record", "tally", "uninstall", "uninstrument"]


def instrument(
    pricebook: str | None = None,
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

    Raises: InvalidValue for an argument that means nothing, before anything is put in.
    """
    from codeops.instrument import running
    from codeops.instrument.settings import Settings

    lists = {"switches": switches, "libraries": libraries, "breakdown": breakdown}
    running.start(
        Settings.of(
            pricebook=pricebook,
            labels=labels,
            ledger=ledger,
            clock=clock,
            memory=memory,
            tenant=tenant,
            networks=networks,
            max_rows=max_rows,
            **{name: tuple(value) for name, value in lists.items() if value is not None},
        )
    )


def uninstrument() -> None:
    """Takes everything out that `instrument` put in; spans keep what they have been given."""
    from codeops.instrument import running

    running.stop()


class _CallablePackage(ModuleType):
    """The package itself, which may be called as what it is named after."""

    __call__ = staticmethod(instrument)


sys.modules[__name__].__class__ = _CallablePackage
