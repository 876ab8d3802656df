"""The examples in docs/instrument.md, each as it stands there: started by its own command, asked something, and ended."""

import re
import shutil
import signal
from pathlib import Path

import pytest

from journeys.load import Request, drive
from journeys.program import Program, free_port
from journeys.receiver import Receiver, Span

PAGE = Path(__file__).parents[2] / "docs" / "instrument.md"
PRICEBOOK = Path(__file__).parent / "services" / "pricebook.toml"
ROUTES = {"FastAPI": "/orders/{order}", "Flask": "/orders/<int:order>", "Django": "orders/<int:order>"}

pytestmark = [pytest.mark.slow, pytest.mark.peer]


def section(title: str) -> str:
    """The text below a heading of the page, up to the next one."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ )", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def files(text: str) -> dict[str, str]:
    """The blocks of Python that say in their first line which file they are."""
    return dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", text, re.DOTALL))


def commands(title: str) -> list[str]:
    return re.findall(r"^\$ (.*)", section(title), re.MULTILINE)


EXAMPLES = [(title, command) for title in (*ROUTES, "Celery", "A plain script") for command in commands(title)]


def started(title: str, command: str, folder: Path, receiver: Receiver) -> tuple[Program, int]:
    for name, text in (files(section("In code")) | files(section(title))).items():
        (folder / name).write_text(text)
    shutil.copy(PRICEBOOK, folder)
    port = free_port()
    *settings, words = command.partition(" ") if command.startswith("DJANGO") else ("", "", command)
    variables = dict(setting.split("=") for setting in settings if "=" in setting)
    if "opentelemetry-instrument" in words:
        variables |= {"CODEOPS_PRICEBOOK": "pricebook.toml"}
    variables |= {"OTEL_BSP_SCHEDULE_DELAY": "200"}
    return Program(words.replace("8000", str(port)).split(), folder, {**receiver.environment, **variables}), port


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def entry(receiver: Receiver) -> Span:
    spans = [span for span in receiver.spans if span.is_entry]
    assert len(spans) == 1
    return spans[0]


def is_booted(program: Program, workers: int) -> bool:
    """Whether so many workers of gunicorn have put in their handlers of signals: one that is told to end before waits for 30 s.

    SIGABRT is handled by sync workers only, what else they handle they have from the process that they were forked from.
    """
    caught = [
        int(re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.MULTILINE)[1], 16)
        for pid in program.children()
    ]
    return len(caught) == workers and all(mask >> (signal.SIGABRT - 1) & 1 for mask in caught)


@pytest.mark.parametrize(("title", "command"), [example for example in EXAMPLES if example[0] in ROUTES])
def test_an_example_of_a_web_framework_has_its_cost_on_the_span_of_each_request(title, command, tmp_path, receiver):
    program, port = started(title, command, tmp_path, receiver)
    program.wait_until_it_answers(port)
    if "gunicorn" in command and "UvicornWorker" not in command:
        program.wait_until(lambda: is_booted(program, 2 if "--workers 2" in command else 1))

    (response,) = drive(port, [Request("", "/orders/1000000")])
    code = program.end()

    span = entry(receiver)
    assert (response.status, code) == (200, 0 if "gunicorn" in command else -15), program.output
    assert span.attributes["http.route"] == ROUTES[title]
    assert span.usage("compute.cpu") > 0.001
    assert span.usage("network.egress") == response.own_size
    assert span.attributes["cost.request"] > span.attributes["cost.self"] * 0.999 > 0
    assert "codeops" not in program.output
    assert {point.attributes["http.route"] for point in receiver.points if point.metric == "codeops.requests"} == {ROUTES[title]}


CELERYCONFIG = """\
broker_url = "filesystem://"
broker_transport_options = {"data_folder_in": ".", "data_folder_out": ".", "polling_interval": 0.1}
broker_connection_retry_on_startup = True
worker_prefetch_multiplier = 1
"""


@pytest.mark.parametrize(("title", "command"), [example for example in EXAMPLES if example[0] == "Celery"])
def test_an_example_of_celery_has_its_cost_on_the_span_of_each_task(title, command, tmp_path, receiver):
    (tmp_path / "celeryconfig.py").write_text(CELERYCONFIG)
    program, _ = started(title, command, tmp_path, receiver)
    Program(["python", "-c", "from tasks import total; total.delay(3_000_000)"], tmp_path, {}, output="asked").code()

    program.wait_until(lambda: [span for span in receiver.spans if span.is_entry])
    program.end()

    span = entry(receiver)
    assert span.name == "run/tasks.total"
    assert span.usage("compute.cpu") > 0.001
    assert span.attributes["cost.request"] > 0
    assert [point.value for point in receiver.points if point.metric == "codeops.requests"] == [1]


def test_the_example_of_a_script_has_its_cost_on_the_span_of_its_job(tmp_path, receiver):
    program, _ = started("A plain script", commands("A plain script")[0], tmp_path, receiver)

    assert program.code() == 0, program.output
    (span,) = receiver.spans
    assert (span.name, span.attributes["cost.unit"], span.attributes["cost.units"]) == ("nightly", "order", 1000)
    assert span.attributes["tenant.id"] == "acme"
    assert span.attributes["cost.unpriced"] == "stripe.charge"
    assert span.attributes["cost.request"] > 0


def test_the_example_of_a_script_prints_its_cost_without_opentelemetry(tmp_path, receiver):
    program, _ = started("A plain script", commands("A plain script")[1], tmp_path, receiver)

    assert program.code() == 0
    assert re.fullmatch(r"nightly acme 0\.\d\d s 0\.0000\d{3} USD stripe\.charge\n", program.output)
    assert not receiver.spans


def test_every_example_is_run_by_one_of_these():
    blocks = re.findall(r"^```python\n", section("Examples") + "".join(map(section, dict(EXAMPLES))), re.MULTILINE)

    assert len(blocks) == sum(len(files(section(title))) for title in dict(EXAMPLES))
    assert len(EXAMPLES) == 12
