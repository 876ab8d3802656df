import mmap
import sys

import pytest

from codeops.bench.memory import peak

MIB = 2**20


@pytest.fixture(autouse=True)
def _linux():
    if sys.platform != "linux":
        pytest.skip("only Linux has /proc")


def test_the_peak_remembers_what_was_freed_until_it_is_reset():
    peak.reset_peak()
    before = peak.peak_bytes()
    with mmap.mmap(-1, 64 * MIB) as held:
        held.write(b"x" * (64 * MIB))
    after = peak.peak_bytes()
    peak.reset_peak()

    assert after >= before + 60 * MIB
    assert peak.peak_bytes() < after - 30 * MIB


def test_without_proc_the_peak_is_not_known(monkeypatch, tmp_path):
    monkeypatch.setattr(peak, "_PROC", tmp_path)
    peak.reset_peak()

    assert peak.peak_bytes() is None


def test_where_the_peak_cannot_be_reset_the_present_size_is_taken(monkeypatch, tmp_path):
    (tmp_path / "statm").write_text("100 25 1 1 0 1 0\n")
    (tmp_path / "status").write_text("VmHWM:\t  999999 kB\n")
    (tmp_path / "clear_refs").mkdir()
    monkeypatch.setattr(peak, "_PROC", tmp_path)
    peak.reset_peak()

    assert peak.peak_bytes() == 25 * mmap.PAGESIZE
