"""The cost map: every dollar of a route is at a line or is said to be at none."""

import re
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeops.core.cost_map import Certainty, CostMap, MappedLine, MappedRoute, chart
from codeops.core.snapshot import MeterUsage, PriceBookRef, RouteUsage, Site, Snapshot, SnapshotMeta
from codeops.core.unit import EXACT

PAGE = (Path(__file__).parents[2] / "docs" / "cost-map.md").read_text(encoding="utf-8")
META = SnapshotMeta(git_sha="4f2c", dirty=True, created_at="2026-11-23T10:00:00Z", codeops="0.1.0", pricebook=PriceBookRef(version="1"))


def D(text: object) -> Decimal:  # ruff: ignore[invalid-function-name] - short on purpose
    return Decimal(str(text))


def site(line: int, amount: object, file: str = "app.py", **more: object) -> Site:
    return Site(file=file, line=line, amount=D(amount), **more)  # type: ignore[arg-type]


def usage(mean: object, cost: object, *sites: Site, meter: str = "aws.s3.get", **more: object) -> MeterUsage:
    paid = None if cost is None else D(cost)
    return MeterUsage(meter=meter, unit="{request}", mean=D(mean), cost=paid, sites=sites, **more)  # type: ignore[arg-type]


def mapped(*usages: MeterUsage, traffic: int | None = None, **more: object) -> CostMap:
    route = RouteUsage(usage=usages, **more)  # type: ignore[arg-type]
    return chart(Snapshot(meta=META, routes={"/a": route}), {} if traffic is None else {"/a": traffic})


def test_a_line_has_its_share_of_the_cost_a_request_and_a_month() -> None:
    found = mapped(usage(5, "0.002", site(41, 3, function="report", code="s3.get()"), site(52, 2)), traffic=1000)

    first, second = found.files["app.py"]
    assert (first.line, first.function, first.code, first.route, first.meter) == (41, "report", "s3.get()", "/a", "aws.s3.get")
    assert (first.amount, first.cost, first.monthly) == (3, D("0.0012"), D("1.2"))
    assert (second.cost, second.monthly) == (D("0.0008"), D("0.8"))


def test_the_map_says_where_it_comes_from() -> None:
    found = mapped()

    assert (found.git_sha, found.dirty, found.created_at, found.codeops, found.pricebook) == (
        "4f2c",
        True,
        "2026-11-23T10:00:00Z",
        "0.1.0",
        PriceBookRef(version="1"),
    )


def test_what_has_no_line_is_unplaced() -> None:
    memory = usage(1, "0.001", meter="compute.memory")

    route = mapped(usage(4, "0.002", site(41, 3)), memory).routes["/a"]

    assert (route.cost, route.unplaced, route.at_least) == (D("0.003"), D("0.0015"), False)


def test_a_span_of_a_service_is_no_line_of_a_file() -> None:
    found = mapped(usage(4, "0.002", site(0, 3, file="", function="load basket > GET"), site(7, 1)))

    assert (list(found.files), found.routes["/a"].unplaced) == (["app.py"], D("0.0015"))


def test_without_traffic_there_is_no_money_a_month() -> None:
    found = mapped(usage(1, "0.001", site(41, 1)))

    assert found.files["app.py"][0].monthly is None
    assert (found.routes["/a"].monthly, found.routes["/a"].requests_per_month) == (None, None)


def test_a_meter_without_a_price_is_told_and_never_costs_nothing() -> None:
    found = mapped(usage(2, None, site(41, 2), meter="stripe.charge"), usage(1, "0.001", site(42, 1)), traffic=10)

    line = found.files["app.py"][0]
    assert (line.amount, line.cost, line.monthly) == (2, None, None)
    assert (found.routes["/a"].cost, found.routes["/a"].at_least) == (D("0.001"), True)
    assert [(caveat.kind, caveat.about) for caveat in found.caveats] == [("unpriced", "stripe.charge")]


def test_a_route_of_which_nothing_has_a_price_has_no_cost() -> None:
    route = mapped(usage(2, None, site(41, 2)), traffic=10).routes["/a"]

    assert (route.cost, route.unplaced, route.monthly, route.at_least) == (None, None, None, True)


