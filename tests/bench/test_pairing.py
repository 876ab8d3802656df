"""Base and head in pairs of processes."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from math import log
from pathlib import Path
from statistics import median
from textwrap import dedent

import pytest

from codeops.bench.pairs.matching import match
from codeops.bench.pairs.pairing import Pairing, Patience, measure_pairs
from codeops.bench.side import Start
from codeops.core.errors import FailedCall
from codeops.core.suite import FunctionCase, Plan, RequestCase, Suite

QUICK = Plan(warmup=1, min_samples=2, max_samples=4, seconds=0.0, timeout_s=30)
WORK = """
    import codeops

    def light():
        codeops.record("stripe.charge", 1)

    def work():
        return sum(i * i for i in range({steps}))
"""
APP = """
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        answers = path in {answered}
        start_response("200 OK" if answers else "404 Not Found", [])
        return [b"x" * 100]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Suite]:
    """One side of a comparison in a folder of its own."""

    def make(side: str, files: dict[str, str], **fields) -> Suite:
        root = tmp_path / side
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return Suite(root=str(root), **{"plan": QUICK, **fields})

    return make


def jobs(*names: str) -> tuple[FunctionCase, ...]:
    return tuple(FunctionCase(route=name, call=f"jobs:{name}") for name in names)


def paired(base: Suite | None, head: Suite, *, pairs: int = 1, root: str = "", undecided=None) -> Pairing:
    matched = match(head, base, root or (base.root if base else head.root))
    patience = Patience(seconds=60, looks=tuple(range(1, pairs + 1)))
    starts = (Start(origin=head.root if matched.suite.root != head.root else ""), Start())
    return measure_pairs(head, matched, starts, patience, undecided or (lambda found: list(found.courses)))


def test_more_work_is_seen_as_more_cpu_and_counts_stay_exact(tree):
    base = tree("base", {"jobs.py": WORK.format(steps=20_000)}, functions=jobs("work", "light"))
    head = tree("head", {"jobs.py": WORK.format(steps=30_000)}, functions=jobs("work", "light"))

    found = paired(base, head, pairs=3)

    assert found.pairs == 3
    assert log(1.3) < median(course.cpu for course in found.courses["work"]) < log(1.7)
    assert found.head["work"].cpu_s / found.base["work"].cpu_s > Decimal("1.25")
    for side in (found.base, found.head):
        (charge,) = [line for line in side["light"].usage if line.meter == "stripe.charge"]
        assert (charge.mean, charge.exact, charge.samples) == (1, True, 2 + 2 + 2)
    assert found.survey.doubts == {}


def test_memory_is_compared_by_what_a_request_holds(tree):
    hoard = "import time\ndef work():\n    held = bytearray({size})\n    time.sleep(0.05)\n    return len(held)\n"
    base = tree("base", {"jobs.py": hoard.format(size=1000)}, functions=jobs("work"))
    head = tree("head", {"jobs.py": hoard.format(size=20_000_000)}, functions=jobs("work"))

    (course,) = paired(base, head).courses["work"]

    assert course.memory == pytest.approx(20_000_000 / 2**30 * 0.055, rel=0.4)


@pytest.mark.parametrize(
    "hold", ["time.sleep(0.02)", "ctypes.PyDLL(None).usleep(20_000)"], ids=["waiting", "keeping the interpreter's lock"]
)
def test_memory_on_average_is_less_than_at_its_peak(tree, hold):
    text = """
        import ctypes, mmap, time
        def work():
            with mmap.mmap(-1, {mib} << 20) as held:
                held[::4096] = bytes(len(held) // 4096)
                {hold}
            time.sleep(0.08)
    """
    base = tree("base", {"jobs.py": text.format(mib=1, hold=hold)}, functions=jobs("work"))
    held = {}
    for kind in ("peak", "average"):
        plan = replace(QUICK, memory=kind)
        head = tree("head", {"jobs.py": text.format(mib=40, hold=hold)}, functions=jobs("work"), plan=plan)
        (course,) = paired(base, head).courses["work"]
        held[kind] = course.memory

    assert held["peak"] > 39 / 1024 * 0.09
    assert 0.1 < held["average"] / held["peak"] < 0.6


