"""Suites: how to exercise the routes and jobs of a project so that their cost can be measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from codeops.core.selection import EVERYTHING, Selection

__all__ = ["Case", "FunctionCase", "Plan", "RequestCase", "Service", "ServiceCase", "Suite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCase:
    """A request against an ASGI or WSGI application in the worker's own process.

    `app` is `module:name`; `route` is the name in every report, `path` what is requested (with its query string).
    """

    route: str
    path: str
    app: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect_status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCase:
    """A function, sync or async, called with the iteration's number if it takes an argument.

    `call` is `module:function`. `kind` is `route` or `job`; a job says how many `units` of `unit` (`GB`, `record`)
    one call works through, for cost per unit.
    """

    route: str
    call: str
    kind: str = "route"
    unit: str = ""
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCase:
    """A request to a service that runs in a process of its own; `service` is its name."""

    route: str
    service: str
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect_status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program in any language that answers HTTP on a port which it is told.

    `{port}` in `command` and `env` stands for that port, `PORT` in its environment too. `ready` is a path or URL that must answer 2xx,
    `:port` for a port that must accept, empty for the service's own. `spans` says whether it exports spans of its requests.
    Units: `ready_timeout_s` seconds that it may take to get ready.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""
    ready_timeout_s: float = 30.0
    service_name: str = ""
    spans: bool = True


Case = RequestCase | FunctionCase | ServiceCase
"""One thing to exercise, and the route or job that it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much to measure of each case.

    Units: `seconds` is the wall time to spend on one route once `min_samples` requests are done;
    `warmup` and the samples count requests; `timeout_s` is how long the worker may take for one answer,
    that is to open the suite, or to measure one block of requests. `memory` is `peak`, the most that is held, or `average`.
    """

    warmup: int = 5
    min_samples: int = 20
    max_samples: int = 2000
    seconds: float = 1.0
    timeout_s: float = 60.0
    memory: str = "peak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Everything to measure, and what must stand around it.

    `root` is the project's folder: the worker's working directory and first import path, before `python_path`.
    `setup` is `module:name`, a context manager (or a generator function, or a plain function) entered in the worker before an app
    is imported, for example to start a server and to set the environment. `env` is added to the worker's environment.
    `pytest` are the arguments that select tests marked `cost`. `selection` is what of all this is measured.
    """

    root: str
    python_path: tuple[str, ...] = ()
    setup: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    requests: tuple[RequestCase, ...] = ()
    functions: tuple[FunctionCase, ...] = ()
    services: tuple[Service, ...] = ()
    service_requests: tuple[ServiceCase, ...] = ()
    pytest: tuple[str, ...] = ()
    plan: Plan = field(default_factory=Plan)
    selection: Selection = EVERYTHING

    def selected(self, selection: Selection) -> "Suite":
        """The suite of what `selection` takes; of pytest's benchmarks only the run knows the routes, and leaves the others out."""
        return replace(
            self,
            requests=tuple(case for case in self.requests if selection.takes(case.route)),
            functions=tuple(case for case in self.functions if selection.takes(case.route)),
            service_requests=tuple(case for case in self.service_requests if selection.takes(case.route)),
            selection=selection,
        )

    @property
    def cases(self) -> tuple[Case, ...]:
        """Requests first, then functions, then requests to services: a case's number is its place here."""
        return (*self.requests, *self.functions, *self.service_requests)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to measure."""
        return not (self.cases or self.pytest)
