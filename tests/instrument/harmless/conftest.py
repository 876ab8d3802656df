"""Runs small real programs, each in a process of its own, on the ledger in C and on the one in Python."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from instrument.harmless.book import PRICES

PROGRAMS = Path(__file__).with_name("programs")
LEDGERS = ("native", "pure")
_AGAIN_S = 5.0
_OTHERS = ("CODEOPS_", "OTEL_", "DD_", "SENTRY_")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `told` is what it printed as JSON on its last line."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        assert self.out.strip(), self.err
        return json.loads(self.out.strip().rsplit("\n", 1)[-1])

    def well(self) -> Any:
        """What it told, having ended without a word on stderr."""
        assert (self.code, self.err) == (0, ""), f"exit code {self.code}\n{self.err}\n{self.out}"
        return self.told


def _environment(**variables: str) -> dict[str, str]:
    """The variables of this process without those that steer us or others, and `programs` among the modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
    path = os.pathsep.join([str(PROGRAMS), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", **variables}


def ended(command: Sequence[str], *, timeout_s: float = 60, interrupt_after: str = "", **variables: str) -> Ended:
    """Runs a command to its end, which must come before `timeout_s`; all that it started is gone afterwards.

    `interrupt_after` is a line: once the program has printed it, it gets SIGINT, and again every few seconds, as from somebody
    at a keyboard: one that arrives just when the collector calls a function of Python is lost in every program.
    """
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment(**variables), start_new_session=True
    )
    told = ""
    while interrupt_after and told.strip() != interrupt_after:
        told = started.stdout.readline()
    try:
        out, err = _communicated(started, timeout_s, interrupts=bool(interrupt_after))
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGABRT)  # says where it hangs
        out, err = started.communicate()
        pytest.fail(f"hangs after {timeout_s} s\n{out}\n{err}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
    return Ended(started.returncode, told + out, err)


def _communicated(started: subprocess.Popen[str], timeout_s: float, *, interrupts: bool) -> tuple[str, str]:
    until = time.monotonic() + timeout_s
    while interrupts and time.monotonic() < until:
        started.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return started.communicate(timeout=_AGAIN_S)
    return started.communicate(timeout=timeout_s)


@pytest.fixture(params=LEDGERS)
def ledger(request: pytest.FixtureRequest) -> str:
    return request.param


def _run(folder: Path, text: str, *arguments: str, python: Sequence[str] = (sys.executable, "-X", "faulthandler"), **options: Any) -> Ended:
    file = folder / "program.py"
    file.write_text(dedent(text), encoding="utf-8")
    return ended([*python, str(file), *arguments], **options)


@pytest.fixture
def pricebook(tmp_path: Path) -> str:
    """The path of a price book in a file."""
    file = tmp_path / "pricebook.toml"
    file.write_text(PRICES, encoding="utf-8")
    return str(file)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Ended]:
    """Runs the text of a program; further arguments are those of `ended`, in capitals variables of its environment."""
    return partial(_run, tmp_path)


@pytest.fixture(scope="session")
def run_program() -> Callable[..., Ended]:
    """The same for programs that several tests share: the folder is given first."""
    return _run


@pytest.fixture
def together(tmp_path: Path) -> Callable[..., list[Ended]]:
    """Runs programs at the same time, each given as its text, its argument, and variables of its environment."""

    def run(*programs: tuple[str, str, dict[str, str]]) -> list[Ended]:
        file = tmp_path / "program.py"  # one path for all: it is in tracebacks
        file.write_text(dedent(programs[0][0]), encoding="utf-8")
        with ThreadPoolExecutor(len(programs)) as pool:
            running = [pool.submit(ended, [sys.executable, "-X", "faulthandler", str(file), name], **more) for _, name, more in programs]
        return [one.result() for one in running]

    return run


_LISTENS = re.compile(r"http://([\d.]+:\d+)")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen, Callable[[str], Any]]]]:
    """Runs the text of a site, which defines `app`, under a server; what is returned is its process, and what asks it for JSON."""
    started: list[subprocess.Popen] = []

    def start(text: str, server: str, *options: str, **variables: str) -> tuple[subprocess.Popen, Callable[[str], Any]]:
        (tmp_path / "site_of_test.py").write_text(dedent(text), encoding="utf-8")
        command = [sys.executable, "-m", server, "site_of_test:app", *options]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=_environment(**variables), start_new_session=True
        )
        started.append(process)
        address = next(match[1] for line in process.stderr if (match := _LISTENS.search(line)))
        return process, partial(_asked, address)

    yield start

    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def _asked(address: str, path: str) -> Any:
    until = time.monotonic() + 20
    while True:
        connection = HTTPConnection(address, timeout=20)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        except (ConnectionError, HTTPException):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)  # it is starting, or starting again
        finally:
            connection.close()
