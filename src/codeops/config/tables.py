"""The tables of a configuration file as they are written: names, types and defaults; a key that none of them has is refused."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

__all__ = ["Bench", "Budget", "File", "Function", "Request", "RouteBudget", "Seconds", "Service", "ServiceRequest", "Table"]

Percentage = Annotated[Any, msgspec.Meta(extra_json_schema={"type": "string", "examples": ["8 %"]})]
Amount = Annotated[Any, msgspec.Meta(extra_json_schema={"type": "string", "examples": ["0.25 USD", "$200"]})]
Count = Annotated[int, msgspec.Meta(ge=0)]
Seconds = int | Decimal
Duration = Annotated[Any, msgspec.Meta(extra_json_schema={"type": ["string", "number"], "examples": ["90s", "2m", 120]})]
Status = Annotated[int, msgspec.Meta(ge=100, le=599)]


class Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key that it does not know is refused."""


class Request(Table):
    """A request to an application in the worker."""

    route: str
    path: str = ""
    app: str = ""
    method: str = "GET"
    headers: dict[str, str] = {}
    json: Any = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET
    expect_status: Status = 200


class Function(Table):
    """A function to call."""

    call: str
    route: str = ""
    job: str = ""
    unit: str = ""
    units: int | Decimal | None = None


class ServiceRequest(Table):
    """A request to a service."""

    route: str
    path: str = ""
    method: str = "GET"
    headers: dict[str, str] = {}
    json: Any = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET
    expect_status: Status = 200


class Service(Table):
    """A service to start."""

    name: str
    command: str | list[str]
    env: dict[str, str] = {}
    ready: str | int = ""
    ready_timeout_s: Seconds = 30
    service_name: str = ""
    spans: bool = True
    request: list[ServiceRequest] = []


class Bench(Table):
    """What is measured, and how long."""

    app: str = ""
    setup: str = ""
    env: dict[str, str] = {}
    python_path: list[str] = []
    pytest: list[str] = []
    request: list[Request] = []
    function: list[Function] = []
    service: list[Service] = []
    warmup: Count = 5
    min_samples: Annotated[int, msgspec.Meta(ge=1)] = 20
    max_samples: Annotated[int, msgspec.Meta(ge=1)] = 2000
    seconds: Seconds = 1
    timeout_s: Seconds = 60
    time_budget: Duration = None
    counter: Literal["auto", "cpu", "instructions"] = "auto"
    memory: Literal["peak", "average"] = "peak"


class RouteBudget(Table):
    """One route's own limits."""

    regression: Percentage = None
    per_1k: Amount = None
    per_unit: Amount = None


class Budget(Table):
    """The limits."""

    regression: Percentage = None
    per_1k: Amount = None
    monthly_increase: Amount = None
    routes: dict[str, RouteBudget] = {}


class File(Table):
    """The whole file."""

    pricebook: str = "pricebook.toml"
    baseline: str = "cost/baseline.json"
    waivers: str = "cost/waivers.toml"
    cost_map: str = "cost/map.json"
    labels: dict[str, str] = {}
    bench: Bench = msgspec.field(default_factory=Bench)
    budget: Budget = msgspec.field(default_factory=Budget)
    traffic: dict[str, Count] = {}
    inconclusive: Literal["inconclusive", "pass", "fail"] = "inconclusive"
