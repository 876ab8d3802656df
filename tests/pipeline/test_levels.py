"""The head's CPU stands to the base's as pairs found, whatever the two levels did meanwhile."""

from decimal import Decimal
from math import log

from codeops.core.meter import CPU, S3_GET, unit_of
from codeops.core.snapshot import MeterUsage, RouteUsage, Site
from codeops.gate.evidence import Pairs
from codeops.pipeline.levels import levelled

GETS = MeterUsage(meter=S3_GET, unit=unit_of(S3_GET), mean=Decimal(2), samples=9, sd=Decimal(0), exact=True)


def route(cpu: str, *sites: Site) -> RouteUsage:
    line = MeterUsage(
        meter=CPU, unit=unit_of(CPU), mean=Decimal(cpu), samples=9, sd=Decimal("0.1"), exact=False, low=Decimal(cpu), sites=sites
    )
    return RouteUsage(cpu_s=Decimal(cpu), samples=9, usage=(line, GETS))


def test_the_head_is_the_base_times_the_ratio_with_its_lines() -> None:
    hot = Site(file="app.py", line=3, amount=Decimal("0.8"), error=Decimal("0.04"))
    pairs = {"/a": Pairs((log(1.1),) * 3)}

    found = levelled({"/a": route("1.6", hot)}, {"/a": route("1")}, pairs)["/a"]

    (cpu, gets) = found.usage
    assert (found.cpu_s, cpu.mean, cpu.low) == (Decimal("1.100"),) * 3
    assert (cpu.sites[0].amount, cpu.sites[0].error) == (Decimal("0.5500"), Decimal("0.028"))
    assert gets == GETS


def test_a_level_that_no_pairs_compare_is_left_as_it_was_measured() -> None:
    head = {"/new": route("1.6"), "/few": route("1.6"), "/idle": route("1.6")}
    pairs = {"/few": Pairs((0.0, 0.0)), "/idle": Pairs((0.0,) * 3)}

    assert levelled(head, {"/few": route("1"), "/idle": route("0")}, pairs) == head
