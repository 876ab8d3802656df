import json as stdlib_json
from dataclasses import replace
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeops.core.errors import CodeOpsError, InvalidValue, MalformedFile
from codeops.core.report import REPORT_SCHEMA, Report
from codeops.report import json
from report.samples import FAIL, SAMPLES, D

FIGURES = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20) | st.builds(
    Decimal, st.from_regex(r"-?[1-9][0-9]{0,48}E-[1-9]?[0-9]", fullmatch=True)
)
TEXTS = st.text(max_size=12)
st.register_type_strategy(Decimal, FIGURES)
st.register_type_strategy(str, TEXTS)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
REPORTS = st.builds(Report, schema=st.just(1))


@settings(max_examples=60)
@given(REPORTS)
def test_what_is_written_is_read_back_exactly(report: Report) -> None:
    assert json.parse(json.render(report), "r.json") == report


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"adversarial"}))
def test_a_sample_is_read_back_and_renders_the_same(name: str) -> None:
    page = json.render(SAMPLES[name])

    again = json.parse(page, "r.json")

    assert again == SAMPLES[name]
    assert json.render(again) == page


def test_hostile_text_comes_back_but_for_what_no_file_can_hold() -> None:
    again = json.parse(json.render(SAMPLES["adversarial"]), "r.json")

    names = [(one.name, other.name) for one, other in zip(again.routes, SAMPLES["adversarial"].routes, strict=True)]
    assert [pair for pair in names if pair[0] != pair[1]] == [("23 \ufffe?", "23 \ufffe\ud800")]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_follows_the_published_schema(name: str) -> None:
    validator = jsonschema.Draft202012Validator(json.schema())

    assert not list(validator.iter_errors(stdlib_json.loads(json.render(SAMPLES[name]))))
    assert list(validator.iter_errors({"verdict": "maybe"})), "a schema that accepts anything would prove nothing"


def test_money_is_a_number_with_every_digit() -> None:
    report = replace(FAIL, monthly_delta=D("0.1234567890123456789012345678901234567890"))

    assert '"monthly_delta": 0.1234567890123456789012345678901234567890' in json.render(report)


def test_an_endless_number_is_written_as_not_known() -> None:
    report = replace(FAIL, monthly_delta=Decimal("Infinity"))

    assert json.parse(json.render(report), "r.json").monthly_delta is None


def edited(**changes: object) -> str:
    return stdlib_json.dumps({**stdlib_json.loads(json.render(FAIL)), **changes})


@pytest.mark.parametrize("extra", [{"later": 1}, {"head": {"git_sha": "abc", "later": [1]}}])
def test_fields_of_the_future_are_left_out(extra: dict[str, object]) -> None:
    assert json.parse(edited(**extra), "r.json").summary == FAIL.summary


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", MalformedFile, "not JSON"),
        ("{", MalformedFile, "not JSON"),
        ("[" * 200_000, CodeOpsError, ""),
        ('{"schema": ' + "[" * 200_000, CodeOpsError, ""),
        ('"\ud800"', MalformedFile, "not JSON"),
        ("[]", InvalidValue, "Expected `object`"),
        ("{}", InvalidValue, "`schema`"),
        ('{"schema": "one"}', InvalidValue, "`$.schema`"),
        ('{"schema": 0}', InvalidValue, "schema 0"),
        (f'{{"schema": {REPORT_SCHEMA + 1}}}', InvalidValue, f"schema {REPORT_SCHEMA + 1}"),
        ('{"schema": 1}', InvalidValue, "missing required field"),
        (edited(verdict="maybe"), InvalidValue, "`$.verdict`"),
        (edited(monthly_delta="NaN"), InvalidValue, "$.monthly_delta is NaN"),
        (edited(monthly_delta="-Infinity"), InvalidValue, "$.monthly_delta"),
        (edited(monthly_delta="1e999999999"), InvalidValue, "$.monthly_delta"),
        (edited(monthly_delta="1e31"), InvalidValue, "$.monthly_delta"),
        (edited(monthly_delta="1e-101"), InvalidValue, "$.monthly_delta"),
        (edited(routes=[{"name": "r", "ratio": "sNaN"}]), InvalidValue, "$.routes[0].ratio"),
        (edited(routes=[{"name": "r", "requests_per_month": 10**60}]), InvalidValue, ""),
    ],
)
def test_bad_input_is_one_clear_error_that_names_the_file(text: str, error: type[CodeOpsError], words: str) -> None:
    with pytest.raises(error) as caught:
        json.parse(text, "saved.json")

    message = caught.value.explain()
    assert "saved.json: " in message
    assert words in message
    assert "  fix: " in message


@pytest.mark.parametrize("number", ["1e30", "1e-100", "0", "0e-90"])
def test_a_number_that_a_figure_can_be_is_read(number: str) -> None:
    assert json.parse(edited(monthly_delta=number), "r.json").monthly_delta == Decimal(number)
