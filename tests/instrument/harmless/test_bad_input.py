"""What means nothing is refused and told once, with what to do about it; the program goes on, and no number is wrong."""

import pytest

from instrument.harmless.book import PRICES

CARD = PRICES[PRICES.rindex("[[price]]") :]

BROKEN = {
    "missing": None,
    "malformed": PRICES + "\n[[price",
    "not text": b"\xff\xfe" + PRICES.encode(),
    "unknown key": PRICES.replace("per =", "pre ="),
    "no number": PRICES.replace('"0.1"', '"ten cents"'),
    "negative": PRICES.replace('"0.1"', '"-0.1"'),
    "overlapping": PRICES + CARD,
}

PROGRAM = """
    import sys
    from probe import *
    log = Warnings()
    spans = sdk()
    import codeops
    codeops.instrument(sys.argv[1], memory=False)
    with codeops.span("root"), codeops.span("child"):
        burn(0.02)
        for _ in range(3):
            codeops.record("charge.card", 1)
    attributes = {span.name: {key: value for key, value in span.attributes.items() if key.startswith("cost.")} for span in spans}
    rows = {row.name: {"usage": row.usage, "cost": row.cost, "unpriced": row.unpriced} for row in codeops.collect()}
    tell(attributes=attributes, rows=rows, books=books(), log=log.texts)
"""


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_price_book_takes_money_away_and_nothing_else(program, tmp_path, how):
    book = tmp_path / "prices.toml"
    if BROKEN[how] is not None:
        book.write_bytes(BROKEN[how] if isinstance(BROKEN[how], bytes) else BROKEN[how].encode())

    told = program(PROGRAM, str(book)).well()

    assert set(told["attributes"]["child"]) == {"cost.usage.compute.cpu", "cost.usage.charge.card"}
    assert set(told["attributes"]["root"]) <= {"cost.usage.compute.cpu"}
    assert told["rows"]["child"]["usage"]["charge.card"] == 3
    assert told["rows"]["child"]["usage"]["compute.cpu"] == pytest.approx(0.02, rel=0.5)
    assert {row["cost"] for row in told["rows"].values()} == {None}
    assert told["books"]["error"] <= 0.005
    assert len(told["log"]) == 1
    assert "\n  fix: " in told["log"][0]
    assert str(book) in told["log"][0]


def test_prices_that_match_equally_well_price_nothing_and_all_others_do(program, tmp_path, ledger):
    book = tmp_path / "prices.toml"
    one = CARD.replace('"0.1"', '"0.2"') + 'when = { region = "eu-west-1" }\n'
    two = CARD.replace('"0.1"', '"0.3"') + 'when = { service = "shop" }\n'
    book.write_text(PRICES + one + two, encoding="utf-8")

    told = program(PROGRAM, str(book), CODEOPS_LEDGER=ledger, CODEOPS_LABELS="region=eu-west-1,service=shop").well()

    child = told["attributes"]["child"]
    assert child["cost.usage.charge.card"] == 3
    assert child["cost.unpriced"] == "charge.card"
    assert child["cost.self"] == pytest.approx(child["cost.usage.compute.cpu"] * 0.04 / 3600)
    assert told["rows"]["child"]["unpriced"] == ["charge.card"]
    assert len(told["log"]) == 1
    assert "\n  fix: " in told["log"][0]


ARGUMENTS = [
    "ledger='quick'",
    "clock='sundial'",
    "max_rows=0",
    "max_rows='many'",
    "max_rows=True",
    "labels='region'",
    "labels={'region': 1}",
    "labels=[('region', 'x')]",
    "switches='asyncio'",
    "switches=['asyncioo']",
    "switches=5",
    "libraries='httpx'",
    "libraries=['httpxx']",
    "breakdown='plan'",
    "breakdown=[1]",
    "memory='off'",
    "tenant='x-tenant'",
    "networks={'10.0.0.0/99': 'intra-zone'}",
    "networks=['10.0.0.0/8']",
    "pricebook=5",
]


@pytest.mark.parametrize("wrong", ARGUMENTS)
def test_wrong_arguments_are_refused_before_anything_is_put_in(in_one_process, wrong):
    told = in_one_process[wrong]

    assert told["raised"] == "InvalidValue"
    assert told["why"]
    assert told["fix"]
    assert told["is_clean"]


