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


def group(tmp_path, cgroup: str, mounts: list[tuple[str, str, str]], files: dict[str, str]):
    """A /proc and control groups of our own making; `mounts` are (folder, kind, options)."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(cgroup)
    lines = [f"30 25 0:26 / {tmp_path}/{folder} rw,nosuid shared:4 - {kind} {kind} {options}" for folder, kind, options in mounts]
    (proc / "self" / "mountinfo").write_text("\n".join(["22 1 0:20 / /proc rw - proc proc rw", *lines]) + "\n")
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    read = environment.read(str(proc))
    return read.cpu_limit, read.memory_limit_bytes


V2 = [("cg", "cgroup2", "rw")]
V1 = [("cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"), ("cg/memory", "cgroup", "rw,memory")]
HYBRID = [*V1, ("cg/unified", "cgroup2", "rw")]
ROWS = [
    ("v2", "0::/a/b\n", V2, {"cg/a/b/cpu.max": "150000 100000\n", "cg/a/b/memory.max": "1048576\n"}, ("1.5", 1048576)),
    ("v2, the parent is tighter", "0::/a/b\n", V2, {"cg/a/b/cpu.max": "max 100000\n", "cg/a/cpu.max": "50000 100000\n"}, ("0.5", None)),
    ("v2 without a limit", "0::/\n", V2, {"cg/cpu.max": "max 100000\n", "cg/memory.max": "max\n"}, (None, None)),
    (
        "v1",
        "4:cpu,cpuacct:/x\n5:memory:/x\n",
        V1,
        {
            "cg/cpu,cpuacct/x/cpu.cfs_quota_us": "200000",
            "cg/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            "cg/memory/x/memory.limit_in_bytes": "4096",
        },
        ("2", 4096),
    ),
    (
        "v1 without a limit",
        "4:cpu,cpuacct:/x\n5:memory:/x\n",
        V1,
        {
            "cg/cpu,cpuacct/x/cpu.cfs_quota_us": "-1",
            "cg/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            "cg/memory/x/memory.limit_in_bytes": "9223372036854771712",
        },
        (None, None),
    ),
    (
        "hybrid: memory in v1, CPU in v2",
        "5:memory:/x\n0::/x\n",
        HYBRID,
        {"cg/memory/x/memory.limit_in_bytes": "4096", "cg/unified/x/cpu.max": "100000 100000"},
        ("1", 4096),
    ),
    ("nothing to read", "", [], {}, (None, None)),
]


@pytest.mark.parametrize(("claim", "cgroup", "mounts", "files", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_limits_of_the_control_group(tmp_path, claim, cgroup, mounts, files, expected):
    cpu, memory = expected

    assert group(tmp_path, cgroup, mounts, files) == (Decimal(cpu) if cpu else None, memory)


def test_inside_a_container_the_group_is_the_mounted_part(tmp_path):
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/docker/abc/inner\n")
    (tmp_path / "proc" / "self" / "mountinfo").write_text(f"30 25 0:26 /docker/abc {tmp_path}/cg ro - cgroup2 cgroup rw\n")
    (tmp_path / "cg" / "inner").mkdir(parents=True)
    (tmp_path / "cg" / "inner" / "memory.max").write_text("77\n")

    assert environment.read(str(tmp_path / "proc")).memory_limit_bytes == 77


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
