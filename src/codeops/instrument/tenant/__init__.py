"""For which tenant a request works: taken at ingress, carried on as baggage, and kept away from foreign hosts.

`configure(Tenant(...))` once; `entered(...)` and `left(...)` around each request; `current()` and `carried(context)`
wherever a span starts; `stripped(host, header)` before a request leaves.
"""

from codeops.instrument.tenant.domain import is_foreign, stripped
from codeops.instrument.tenant.request import carried, configure, current, current_tenant, entered, left, wanted
from codeops.instrument.tenant.setting import Tenant

__all__ = [
    "Tenant",
    "carried",
    "configure",
    "current",
    "current_tenant",
    "entered",
    "is_foreign",
    "left",
    "stripped",
    "wanted",
]
