"""docs/gate.md: its worked example is what the code says, and every rule is in its table."""

import re
from pathlib import Path

from gate_values import AT, CPU, ELSEWHERE, GET, D, book, meter, price, route, site, snapshot

from codeops.core.budget import Budget
from codeops.core.snapshot import Environment, Snapshot
from codeops.gate import bytecode, findings, judge

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")


def side(gets: str, cpu_s: str, line: int, environment: Environment) -> Snapshot:
    usage = meter(GET, gets, sites=(site(gets, line, code=f"line {line}"),)), meter(CPU, cpu_s)
    return snapshot({"/v1/report": route(*usage)}, environment)


def test_the_worked_example_is_what_the_code_says() -> None:
    prices = book(price(GET, "0.0004", "1000 {request}"), price(CPU, "0.0344", "vCPU.h"))
    here = Environment(cpu_model="AMD EPYC 7B13")
    elsewhere = Environment(cpu_model=ELSEWHERE.cpu_model)

    report = judge(side("6", "0.004", 46, elsewhere), side("1", "0.003", 41, here), prices, Budget(), {"/v1/report": 40_000_000}, AT)
    (result,) = report.routes
    lines = [report.summary, *(cause.text for cause in result.causes), *result.notes, *(caveat.text for caveat in report.caveats)]

    assert "```\n" + "\n".join(lines) + "\n```" in PAGE
    assert round(result.base_cost, 10) == D("0.0000004287")


def test_every_rule_of_the_gate_is_documented() -> None:
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (findings, bytecode))
    rules = set(
        re.findall(r'"((?:route|unit|monthly|calls|usage|count|unpriced|bytecode|zero|gone|unknown|new)-[a-z-]+|inconclusive)"', source)
    )

    assert len(rules) == 14
    assert not [rule for rule in rules if f"| `{rule}` |" not in PAGE]
