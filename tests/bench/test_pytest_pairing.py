"""Pytest's benchmarks of base and head, measured in turns at the same places of two runs."""

import sys
from dataclasses import replace
from decimal import Decimal
from math import log
from statistics import median
from textwrap import dedent

import pytest

from codeops.bench.measurement import measure
from codeops.bench.pairs.matching import match
from codeops.bench.pairs.pairing import Pairing, Patience, measure_pairs
from codeops.bench.side import Start
from codeops.core.errors import FailedCall, InvalidValue
from codeops.core.suite import FunctionCase, Plan, Suite

QUICK = Plan(warmup=1, min_samples=2, max_samples=4, seconds=0.0, timeout_s=30)
TESTS = """
    import asyncio
    import pytest
    import shop

    @pytest.fixture
    def card():
        yield "card"

    @pytest.mark.cost(route="/v1/pay")
    def test_pay(cost, card):
        assert cost(shop.pay, card) == "paid"

    @pytest.mark.cost(job="nightly", unit="GB", units=2.5)
    def test_nightly(cost):
        cost(shop.nightly)

    def test_that_measures_nothing():
        raise AssertionError("a comparison has no use for it")
"""
SHOP = """
    import codeops

    def pay(card):
        codeops.record("stripe.charge", {charges})
        sum(i * i for i in range({steps}))
        return "paid"

    async def nightly():
        codeops.record("mail.sent", 3)
"""


