import re
from dataclasses import replace

from codeops.core.report import MeterChange
from codeops.report._chart import cost_charts, month_charts
from report.samples import FAIL, JOB, REPORT_ROUTE, UNPRICED, D, report, route


def widths(svg: str) -> list[float]:
    return [float(width) for width in re.findall(r'<rect class="(?:m\d|rest|whole|added|saved)" x="[\d.]+" y="0" width="([\d.]+)"', svg)]


def test_bars_are_as_long_as_their_money() -> None:
    (chart,) = cost_charts(report(routes=(route("a", "0.001", "0.002"), route("b", "0.004", "0.004"))))

    assert sorted(widths(chart)) == [500.0, 1000.0, 1000.0, 1000.0]


def test_the_parts_of_a_bar_add_up_to_it_and_name_their_meters() -> None:
    (chart,) = cost_charts(report(routes=(REPORT_ROUTE,)))

    base, head = re.findall(r"<svg class=\"bar\".*?</svg>", chart)
    assert abs(sum(widths(head)) - 1000) < 0.2
    assert abs(sum(widths(base)) - 1000 * 124 / 192) < 0.2
    assert "<title>aws.s3.get: $0.00240</title>" in head
    assert 'aria-label="/v1/report, current: $0.0192"' in head


def test_what_no_meter_explains_is_a_part_of_its_own() -> None:
    meter = MeterChange(meter="m", unit="By", base=D(1), head=D(1), base_cost=D("0.001"), head_cost=D("0.001"))

    (chart,) = cost_charts(report(routes=(route("a", "0.004", "0.004", meters=(meter,)),)))

    assert "not split by meter: $3.0000" in chart
    assert widths(chart) == [250.0, 750.0, 250.0, 750.0]


def test_more_meters_than_colours_share_one() -> None:
    meters = tuple(
        MeterChange(meter=f"m{number}", unit="By", base=D(1), head=D(1), base_cost=D(number) / 1000, head_cost=D(number) / 1000)
        for number in range(1, 10)
    )

    (chart,) = cost_charts(report(routes=(route("a", "0.045", "0.045", meters=meters),)))

    assert "other meters: $3.0000" in chart
    assert chart.count('class="key"') == 8


def test_jobs_have_a_chart_of_their_own() -> None:
    requests, jobs = cost_charts(JOB)

    assert "Cost per 1,000 requests" in requests
    assert "nightly import" not in requests
    assert widths(jobs)[1::2] == [1000.0, 1000.0]


def test_the_least_part_of_a_bar_is_seen() -> None:
    meter = MeterChange(meter="m", unit="By", base=D(1), head=D(1), base_cost=D("1e-9"), head_cost=D("1e-9"))

    (chart,) = cost_charts(report(routes=(route("a", "0.004", "0.004", meters=(meter,)),)))

    assert min(widths(chart)) >= 3


def test_what_is_not_zero_is_drawn_and_what_is_not_priced_has_no_bar() -> None:
    (chart,) = cost_charts(UNPRICED)

    assert sum("€0.000000004" in bar for bar in chart.split("</li>")) == 1
    assert "/v1/embed" not in chart
    assert 'aria-label="/v1/static, baseline: €0.0000"' in chart


def test_savings_go_left_and_increases_right_of_one_line() -> None:
    routes = (route("up", "0.001", "0.004", requests_per_month=1000), route("down", "0.002", "0.001", requests_per_month=1000))

    (chart,) = month_charts(report(routes=routes))

    assert '<rect class="added" x="250.0" y="0" width="750.0"' in chart
    assert '<rect class="saved" x="0.0" y="0" width="250.0"' in chart
    assert chart.count('<line class="zero" x1="250.0"') == 2


def test_a_change_is_split_by_meter_with_what_is_not_compared_left_out() -> None:
    uncompared = MeterChange(meter="compute.cpu", unit="vCPU.s", base=D(1), head=D(9), base_cost=D(1), head_cost=D(9))

    _, chart = month_charts(replace(FAIL, routes=(replace(REPORT_ROUTE, meters=(*REPORT_ROUTE.meters[:1], uncompared)),)))

    assert "by meter" in chart
    assert "+$80.00" in chart
    assert "compute.cpu" not in chart


def test_nothing_that_moves_is_no_chart() -> None:
    assert not list(month_charts(report(routes=(route("r", "1", "1"),))))
    assert not list(cost_charts(report(routes=(route("r", "0", "0"),))))


def test_a_chart_of_many_says_how_many_more_there_are() -> None:
    many = tuple(route(f"r{number}", "0.001", "0.002") for number in range(20))

    charts = [*cost_charts(report(routes=many)), *month_charts(report(routes=many))]

    assert all("… and 8 more." in chart for chart in charts)
    assert not any(".r12<" in chart for chart in charts)