def test_both_sides_get_the_same_iterations_and_the_same_hash_seed(tree):
    log_calls = """
        import os
        def work(number):
            with open("calls", "a") as file:
                print(os.environ["PYTHONHASHSEED"], number, file=file)
    """
    base = tree("base", {"jobs.py": log_calls}, functions=jobs("work"))
    head = tree("head", {"jobs.py": log_calls}, functions=jobs("work"))

    paired(base, head, pairs=2)

    calls = [Path(suite.root, "calls").read_text(encoding="utf-8").splitlines() for suite in (base, head)]
    assert calls[0] == calls[1]
    assert len({line.split()[0] for line in calls[0]}) == 2, "each pair has a seed of its own"
    numbers = [int(line.split()[1]) for line in calls[0]]
    assert sorted(numbers) == list(range(len(numbers))), "no iteration comes twice"


def test_a_route_that_is_decided_leaves(tree):
    files = {"jobs.py": WORK.format(steps=1000)}
    base, head = (tree(side, files, functions=jobs("work", "light")) for side in ("base", "head"))

    found = paired(base, head, pairs=3, undecided=lambda found: ["work"] if found.pairs < 3 else [])

    assert {route: len(courses) for route, courses in found.courses.items()} == {"work": 3, "light": 1}


def test_patience_ends_after_the_pair_that_outlasts_it(tree):
    files = {"jobs.py": WORK.format(steps=1000)}
    base, head = (tree(side, files, functions=jobs("work")) for side in ("base", "head"))

    found = measure_pairs(
        head, match(head, base, base.root), (Start(), Start()), Patience(seconds=0.01, looks=(3, 4)), lambda found: list(found.courses)
    )

    assert found.pairs == 1


def test_a_route_that_the_base_does_not_have_is_measured_alone_and_said_to_be_new(tree):
    base = tree("base", {"jobs.py": WORK.format(steps=1000)}, functions=jobs("light"))
    head = tree("head", {"jobs.py": WORK.format(steps=1000) + "    def extra(): pass\n"}, functions=jobs("light", "extra"))

    found = paired(base, head)

    assert (sorted(found.base), sorted(found.head)) == (["light"], ["extra", "light"])
    assert [(note.kind, note.about) for note in found.survey.notes] == [("not-in-base", "extra")]
    assert found.survey.doubts == {}


def test_a_route_that_is_gone_is_measured_in_the_base(tree):
    base = tree("base", {"jobs.py": WORK.format(steps=1000)}, functions=jobs("work", "light"))
    head = tree("head", {"jobs.py": WORK.format(steps=1000)}, functions=jobs("work"))

    found = paired(base, head)

    assert (sorted(found.base), sorted(found.head)) == (["light", "work"], ["work"])


def test_a_base_without_a_configuration_gets_the_heads_suite(tree):
    base = tree("base", {"src/jobs.py": WORK.format(steps=1000)})
    head = tree("head", {"src/jobs.py": WORK.format(steps=1000)}, functions=jobs("work"))
    head = replace(head, python_path=(f"{head.root}/src",))

    found = paired(None, head, root=base.root)

    assert sorted(found.courses) == ["work"]
    assert found.survey.matched.suite.python_path == (f"{base.root}/src",)


def test_a_base_that_does_not_import_leaves_its_routes_open_and_compares_the_others(tree):
    files = {"jobs.py": WORK.format(steps=1000), "app.py": APP.format(answered=["/a"])}
    routes = {"functions": jobs("work"), "requests": (RequestCase(route="/a", path="/a", app="app:app"),)}
    base, head = tree("base", files | {"app.py": "import no_such_library\n"}, **routes), tree("head", files, **routes)

    found = paired(base, head)

    assert sorted(found.courses) == ["work"]
    assert sorted(found.head) == ["/a", "work"]
    assert found.survey.doubts == {
        "/a": "the base cannot be measured: app:app cannot be imported (app.py:1), ModuleNotFoundError: No module named 'no_such_library'"
    }


def test_a_base_whose_setup_fails_leaves_everything_open(tree):
    files = {"jobs.py": WORK.format(steps=1000), "around.py": "def setup(): raise OSError('no database')\n"}
    base = tree("base", files, functions=jobs("work"), setup="around:setup")
    head = tree("head", files, functions=jobs("work"))

    found = paired(base, head)

    assert (found.courses, sorted(found.head), found.base) == ({}, ["work"], {})
    assert "no database" in found.survey.doubts["work"]