@pytest.fixture(scope="module")
def in_one_process(tmp_path_factory, run_program):
    text = """
        import gc, sys, threading
        from probe import *
        import codeops
        from opentelemetry import context
        def state():
            return [len(gc.callbacks), type(context._RUNTIME_CONTEXT).__name__, threading.active_count(), len(sys.meta_path)]
        before, told = state(), {}
        for wrong in sys.argv[1:]:
            try:
                eval(f"codeops.instrument({wrong})")
                told[wrong] = {"raised": None}
            except Exception as problem:
                told[wrong] = {"raised": type(problem).__name__, "why": getattr(problem, "why", ""), "fix": getattr(problem, "fix", "")}
            told[wrong]["is_clean"] = state() == before and codeops.collect() == []
            codeops.uninstrument()
        tell(told=told)
    """
    return run_program(tmp_path_factory.mktemp("arguments"), text, *ARGUMENTS).well()["told"]


def test_a_variable_that_means_nothing_does_not_keep_the_program_from_starting(program):
    told = program(
        """
        from probe import *
        log = Warnings()
        import codeops
        codeops.instrument()
        with codeops.span("root"):
            burn(0.001)
        tell(rows=codeops.collect(), log=log.texts)
        """,
        CODEOPS_LEDGER="fast",
    ).well()

    assert told["rows"] == []
    assert len(told["log"]) == 1
    assert "CODEOPS_LEDGER: ledger is 'fast'" in told["log"][0]
    assert "\n  fix: " in told["log"][0]


AMOUNTS = """
    import decimal, sys
    import numpy
    from probe import *
    log = Warnings()
    import codeops
    from codeops.instrument import guard
    told = {}
    for call in sys.argv[1:]:
        guard._causes.clear()
        log.records.clear()
        codeops.instrument(memory=False)
        with codeops.span("root", tenant="acme"):
            codeops.record("charge.card", 2)
            for _ in range(3):
                eval(call)
        rows = {row.name: row.usage for row in codeops.collect() if row.count}
        rows["root"].pop("compute.cpu")
        told[call] = {"usage": rows["root"], "log": log.texts}
        codeops.uninstrument()
    tell(told=told)
"""

REFUSED = [
    "codeops.record('charge.card', -1)",
    "codeops.record('charge.card', float('nan'))",
    "codeops.record('charge.card', float('inf'))",
    "codeops.record('charge.card', decimal.Decimal('sNaN'))",
    "codeops.record('charge.card', decimal.Decimal('1e400'))",
    "codeops.record('charge.card', 10 ** 400)",
    "codeops.record('charge.card', True)",
    "codeops.record('charge.card', numpy.True_)",
    "codeops.record('charge.card', '3')",
    "codeops.record('charge.card', None)",
    "codeops.record('charge.card', 1j)",
    "codeops.record('Charge Card', 1)",
    "codeops.record('Charge Card', 1, unit='{request}')",
    "codeops.record(5, 1)",
    "codeops.record('charge.card', 1, unit='furlong')",
    "codeops.record('charge.card', 1, unit='GB')",
    "codeops.record('network.egress', 1, unit='vCPU.h')",
    "codeops.record('charge.card', 1, unit=5)",
]

CONVERTED = {
    "codeops.record('network.egress', 2, unit='kB')": {"charge.card": 2, "network.egress": 6000},
    "codeops.record('data.out', 1, unit='GB'), codeops.record('data.out', 500, unit='MB')": {"charge.card": 2, "data.out": 4.5},
    "codeops.record('data.in', 1, unit='GB'), codeops.record('data.in', 1)": {"charge.card": 2, "data.in": 6},
    "codeops.record('charge.card', decimal.Decimal('0.5'))": {"charge.card": 3.5},
    "codeops.record('charge.card', numpy.int64(1))": {"charge.card": 5},
    "codeops.record('charge.card', numpy.float32(0.5))": {"charge.card": 3.5},
    "codeops.record('charge.card', 0)": {"charge.card": 2},
    "codeops.record('charge.card', 1, kind=5, other=None)": {"charge.card": 5},
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, run_program):
    return run_program(tmp_path_factory.mktemp("amounts"), AMOUNTS, *REFUSED, *CONVERTED).well()["told"]


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_cannot_be_recorded_is_refused_and_told_once(recorded, wrong):
    assert recorded[wrong]["usage"] == {"charge.card": 2}
    assert len(recorded[wrong]["log"]) == 1


