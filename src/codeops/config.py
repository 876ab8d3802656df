"""The project's configuration: `codeops.toml`, or `[tool.codeops]` in `pyproject.toml`, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import starmap
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from codeops.core.budget import DEFAULT_REGRESSION, Budget, RouteBudget
from codeops.core.errors import InvalidValue, UnreadableFile
from codeops.core.money import Money
from codeops.core.suite import FunctionCase, Plan, RequestCase, Suite
from codeops.document import Document, decode
from codeops.document import load as load_document
from codeops.document.amount import money, ratio
from codeops.document.schema import publish

__all__ = ["CONFIG_NAME", "Config", "find", "load", "schema"]

CONFIG_NAME = "codeops.toml"
"""The file that is looked for from the current folder upwards; `[tool.codeops]` in `pyproject.toml` serves as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a project says about its prices, suite, budgets and traffic. Paths are absolute.

    Units: `traffic` is requests (or calls of a job) a month by route. `inconclusive` is what an open verdict
    counts as in the exit code: `inconclusive` (3), `pass` (0) or `fail` (1).
    """

    path: str
    root: str
    pricebook: str
    baseline: str
    waivers: str
    cost_map: str
    labels: Mapping[str, str]
    suite: Suite
    budget: Budget
    traffic: Mapping[str, int]
    inconclusive: str = "inconclusive"


_Percentage = Annotated[Any, msgspec.Meta(extra_json_schema={"type": "string", "examples": ["8 %"]})]
_Amount = Annotated[Any, msgspec.Meta(extra_json_schema={"type": "string", "examples": ["0.25 USD", "$200"]})]
_Count = Annotated[int, msgspec.Meta(ge=0)]
_Seconds = int | Decimal


class _Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key that it does not know is refused."""


class _Request(_Table):
    route: str
    path: str = ""
    app: str = ""
    method: str = "GET"
    headers: dict[str, str] = {}
    json: Any = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET
    expect_status: Annotated[int, msgspec.Meta(ge=100, le=599)] = 200


class _Function(_Table):
    call: str
    route: str = ""
    job: str = ""
    unit: str = ""
    units: int | Decimal | None = None


class _Bench(_Table):
    app: str = ""
    setup: str = ""
    env: dict[str, str] = {}
    python_path: list[str] = []
    pytest: list[str] = []
    request: list[_Request] = []
    function: list[_Function] = []
    warmup: _Count = 5
    min_samples: Annotated[int, msgspec.Meta(ge=1)] = 20
    max_samples: Annotated[int, msgspec.Meta(ge=1)] = 2000
    seconds: _Seconds = 1
    timeout_s: _Seconds = 60


class _RouteBudget(_Table):
    regression: _Percentage = None
    per_1k: _Amount = None
    per_unit: _Amount = None


class _Budget(_Table):
    regression: _Percentage = None
    per_1k: _Amount = None
    monthly_increase: _Amount = None
    routes: dict[str, _RouteBudget] = {}


class _File(_Table):
    pricebook: str = "pricebook.toml"
    baseline: str = "cost/baseline.json"
    waivers: str = "cost/waivers.toml"
    cost_map: str = "cost/map.json"
    labels: dict[str, str] = {}
    bench: _Bench = msgspec.field(default_factory=_Bench)
    budget: _Budget = msgspec.field(default_factory=_Budget)
    traffic: dict[str, _Count] = {}
    inconclusive: Literal["inconclusive", "pass", "fail"] = "inconclusive"


def find(start: str) -> str | None:
    """The configuration file that holds for the folder `start`: its own or the nearest of its parents'."""
    for folder in (Path(start).resolve(), *Path(start).resolve().parents):
        if (folder / CONFIG_NAME).is_file():
            return str(folder / CONFIG_NAME)
        project = folder / "pyproject.toml"
        if project.is_file() and _table(load_document(str(project))) is not None:
            return str(project)
    return None


def load(path: str | None, start: str) -> Config:
    """The configuration in `path`, or in the nearest file from the folder `start` upwards.

    Raises: UnreadableFile when there is none; UnknownKey, InvalidValue, MalformedFile for what it holds.
    """
    found = path or find(start)
    if found is None:
        raise UnreadableFile(
            f"there is no {CONFIG_NAME} here",
            why=f"neither {start} nor a folder above it has {CONFIG_NAME} or a pyproject.toml with [tool.codeops]",
            fix="codeops init",
        )
    return _Reading(load_document(found)).config()


def schema() -> dict[str, Any]:
    """The JSON Schema of `codeops.toml`, for editors."""
    return publish(msgspec.json.schema(_File), "CodeOps configuration")


def _table(document: Document) -> object:
    tool = document.data.get("tool")
    return tool.get("codeops") if isinstance(tool, dict) else None