def test_a_base_that_dies_on_one_route_compares_the_others(tree):
    files = {"jobs.py": WORK.format(steps=1000)}
    base = tree("base", {"jobs.py": files["jobs.py"].replace('codeops.record("stripe.charge", 1)', "__import__('os')._exit(7)")})
    base = replace(base, functions=jobs("light", "work"))
    head = tree("head", files, functions=jobs("light", "work"))

    found = paired(base, head)

    assert sorted(found.courses) == ["work"]
    assert sorted(found.head) == ["light", "work"]
    assert "exit status 7" in found.survey.doubts["light"]


def test_a_base_that_dies_in_the_middle_keeps_what_was_measured(tree):
    dying = "calls = []\ndef work():\n    calls.append(1)\n    if len(calls) > 60: raise SystemExit(3)\ndef light(): pass\n"
    base = tree("base", {"jobs.py": dying}, functions=jobs("work", "light"))
    head = tree("head", {"jobs.py": "def work(): pass\ndef light(): pass\n"}, functions=jobs("work", "light"))

    found = paired(base, head)

    assert sorted(found.courses) == ["light"]
    assert sorted(found.head) == ["light", "work"]
    assert "work" in found.survey.doubts


def test_a_head_that_fails_is_an_error(tree):
    base = tree("base", {"jobs.py": "def work(): pass\n"}, functions=jobs("work"))
    head = tree("head", {"jobs.py": "def work(): raise ValueError('broken')\n"}, functions=jobs("work"))

    with pytest.raises(FailedCall, match="raised ValueError"):
        paired(base, head)


def test_a_base_that_answers_only_its_own_request_is_measured_with_that(tree):
    case = RequestCase(route="/report", path="/report", app="app:app")
    base = tree("base", {"app.py": APP.format(answered=["/report"])}, requests=(case,))
    head = tree("head", {"app.py": APP.format(answered=["/v2/report"])}, requests=(replace(case, path="/v2/report"),))

    found = paired(base, head)

    assert sorted(found.courses) == ["/report"]
    assert [(note.kind, note.about) for note in found.survey.notes] == [("request-differs", "/report")]


def test_an_application_that_was_renamed_is_started_by_the_bases_name(tree):
    case = RequestCase(route="/report", path="/report", app="old:app")
    base = tree("base", {"old.py": APP.format(answered=["/report"])}, requests=(case,))
    head = tree("head", {"new.py": APP.format(answered=["/report"])}, requests=(replace(case, app="new:app"),))

    assert sorted(paired(base, head).courses) == ["/report"]


def test_the_base_never_runs_the_heads_code_through_an_editable_install(tree, tmp_path, monkeypatch):
    """A folder on the path of every interpreter, as pip install --editable leaves it."""
    work = "import codeops\ndef work():\n    codeops.record('stripe.charge', {n})\n"
    base = tree("base", {"src/shop/__init__.py": "", "src/shop/jobs.py": work.format(n=1)})
    head = tree("head", {"src/shop/__init__.py": "", "src/shop/jobs.py": work.format(n=2)})
    case = (FunctionCase(route="work", call="shop.jobs:work"),)
    monkeypatch.setenv("PYTHONPATH", f"{head.root}/src")

    found = paired(replace(base, functions=case), replace(head, functions=case))

    charges = [line.mean for side in (found.base, found.head) for line in side["work"].usage if line.meter == "stripe.charge"]
    assert charges == [1, 2]


def test_a_base_that_would_run_the_heads_code_is_not_compared(tree, monkeypatch):
    base = tree("base", {"readme.py": ""})
    head = tree("head", {"lib/shop.py": "def work(): pass\n"})
    case = (FunctionCase(route="work", call="shop:work"),)
    meddling = "import sys\nsys.path.append({folder!r})\n"
    Path(base.root, "around.py").write_text(meddling.format(folder=f"{head.root}/lib") + "def setup(): pass\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{head.root}/lib")

    found = paired(replace(base, functions=case, setup="around:setup"), replace(head, functions=case))

    assert "the base imports shop from the head's folder" in found.survey.doubts["work"]