def test_a_summary_without_usage_has_all_of_its_cost_unplaced() -> None:
    route = mapped(cost_usd=D("0.5"), kind="job").routes["/a"]

    assert (route.kind, route.cost, route.unplaced, route.at_least) == ("job", D("0.5"), D("0.5"), False)


@pytest.mark.parametrize(
    ("exact", "error", "certainty"),
    [
        (True, "0", Certainty.EXACT),
        (False, "0", Certainty.AVERAGED),
        (True, "0.1", Certainty.SAMPLED),
        (False, "0.1", Certainty.SAMPLED),
    ],
)
def test_a_line_says_how_its_amount_is_known(exact: bool, error: str, certainty: Certainty) -> None:
    line = mapped(usage(1, "0.001", site(41, 1, error=D(error)), exact=exact)).files["app.py"][0]

    assert (line.certainty, line.error) == (certainty, D(error))


def test_an_amount_of_nothing_costs_nothing_and_takes_nothing_from_the_rest() -> None:
    found = mapped(usage(0, "0", site(41, 0)))

    assert (found.files["app.py"][0].cost, found.routes["/a"].unplaced) == (0, 0)


def test_lines_that_are_all_of_the_amount_leave_nothing_over_though_a_third_of_a_cent_does_not_end() -> None:
    found = mapped(usage(3, "0.01", site(1, 1), site(2, 1), site(3, 1)))

    assert found.routes["/a"].unplaced == 0
    assert sum(line.cost or 0 for line in found.files["app.py"]) == D("0.01")


def test_files_and_lines_stand_in_order_the_dearest_meter_of_a_line_first() -> None:
    cheap, dear = usage(1, "0.001", site(7, 1), site(3, 0, "b.py")), usage(1, "0.5", site(7, 1), meter="db.query")

    found = mapped(cheap, dear)

    assert list(found.files) == ["app.py", "b.py"]
    assert [line.meter for line in found.files["app.py"]] == ["db.query", "aws.s3.get"]


amounts = st.decimals(min_value=0, max_value=10**6, places=9)
sites = st.builds(Site, file=st.sampled_from(["a.py", "b.py"]), line=st.integers(1, 9), amount=amounts)


@st.composite
def usages(draw: st.DrawFn) -> MeterUsage:
    places = draw(st.lists(sites, max_size=4))
    rest = draw(st.sampled_from([Decimal(0), Decimal("1e-9"), Decimal(7)]))
    cost = draw(st.none() | st.decimals(min_value=0, max_value=100, places=12))
    mean = sum((place.amount for place in places), rest)
    return MeterUsage(meter=draw(st.sampled_from(["a.b", "c.d"])), unit="{x}", mean=mean, cost=cost, sites=tuple(places))


@given(st.dictionaries(st.sampled_from(["/a", "/b", "job"]), st.lists(usages(), min_size=1, max_size=4)), st.integers(0, 10**9))
def test_lines_and_what_is_unplaced_add_up_to_the_cost_of_each_route_exactly(
    routes: dict[str, Sequence[MeterUsage]], requests: int
) -> None:
    snapshot = Snapshot(routes={name: RouteUsage(usage=tuple(lines)) for name, lines in routes.items()})

    found = chart(snapshot, dict.fromkeys(routes, requests))

    for name, route in found.routes.items():
        lines = [line for file in found.files.values() for line in file if line.route == name and line.cost is not None]
        if route.cost is None or route.unplaced is None:
            assert not lines
            continue
        assert exact_sum(route.unplaced, *(line.cost or Decimal(0) for line in lines)) == route.cost
        unplaced_a_month = EXACT.multiply(route.unplaced, Decimal(requests))
        assert exact_sum(unplaced_a_month, *(line.monthly or Decimal(0) for line in lines)) == route.monthly


def exact_sum(*amounts: Decimal) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


@pytest.mark.parametrize("part", [CostMap, MappedRoute, MappedLine], ids=lambda part: part.__name__)
def test_every_field_is_explained(part: type) -> None:
    section = re.search(rf"^### {part.__name__}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)

    assert section
    assert set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE)) == {field.name for field in fields(part)}
