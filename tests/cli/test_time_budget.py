"""A time budget that is over ends the pairs: what they leave open is said, and counts as the project wants it to."""

import pytest

from cli.cli_project import change, make, report

BURNS = """
import codeops

def pay():
    sum(i * i for i in range(20_000))

def refund():
    codeops.record("stripe.charge", 1)

def nightly():
    codeops.record("stripe.charge", 10)
"""
CPU = '\n[[price]]\nmeter = "compute.cpu"\nper = "vCPU.h"\nprice = 0.04\n'


@pytest.fixture
def trees(tmp_path):
    base, head = (make(tmp_path / side) for side in ("base", "head"))
    for side in (base, head):
        (side / "work.py").write_text(BURNS, encoding="utf-8")
        (side / "prices.toml").write_text((side / "prices.toml").read_text(encoding="utf-8") + CPU, encoding="utf-8")
    return base, head


@pytest.mark.parametrize(("setting", "code"), [("", 3), ('inconclusive = "pass"\n', 0)])
def test_what_the_time_did_not_suffice_for_is_open_with_the_pairs_that_would_tell(trees, setting, code):
    base, head = trees
    change(head, "[bench]", setting + "[bench]", "codeops.toml")

    ended, found = report(head, "gate", "--base-dir", str(base), "--time-budget", "0.01")

    assert ended == code
    texts = {one["route"]: one["text"] for one in found["budgets"] if one["verdict"] == "inconclusive"}
    assert "it takes 2 more pairs" in texts["/v1/pay"]


def test_a_tolerance_of_its_own_decides_for_its_route_alone(trees):
    base, head = trees
    change(head, "range(20_000)", "range(26_000)")
    change(head, "[traffic]", '[budget.routes."/v1/pay"]\nregression = "80 %"\n\n[traffic]', "codeops.toml")

    code, found = report(head, "gate", "--base-dir", str(base))

    assert code == 0
    assert {one["route"]: one["limit"] for one in found["budgets"]} == {"/v1/pay": 0.8, "/v1/refund": 0.08, "nightly": 0.08}
