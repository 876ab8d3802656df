import gc
import mmap
import os
import sys
from pathlib import Path

import pytest

from codeops.instrument.memory.container import container_bytes
from codeops.instrument.memory.resident import Resident, resident_bytes

MIB = 2**20
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc here")


@pytest.fixture
def reading():
    made = Resident()
    yield made
    made.close()


def open_files():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_memory_that_is_written_to_is_resident(reading):
    gc.collect()
    before = reading.read()
    with mmap.mmap(-1, 64 * MIB) as held:
        held.write(b"x" * (64 * MIB))
        after = reading.read()

    assert after - before == pytest.approx(64 * MIB, abs=4 * MIB)
    assert resident_bytes() == pytest.approx(reading.read(), abs=4 * MIB)


def test_one_descriptor_is_kept_and_let_go(reading):
    before = open_files()
    for _ in range(10):
        reading.read()
    assert len(open_files() - before) == 1

    reading.close()
    reading.close()
    assert open_files() == before


def test_the_child_of_a_fork_reads_its_own_memory(reading):
    reading.read()
    with mmap.mmap(-1, 64 * MIB) as held:
        held.write(b"x" * (64 * MIB))
        child = os.fork()
        if not child:  # what the child maps now is not in the parent
            more = mmap.mmap(-1, 64 * MIB)
            more.write(b"x" * (64 * MIB))
            is_own = abs(reading.read() - resident_bytes()) < 4 * MIB and os.pread(reading._descriptor, 200, 0)
            os._exit(0 if is_own else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_descriptor_that_the_program_closed_is_opened_again(reading):
    reading.read()
    os.close(reading._descriptor)

    assert reading.read() == pytest.approx(resident_bytes(), abs=4 * MIB)


def test_a_descriptor_that_the_program_closed_and_uses_for_a_file_of_its_own_is_left_to_it(reading, tmp_path):
    path = tmp_path / "theirs"
    path.write_text("not ours\n")
    reading.read()
    number = reading._descriptor
    os.close(number)
    theirs = os.open(path, os.O_RDONLY)
    assert theirs == number

    assert reading.read() == pytest.approx(resident_bytes(), abs=4 * MIB)
    assert os.pread(theirs, 100, 0) == b"not ours\n"
    os.close(theirs)


@pytest.mark.parametrize("text", [None, "", "1 2 3\n", "not a number 2 3 4 5 6\n"], ids=["no file", "empty", "too short", "no number"])
def test_what_cannot_be_read_is_not_known(tmp_path, text):
    path = tmp_path / "statm"
    if text is not None:
        path.write_text(text)
    before = open_files()

    assert resident_bytes(str(path)) is None
    assert open_files() == before


def test_pages_are_counted_in_bytes(tmp_path):
    (tmp_path / "statm").write_text("100 25 1 1 0 1 0\n")

    assert resident_bytes(str(tmp_path / "statm")) == 25 * mmap.PAGESIZE


@pytest.mark.parametrize(
    ("cgroup", "kind", "options", "file", "expected"),
    [
        ("0::/a\n", "cgroup2", "rw", "cg/a/memory.current", 4096),
        ("5:memory:/a\n", "cgroup", "rw,memory", "cg/a/memory.usage_in_bytes", 4096),
        ("5:memory:/a/b\n", "cgroup", "rw,memory", "cg/a/memory.usage_in_bytes", 4096),
        ("5:cpu:/a\n", "cgroup", "rw,cpu", "cg/a/cpu.shares", None),
        ("", "cgroup2", "rw", "cg/memory.current", None),
    ],
    ids=["v2", "v1", "v1, only the parent is mounted", "no memory controller", "no group"],
)
def test_memory_of_the_control_group(tmp_path, cgroup, kind, options, file, expected):
    proc = tmp_path / "proc" / "self"
    proc.mkdir(parents=True)
    (proc / "cgroup").write_text(cgroup)
    (proc / "mountinfo").write_text(f"30 25 0:26 / {tmp_path}/cg rw,nosuid shared:4 - {kind} {kind} {options}\n")
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("4096\n")

    assert container_bytes(str(tmp_path / "proc")) == expected
