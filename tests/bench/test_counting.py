"""Instructions that are counted, on real valgrind: they repeat, they hold the work of all threads, and one route's failure is its own."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from codeops.bench.counters import bytecode, callgrind, client_request, region
from codeops.bench.counters.counting import count_bytecode, count_instructions
from codeops.bench.pairs.pair import Lane
from codeops.bench.side import Side, Start
from codeops.core.errors import UnsupportedCounter
from codeops.core.suite import FunctionCase, Plan, Suite

needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None and os.environ.get("CI") != "true", reason="valgrind is not installed")
SEED = {"PYTHONHASHSEED": "7"}
WORK = """
    import threading

    STEPS = {steps}

    def sum_up():
        return sum(i * i % 7 for i in range(STEPS))

    def in_a_thread():
        thread = threading.Thread(target=sum_up)
        thread.start()
        thread.join()

    async def awaited():
        return sum_up()

    def refused():
        raise PermissionError("not today")

    CALLS = iter(range(1000))

    def ever_more():
        return [None for _ in range(next(CALLS))]
"""


def suite(folder: Path, *calls: str, steps: int = 20_000) -> Suite:
    folder.mkdir(exist_ok=True)
    (folder / "work.py").write_text(dedent(WORK.format(steps=steps)))
    functions = tuple(FunctionCase(route=f"/{call}", call=f"work:{call}") for call in calls)
    return Suite(root=str(folder), functions=functions, plan=Plan(timeout_s=60))


def counted(base: Suite, head: Suite) -> tuple[dict[str, float], dict[str, str]]:
    lanes = [Lane(route=case.route, base=number, head=number, requests=3) for number, case in enumerate(head.cases)]
    found = count_instructions([(base, Start(env=SEED)), (head, Start(env=SEED))], lanes)
    return {route: now / was - 1 for route, (was, now) in found.instructions.items()}, found.problems


@needs_valgrind
def test_the_same_code_takes_the_same_instructions_and_more_work_takes_more(tmp_path):
    base, head = suite(tmp_path / "base", "sum_up", "awaited"), suite(tmp_path / "head", "sum_up", "awaited", steps=20_400)

    same, _ = counted(base, base)
    more, _ = counted(base, head)

    assert {route: round(change, 4) for route, change in same.items()} == {"/sum_up": 0.0, "/awaited": 0.0}
    assert {route: round(change, 3) for route, change in more.items()} == {"/sum_up": 0.02, "/awaited": 0.02}


@needs_valgrind
def test_what_another_thread_does_for_a_request_is_part_of_it(tmp_path):
    base, head = suite(tmp_path / "base", "in_a_thread"), suite(tmp_path / "head", "in_a_thread", steps=40_000)

    change, _ = counted(base, head)

    assert 0.8 < change["/in_a_thread"] < 1.2


@needs_valgrind
def test_a_route_that_fails_on_one_side_is_not_counted_and_the_others_are(tmp_path):
    base, head = suite(tmp_path / "base", "refused", "sum_up"), suite(tmp_path / "head", "awaited", "sum_up")

    changes, problems = counted(base, head)

    assert changes.keys() == {"/sum_up"}
    assert list(problems) == ["/awaited"]
    assert "PermissionError" in problems["/awaited"]


def test_outside_of_valgrind_a_request_to_it_is_not_heard():
    assert client_request.is_known_here() is (callgrind.unavailable() != "it needs Linux on x86-64 or aarch64")
    assert client_request.ask(0x1001) == 0


def test_a_process_that_valgrind_did_not_start_counts_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv(region.OUT, str(tmp_path / "counts"))

    with pytest.raises(UnsupportedCounter, match="cannot be counted in this process"):
        region.Region()


def test_without_valgrind_on_the_path_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert callgrind.unavailable() == "there is no valgrind on the path"


@contextmanager
def opened(root: Suite) -> Generator[Side]:
    with Side(root, Start(env=SEED)) as side:
        side.demand_ready()
        yield side


if bytecode.is_available():

    def test_bytecode_is_counted_exactly(tmp_path):
        with opened(suite(tmp_path / "base", "sum_up")) as base, opened(suite(tmp_path / "head", "sum_up", steps=20_200)) as head:
            was, now = count_bytecode(base, head, Lane(route="/sum_up", base=0, head=0, requests=8))

        assert (now - was) % 200 == 0
        assert now > was > 20_000

    def test_bytecode_of_calls_that_differ_is_not_told(tmp_path):
        with opened(suite(tmp_path / "base", "ever_more")) as base, opened(suite(tmp_path / "head", "ever_more")) as head:
            assert count_bytecode(base, head, Lane(route="/ever_more", base=0, head=0, requests=8)) is None

    def test_a_count_that_is_over_leaves_the_place_to_others():
        for _ in range(10):
            with bytecode.Region() as region:
                sum(range(10))
            assert region.counted > 0

else:

    def test_bytecode_is_not_told_before_python_3_12(tmp_path):
        with pytest.raises(UnsupportedCounter, match="bytecode cannot be counted"):
            bytecode.Region()
        with opened(suite(tmp_path / "base", "sum_up")) as side:
            assert count_bytecode(side, side, Lane(route="/sum_up", base=0, head=0)) is None
