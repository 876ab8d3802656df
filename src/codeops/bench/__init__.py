"""Measures what one request of each route, or one call of each job, consumes.

The names load on demand: the pytest plug-in lives here, and is imported into every pytest run.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeops.bench.measurement import Progress, measure

__all__ = ["Progress", "measure"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from codeops.bench import measurement

    return getattr(measurement, name)