@pytest.fixture
def tree(tmp_path):
    def make(side: str, *, tests: str = TESTS, charges: int = 1, steps: int = 20_000, **fields) -> Suite:
        root = tmp_path / side
        root.mkdir()
        (root / "conftest.py").write_text("pytest_plugins = ['codeops.bench.in_pytest.plugin']\n")
        (root / "test_costs.py").write_text(dedent(tests))
        (root / "shop.py").write_text(dedent(SHOP.format(charges=charges, steps=steps)))
        arguments = ("-q", "-p", "no:cacheprovider", "test_costs.py")
        return Suite(root=str(root), **{"plan": QUICK, "pytest": arguments, "env": {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, **fields})

    return make


def paired(base: Suite | None, head: Suite, root: str = "", *, pairs: int = 1, undecided=None) -> Pairing:
    matched = match(head, base, root or (base.root if base else head.root))
    starts = (Start(origin=head.root), Start())
    return measure_pairs(
        head, matched, starts, Patience(seconds=60, looks=tuple(range(1, pairs + 1))), undecided or (lambda found: list(found.courses))
    )


def test_cpu_is_compared_in_turns_and_counts_exactly(tree):
    found = paired(tree("base"), tree("head", charges=2, steps=30_000), pairs=3)

    assert found.pairs == 3
    assert {route: len(courses) for route, courses in found.courses.items()} == {"/v1/pay": 3, "nightly": 3}
    assert log(1.3) < median(course.cpu for course in found.courses["/v1/pay"]) < log(1.7)
    charges = [next(line.mean for line in side["/v1/pay"].usage if line.meter == "stripe.charge") for side in (found.base, found.head)]
    assert charges == [1, 2]
    assert (found.head["nightly"].kind, found.head["nightly"].unit, found.head["nightly"].units) == ("job", "GB", Decimal("2.5"))
    assert found.survey.doubts == {}


def test_only_what_is_open_is_measured_again(tree):
    found = paired(tree("base"), tree("head"), pairs=2, undecided=lambda _: ["nightly"])

    assert {route: len(courses) for route, courses in found.courses.items()} == {"/v1/pay": 1, "nightly": 2}


def test_they_stand_beside_the_suite_s_own_cases(tree):
    cases = {"functions": (FunctionCase(route="direct", call="shop:nightly"),)}

    found = paired(tree("base", **cases), tree("head", **cases))

    assert set(found.head) == set(found.base) == {"direct", "/v1/pay", "nightly"}


def test_a_route_of_both_is_an_error(tree):
    cases = {"functions": (FunctionCase(route="nightly", call="shop:nightly"),)}

    with pytest.raises(InvalidValue, match="nightly is measured twice"):
        paired(tree("base", **cases), tree("head", **cases))


def test_other_order_new_and_gone_benchmarks(tree):
    more = '@pytest.mark.cost(route="{0}")\ndef test_{0}(cost):\n    cost(shop.pay, 1)\n'
    start = dedent(TESTS)
    head_order = start.replace("/v1/pay", "X").replace('nightly", unit', '/v1/pay", unit').replace("X", "nightly")

    found = paired(tree("base", tests=start + more.format("gone")), tree("head", tests=head_order + more.format("new")))

    assert set(found.courses) == {"/v1/pay", "nightly"}
    assert (set(found.survey.head_only), set(found.survey.base_only)) == ({"new"}, {"gone"})
    assert [(note.kind, note.about) for note in found.survey.notes] == [("not-in-base", "new")]


def test_a_base_that_raises_is_a_doubt_and_the_others_go_on(tree):
    broken = dedent(TESTS).replace("cost(shop.pay, card)", "cost(shop.pay)")

    found = paired(tree("base", tests=broken), tree("head"))

    assert list(found.courses) == ["nightly"]
    assert "missing 1 required positional argument" in found.survey.doubts["/v1/pay"]
    assert "/v1/pay" in found.head


def test_a_base_whose_test_fails_before_its_benchmark_is_a_doubt(tree):
    broken = dedent(TESTS).replace("def test_pay(cost, card):\n", "def test_pay(cost, card):\n    assert False\n")

    found = paired(tree("base", tests=broken), tree("head"))

    assert found.survey.doubts == {"/v1/pay": "the base's test ended before its benchmark"}
    assert set(found.head) == {"/v1/pay", "nightly"}


def test_a_base_whose_tests_cannot_be_collected_is_a_doubt_about_all(tree):
    found = paired(tree("base", tests="import nosuch"), tree("head"))

    assert set(found.survey.doubts) == {"/v1/pay", "nightly"}
    assert "pytest failed" in found.survey.doubts["nightly"]
    assert set(found.head) == {"/v1/pay", "nightly"}


def test_a_base_without_benchmarks_has_none_of_them(tree):
    found = paired(tree("base", pytest=(), functions=(FunctionCase(route="nothing", call="shop:nightly"),)), tree("head"))

    assert set(found.survey.head_only) >= {"/v1/pay", "nightly"}
    assert found.survey.doubts == {}


@pytest.mark.parametrize(
    "broken",
    [("cost(shop.pay, card)", "cost(shop.pay)"), ("def test_pay(cost, card):\n", "def test_pay(cost, card):\n    assert False\n")],
    ids=["in the benchmark", "before it"],
)
def test_a_head_that_fails_is_an_error(tree, broken):
    with pytest.raises(FailedCall):
        paired(tree("base"), tree("head", tests=dedent(TESTS).replace(*broken)))


def test_code_of_the_head_s_folder_is_not_measured_as_the_base(tree):
    head = tree("head")
    base = tree("base", tests=f"import sys\nsys.path.insert(0, {head.root!r})\nsys.modules.pop('shop', None)\n" + dedent(TESTS))

    found = paired(base, head)

    assert "imports shop from the head's folder" in found.survey.doubts["/v1/pay"]


HOLDS = """
    import mmap, time
    import pytest

    def hold():
        with mmap.mmap(-1, 64 << 20) as held:
            held.write(b"x" * (64 << 20))
            time.sleep(0.02)
        time.sleep(0.1)

    @pytest.mark.cost(route="hold")
    def test_hold(cost):
        cost(hold)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
@pytest.mark.parametrize("is_in_pairs", [False, True])
def test_memory_is_told_by_its_average_where_the_suite_says_so(tree, is_in_pairs):
    def held(memory: str) -> Decimal:
        sides = [tree(f"{side}-{memory}", tests=HOLDS, plan=replace(QUICK, memory=memory)) for side in ("base", "head")]
        routes = paired(*sides).head if is_in_pairs else measure(sides[1])
        return next(line.mean for line in routes["hold"].usage if line.meter == "compute.memory")

    peak, average = held("peak"), held("average")

    assert 0 < average < peak * Decimal("0.7"), "a third of the time, and never nothing"