class _Reading:
    """One file on its way to a `Config`: keeps the document, so that each refusal has its line."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.keys: tuple[str, ...] = ("tool", "codeops") if Path(document.path).name == "pyproject.toml" else ()
        self.file = decode(document, _File, *self.keys)
        self.root = Path(document.path).resolve().parent

    def config(self) -> Config:
        file = self.file
        return Config(
            path=self.document.path,
            root=str(self.root),
            pricebook=str(self.root / file.pricebook),
            baseline=str(self.root / file.baseline),
            waivers=str(self.root / file.waivers),
            cost_map=str(self.root / file.cost_map),
            labels=file.labels,
            suite=self._suite(),
            budget=self._budget(),
            traffic=file.traffic,
            inconclusive=file.inconclusive,
        )

    def _suite(self) -> Suite:
        bench = self.file.bench
        if bench.max_samples < bench.min_samples:
            raise self._refuse(
                "max_samples is less than min_samples",
                f"max_samples is {bench.max_samples}, min_samples {bench.min_samples}",
                "raise max_samples",
                "bench",
                "max_samples",
            )
        suite = Suite(
            root=str(self.root),
            python_path=tuple(str(self.root / path) for path in bench.python_path),
            setup=bench.setup,
            env=bench.env,
            requests=tuple(starmap(self._request, enumerate(bench.request))),
            functions=tuple(starmap(self._function, enumerate(bench.function))),
            pytest=tuple(bench.pytest),
            plan=Plan(
                warmup=bench.warmup,
                min_samples=bench.min_samples,
                max_samples=bench.max_samples,
                seconds=self._seconds(bench.seconds, "seconds"),
                timeout_s=self._seconds(bench.timeout_s, "timeout_s"),
            ),
        )
        self._refuse_twins(suite)
        return suite

    def _seconds(self, value: _Seconds, key: str) -> float:
        if not value > 0:
            raise self._refuse(f"{key} is {value}", "a time is above zero", f"write for example {key} = 1.0", "bench", key)
        return float(value)

    def _request(self, index: int, request: _Request) -> RequestCase:
        place = ("bench", "request", index)
        app = request.app or self.file.bench.app
        if ":" not in app:
            why = f"app is {app!r}" if app else "neither this request nor [bench] names an app"
            raise self._refuse(f"{request.route} has no app to ask", why, 'write app = "package.module:app" under [bench]', *place)
        if request.json is not msgspec.UNSET and request.body is not msgspec.UNSET:
            raise self._refuse(f"{request.route} has two bodies", "both json and body are given", "keep one of them", *place)
        headers = dict(request.headers)
        body = b"" if request.body is msgspec.UNSET else request.body.encode()
        if request.json is not msgspec.UNSET:
            body = msgspec.json.Encoder(decimal_format="number").encode(request.json)
            headers.setdefault("content-type", "application/json")
        return RequestCase(
            route=request.route,
            path=request.path or request.route,
            app=app,
            method=request.method.upper(),
            headers=tuple(headers.items()),
            body=body,
            expect_status=request.expect_status,
        )

    def _function(self, index: int, function: _Function) -> FunctionCase:
        place = ("bench", "function", index)
        if bool(function.route) == bool(function.job):
            why = f"route is {function.route!r}, job is {function.job!r}"
            raise self._refuse(f"{function.call} is neither a route nor a job", why, "give it either route or job", *place)
        if (function.units is None) != (not function.unit):
            why = f"unit is {function.unit!r}, units is {function.units}"
            raise self._refuse("unit and units belong together", why, 'write for example unit = "GB" and units = 12.5', *place)
        if function.units is not None and not function.units > 0:
            raise self._refuse(f"{function.job} works through {function.units} units", "units must be above zero", "correct units", *place)
        return FunctionCase(
            route=function.route or function.job,
            call=function.call,
            kind="route" if function.route else "job",
            unit=function.unit,
            units="" if function.units is None else str(function.units),
        )

    def _refuse_twins(self, suite: Suite) -> None:
        seen: set[str] = set()
        places = [("request", index, case.route) for index, case in enumerate(suite.requests)]
        places += [("function", index, case.route) for index, case in enumerate(suite.functions)]
        for table, index, route in places:
            if route in seen:
                why = "a route's measurement would overwrite the other's"
                raise self._refuse(f"{route} is measured twice", why, "give each case its own route", "bench", table, index)
            seen.add(route)

    def _budget(self) -> Budget:
        budget = self.file.budget
        if budget.monthly_increase is not None and not self.file.traffic:
            raise self._refuse(
                "monthly_increase needs traffic",
                "[traffic] is empty, so nothing can be multiplied to a month",
                'write [traffic] with for example "/v1/orders" = 3_000_000',
                "budget",
                "monthly_increase",
            )
        regression = self._ratio(budget.regression, "budget", "regression")
        return Budget(
            regression=DEFAULT_REGRESSION if regression is None else regression,
            per_1k=self._money(budget.per_1k, "budget", "per_1k"),
            monthly_increase=self._money(budget.monthly_increase, "budget", "monthly_increase"),
            routes={route: self._route_budget(route, own) for route, own in budget.routes.items()},
        )

    def _route_budget(self, route: str, own: _RouteBudget) -> RouteBudget:
        place = ("budget", "routes", route)
        return RouteBudget(
            regression=self._ratio(own.regression, *place, "regression"),
            per_1k=self._money(own.per_1k, *place, "per_1k"),
            per_unit=self._money(own.per_unit, *place, "per_unit"),
        )

    def _ratio(self, value: object, *keys: str) -> Decimal | None:
        """`"8 %"` as 0.08. A bare number is refused: 8 could be 8 % or eightfold."""
        if value is None:
            return None
        found = ratio(value)
        if found is None:
            raise self._refuse(
                f"{keys[-1]} is {value}, not a percentage",
                "a bare number could mean a percentage or a ratio",
                f'write for example {keys[-1]} = "8 %"',
                *keys,
            )
        return found

    def _money(self, value: object, *keys: str) -> Money | None:
        """`"200 USD"` or `"$200"` as money. A bare number is refused: it has no currency."""
        if value is None:
            return None
        found = money(value)
        if found is None:
            raise self._refuse(
                f"{keys[-1]} is {value}, not an amount of money",
                "money has a currency",
                f'write for example {keys[-1]} = "0.25 USD"',
                *keys,
            )
        return found

    def _refuse(self, title: str, why: str, fix: str, *keys: str | int) -> InvalidValue:
        return InvalidValue(title, why=why, fix=fix, location=self.document.locate(*self.keys, *keys))