@pytest.mark.parametrize("right", CONVERTED)
def test_what_can_be_converted_is_one_sum_in_one_unit(recorded, right):
    assert recorded[right] == {"usage": CONVERTED[right], "log": []}


def test_labels_that_nobody_knows_or_that_are_no_text_are_left_out_and_told_once(program, ledger):
    told = program(
        """
        from probe import *
        log = Warnings()
        spans = sdk()
        import codeops
        codeops.instrument(memory=False)
        class Unspeakable:
            def __str__(self):
                raise ValueError
        for _ in range(3):
            with codeops.span("root", tenat="acme", colour="red", feature=Unspeakable(), cache_hit=None, tenant=7):
                burn(0.001)
        tell(labels=[dict(row.labels) for row in codeops.collect() if row.count], counts=counts(), log=log.texts,
             names=sorted(spans[0].attributes))
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["labels"] == [{"tenant.id": "7"}]
    assert told["counts"] == {"root": 3}
    assert told["names"] == ["cost.usage.compute.cpu", "tenant.id"]
    assert len(told["log"]) == 3
    assert any("write tenant" in text for text in told["log"])
    assert any("instrument(breakdown=['colour'])" in text for text in told["log"])


def test_a_job_with_units_that_are_no_number_has_none_and_that_is_told_once(program, ledger):
    told = program(
        """
        from probe import *
        log = Warnings()
        spans = sdk()
        import codeops
        codeops.instrument(memory=False)
        for units in (-1, float("nan"), float("inf"), True, "12", None):
            with codeops.job("bad", unit="GB", units=units):
                pass
        with codeops.job("good", unit="GB") as job:
            job.units = 2.5
        units = {row.name: [row.unit, row.units, row.count] for row in codeops.collect() if row.count}
        tell(units=units, attributes={span.name: span.attributes.get("cost.units") for span in spans}, log=log.texts)
        """,
        CODEOPS_LEDGER=ledger,
    ).well()

    assert told["units"] == {"bad": ["", 0.0, 6], "good": ["GB", 2.5, 1]}
    assert told["attributes"] == {"bad": None, "good": 2.5}
    assert len(told["log"]) == 1
    assert "fix: count what was done" in told["log"][0]


def test_each_meter_that_is_recorded_wrongly_is_told_once(program):
    told = program(
        """
        from probe import *
        log = Warnings()
        import codeops
        codeops.instrument(memory=False)
        with codeops.span("root"):
            for _ in range(3):
                codeops.record("card.charge", float("nan"))
                codeops.record("sms.sent", -1)
        tell(usage=[list(row.usage) for row in codeops.collect()], log=log.texts)
        """
    ).well()

    assert [text.split("cannot be recorded")[0].split()[-3:] for text in told["log"]] == [
        ["nan", "of", "card.charge"],
        ["-1", "of", "sms.sent"],
    ]


def test_past_a_thousand_meters_the_amounts_of_each_unit_are_a_sum_of_their_own(program):
    told = program(
        """
        from probe import *
        import codeops
        codeops.instrument(memory=False)
        with codeops.span("root"):
            for number in range(1400):
                codeops.record(f"made.up_{number}", 2, unit="{request}" if number % 2 else "MB")
        row = next(row for row in codeops.collect() if row.name == "root")
        tell(units=row.measured_in, usage={name: amount for name, amount in row.usage.items() if name.startswith("other")})
        """
    ).well()

    assert told["usage"] == {"other.request": 400, "other.mb": 400}
    assert (told["units"]["other.request"], told["units"]["other.mb"]) == ("{request}", "MB")


def test_past_as_many_units_memory_stays_bounded(program):
    told = program(
        """
        from probe import *
        import codeops
        codeops.instrument(memory=False)
        with codeops.span("root"):
            for number in range(3000):
                codeops.record(f"made.up_{number}", 2, unit=f"{{thing{number}}}")
        row = next(row for row in codeops.collect() if row.name == "root")
        tell(lines=len(row.usage), other=row.usage["other"])
        """
    ).well()

    assert told["lines"] <= 1502 + 1
    assert told["other"] == 3000 - 1500
