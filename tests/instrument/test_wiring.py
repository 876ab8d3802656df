import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from codeops.instrument import wiring

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SILENT = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
PROGRAM = """\
from codeops.instrument import running
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
now, provider = running.now(), trace.get_tracer_provider()
print("answer", 6 * 7)
print("provider", isinstance(provider, TracerProvider))
print("running", now is not None, now and now.book and now.book.version)
with trace.get_tracer("test").start_as_current_span("work") as span:
    sum(range(100_000))
print("attributes", *sorted(name for name in span.attributes if name.startswith("cost.")))
"""
BOOK = """\
version = "7"
currency = "USD"

[[price]]
meter = "compute.cpu"
price = "0.036"
per = "vCPU.h"
"""


@pytest.fixture
def run(tmp_path):
    """What a program prints and complains of under `opentelemetry-instrument`, with these variables."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "pricebook.toml").write_text(BOOK)

    def started(**variables: str) -> tuple[dict[str, str], str]:
        around = {name: value for name, value in os.environ.items() if not name.startswith(("CODEOPS_", "OTEL_"))}
        done = subprocess.run(
            [BIN / "opentelemetry-instrument", "python", "program.py"],
            cwd=tmp_path,
            env={**around, "PATH": f"{BIN}:{around['PATH']}", **SILENT, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(line.split(" ", 1) if " " in line else (line, "") for line in done.stdout.splitlines()), done.stderr

    return started


def test_opentelemetry_finds_the_way_in_before_it_instruments_libraries():
    (entry,) = entry_points(group="opentelemetry_pre_instrument", name="codeops")

    assert entry.load() is wiring.start


def test_without_its_variable_nothing_is_put_in(run):
    told, complaints = run()

    assert told == {"answer": "42", "provider": "True", "running": "False None", "attributes": ""}
    assert not complaints


def test_with_its_variable_spans_carry_usage_and_cost(run):
    told, complaints = run(CODEOPS_PRICEBOOK="pricebook.toml", CODEOPS_MEMORY="off")

    assert told["running"] == "True 7"
    assert told["attributes"] == "cost.request cost.request.nano cost.self cost.usage.compute.cpu"
    assert not complaints


@pytest.mark.parametrize(
    ("book", "slug"),
    [
        ("version = \n", "malformed-file"),
        (BOOK.replace("price =", "prise ="), "unknown-key"),
        (BOOK.replace('"0.036"', '"-1"'), "invalid-price"),
        (None, "unreadable-file"),
    ],
)
def test_with_a_broken_price_book_the_program_runs_costs_are_absent_and_one_warning_has_the_fix(run, tmp_path, book, slug):
    path = tmp_path / "pricebook.toml"
    path.unlink() if book is None else path.write_text(book)

    told, complaints = run(CODEOPS_PRICEBOOK="pricebook.toml", CODEOPS_MEMORY="off")

    assert told == {"answer": "42", "provider": "True", "running": "True None", "attributes": "cost.usage.compute.cpu"}
    assert complaints.count("codeops doctor") == complaints.count(f"error[{slug}]: pricebook.toml") == complaints.count("  fix: ") == 1, (
        complaints
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CODEOPS_LEDGER", "fast"),
        ("CODEOPS_LABELS", "region"),
        ("CODEOPS_MAX_ROWS", "many"),
        ("CODEOPS_TENANT_HEADER", "x tenant"),
        ("CODEOPS_NETWORKS", "10.0.0.5/8=intra-zone"),
    ],
)
def test_with_a_variable_that_means_nothing_the_program_runs_unmeasured_and_one_warning_has_the_fix(run, variable, value):
    told, complaints = run(CODEOPS_PRICEBOOK="pricebook.toml", **{variable: value})

    assert told == {"answer": "42", "provider": "True", "running": "False None", "attributes": ""}
    assert complaints.count(f"error[invalid-value]: {variable}: ") == complaints.count("  fix: ") == 1, complaints


def test_the_table_of_variables_is_current():
    page = (ROOT / "docs" / "instrument.md").read_text(encoding="utf-8")
    script = "import runpy, sys; print(runpy.run_path('tools/docs_instrument.py')['text'](sys.stdin.read()), end='')"

    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT, input=page, capture_output=True, text=True, check=True).stdout

    assert made == page, "run make docs"
    assert "| `CODEOPS_PRICEBOOK` |" in page


FORKING = """\
import os, sys, threading, time

def early():
    started.append(threading.Thread(target=work))
    started[0].start()

def burn(cpu_s):
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        sum(range(1000))

def work():
    for _ in range(100):
        with codeops.span("of the early thread"):
            burn(0.0005)

started = []
os.register_at_fork(after_in_child=early)  # as OpenTelemetry's exporters do, which are there before codeops

import codeops
from codeops.instrument import running

codeops.instrument(ledger=sys.argv[1], memory=False)
with codeops.span("of the parent"):
    sum(range(1000))
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
for _ in range(100):
    with codeops.span("of the child"):
        burn(0.0005)
started[0].join()
rows = {row.name: row.usage["compute.cpu"] for row in codeops.collect() if row.count}
balance = running.now().accounting.balance()
print(*sorted(rows), sep=", ", end=": ")
print(balance.error_ratio < 0.005 or balance, rows["of the early thread"] > 0.03, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("ledger", ["native", "pure"])
def test_a_thread_that_another_library_starts_as_soon_as_it_hears_of_a_fork_is_accounted_for(ledger):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING, ledger], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "of the child, of the early thread: True True\n"
