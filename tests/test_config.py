"""The configuration: what is read, and that each slip is refused with its line and a fix."""

from decimal import Decimal
from pathlib import Path

import pytest

from codeops.config import load, schema
from codeops.core.errors import CodeOpsError, UnreadableFile
from codeops.core.money import Money

FULL = """
pricebook = "prices/book.toml"
labels = { region = "us-east-1", team = "reports" }
inconclusive = "fail"
[bench]
app = "reports.app:app"
setup = "reports.bench:environment"
env = { LOG_LEVEL = "warning" }
python_path = ["src"]
pytest = ["tests/cost"]
seconds = 0.5
[[bench.request]]
route = "/v1/report"
path = "/v1/report?account=7"
headers = { x-team = "a" }
[[bench.request]]
route = "/v1/ingest"
method = "post"
json = { events = [{ id = 1, share = 0.1 }] }
expect_status = 202
[[bench.function]]
job = "rollup"
call = "reports.jobs:rollup"
unit = "GB"
units = 12.5
[budget]
regression = "5 %"
per_1k = "$0.50"
monthly_increase = "1,200 USD"
[budget.routes."/v1/report"]
regression = "2.5%"
per_1k = "0.20 EUR"
[traffic]
"/v1/report" = 40_000_000
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, text: str, name: str = "codeops.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_is_written_arrives(project: Path) -> None:
    written(project, FULL)

    config = load(None, str(project))

    report, ingest = config.suite.requests
    (rollup,) = config.suite.functions
    assert config.pricebook == str(project / "prices/book.toml")
    assert config.baseline == str(project / "cost/baseline.json")
    assert (report.app, report.path, report.headers) == ("reports.app:app", "/v1/report?account=7", (("x-team", "a"),))
    assert (ingest.method, ingest.path, ingest.expect_status) == ("POST", "/v1/ingest", 202)
    assert ingest.body == b'{"events":[{"id":1,"share":0.1}]}'
    assert ingest.headers == (("content-type", "application/json"),)
    assert (rollup.route, rollup.kind, rollup.unit, rollup.units) == ("rollup", "job", "GB", "12.5")
    assert config.suite.plan.seconds == pytest.approx(0.5)
    assert config.suite.python_path == (str(project / "src"),)
    assert config.budget.regression == Decimal("0.05")
    assert config.budget.of("/v1/report").regression == Decimal("0.025")
    assert config.budget.of("/v1/report").per_1k == Money(Decimal("0.20"), "EUR")
    assert config.budget.of("/other").per_1k == Money(Decimal("0.50"), "USD")
    assert config.budget.monthly_increase == Money(Decimal(1200), "USD")
    assert config.traffic == {"/v1/report": 40_000_000}
    assert config.inconclusive == "fail"


def test_the_nearest_file_upwards_is_found(project: Path) -> None:
    written(project, "")
    below = project / "a" / "b"
    below.mkdir(parents=True)

    assert load(None, str(below)).root == str(project)


def test_pyproject_serves_when_it_has_our_table_and_lines_are_still_right(project: Path) -> None:
    written(project, '[project]\nname = "x"\n[tool.codeops.budget]\nregression = 8\n', "pyproject.toml")

    with pytest.raises(CodeOpsError) as caught:
        load(None, str(project))

    assert caught.value.location is not None
    assert (caught.value.slug, caught.value.location.line) == ("invalid-value", 4)


def test_without_a_file_the_fix_is_to_make_one(project: Path) -> None:
    written(project, '[project]\nname = "x"\n', "pyproject.toml")

    with pytest.raises(UnreadableFile) as caught:
        load(None, str(project))

    assert caught.value.fix == "codeops init"


APP = '[bench]\napp = "a:b"\n'


@pytest.mark.parametrize(
    ("text", "slug", "line", "told"),
    [
        ("pricebok = 'x'", "unknown-key", 1, "pricebook"),
        ("[bench]\nsecond = 1", "unknown-key", 2, "seconds"),
        ("[bench]\nseconds = 0", "invalid-value", 2, "above zero"),
        ("[bench]\nseconds = nan", "invalid-value", 2, "nan"),
        ("[bench]\nmin_samples = 30\nmax_samples = 20", "invalid-value", 3, "min_samples 30"),
        ("[bench]\nwarmup = -1", "invalid-value", 2, "warmup"),
        ("[bench]\nwarmup = 1\nwarmup = 2", "duplicate-key", 3, "warmup"),
        ("[[bench.request]]\nroute = '/a'", "invalid-value", 1, "neither this request nor [bench] names an app"),
        ("[[bench.request]]\nroute = '/a'\napp = 'a.b'", "invalid-value", 1, "'a.b'"),
        (f"{APP}[[bench.request]]\npath = '/a'", "invalid-value", 3, "route"),
        (f"{APP}[[bench.request]]\nroute = '/a'\nbody = ''\njson = 1", "invalid-value", 3, "both json and body"),
        (f"{APP}[[bench.request]]\nroute = '/a'\n[[bench.request]]\nroute = '/a'", "invalid-value", 5, "twice"),
        (f"{APP}[[bench.request]]\nroute = '/a'\n[[bench.function]]\nroute = '/a'\ncall = 'a:b'", "invalid-value", 5, "twice"),
        ("[[bench.function]]\ncall = 'a:b'", "invalid-value", 1, "either route or job"),
        ("[[bench.function]]\ncall = 'a:b'\nroute = 'x'\njob = 'y'", "invalid-value", 1, "either route or job"),
        ("[[bench.function]]\ncall = 'a:b'\njob = 'y'\nunit = 'GB'", "invalid-value", 1, "units = 12.5"),
        ("[[bench.function]]\ncall = 'a:b'\njob = 'y'\nunit = 'GB'\nunits = 0", "invalid-value", 1, "above zero"),
        ("[budget]\nregression = 0.08", "invalid-value", 2, '"8 %"'),
        ("[budget]\nregression = '-8 %'", "invalid-value", 2, '"8 %"'),
        ("[budget]\nper_1k = 0.5", "invalid-value", 2, "money has a currency"),
        ("[budget]\nper_1k = '$5 USD'", "invalid-value", 2, "money has a currency"),
        ("[budget]\nper_1k = '5..0 USD'", "invalid-value", 2, "money has a currency"),
        ("[budget.routes.'/a']\nper_unit = '5'", "invalid-value", 2, "money has a currency"),
        ("[budget]\nmonthly_increase = '5 USD'", "invalid-value", 2, "[traffic] is empty"),
        ("[traffic]\n'/a' = -1", "invalid-value", 2, "/a"),
        ("[traffic]\n'/a' = 'many'", "invalid-value", 2, "whole number"),
        ("inconclusive = 'maybe'", "invalid-value", 1, "maybe"),
        ("labels = { a = 1 }", "invalid-value", 1, "text is expected"),
        ("pricebook = ", "malformed-file", 1, ""),
    ],
)
def test_a_slip_is_refused_with_its_line_and_a_fix(project: Path, text: str, slug: str, line: int, told: str) -> None:
    path = written(project, text)

    with pytest.raises(CodeOpsError) as caught:
        load(str(path), ".")

    assert caught.value.location is not None
    assert (caught.value.slug, caught.value.location.line) == (slug, line), caught.value.explain()
    assert told in caught.value.explain()
    assert caught.value.fix


def test_the_schema_names_every_key() -> None:
    assert {"pricebook", "bench", "budget", "traffic"} <= set(str(schema()).replace("'", " ").split())
