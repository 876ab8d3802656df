import platform
import sys
from decimal import Decimal

import pytest

from codeops.bench import environment


def test_this_machine_has_a_fingerprint():
    here = environment.read()

    assert here.cpus >= 1
    assert here.python == platform.python_version()
    assert sys.implementation.name in here.python_build
    assert here.kernel.startswith(platform.system())
    assert here.machine
    assert here == environment.read()


def test_the_limits_of_the_container_are_part_of_it(tmp_path):
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/\n")
    (tmp_path / "proc" / "self" / "mountinfo").write_text(f"30 25 0:26 / {tmp_path} ro - cgroup2 cgroup rw\n")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text("1048576\n")

    here = environment.read(str(tmp_path / "proc"))

    assert (here.cpu_limit, here.memory_limit_bytes) == (Decimal("1.5"), 1048576)


def test_how_memory_is_told_is_part_of_it():
    assert environment.read(memory="average").difference(environment.read()) == "memory is average, was peak"


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        ("processor : 0\nmodel name\t: AMD EPYC 7B13\n", "AMD EPYC 7B13"),
        ("processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "CPU implementer 0x41 CPU part 0xd0c"),
        ("Model : Raspberry Pi 4\n", "Raspberry Pi 4"),
        ("", ""),
    ],
)
def test_the_processor_by_its_name(cpuinfo, model):
    assert environment._cpu_model(cpuinfo) == model
