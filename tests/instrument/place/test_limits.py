"""Limits over file trees as recorded on real systems: Docker and Kubernetes on v1, hybrid systemd hosts, v2."""

from decimal import Decimal

import pytest

from codeops.instrument.place.limits import Limits, read

SYSTEM = ["22 1 0:20 / /proc rw,nosuid - proc proc rw", "23 1 0:21 / /sys rw,nosuid - sysfs sysfs rw"]
POD = "/kubepods/burstable/pod7c9e/3f2a"


def tree(tmp_path, cgroup: str, mounts: list[tuple[str, str, str, str]], files: dict[str, str]) -> str:
    """A /proc and control groups below `tmp_path`; `mounts` are (root, folder, kind, options)."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(cgroup)
    lines = [
        f"{30 + number} 25 0:{26 + number} {root} {str(tmp_path / folder).replace(' ', chr(92) + '040')} rw,nosuid shared:4 - {kind} {kind} {options}"
        for number, (root, folder, kind, options) in enumerate(mounts)
    ]
    (proc / "self" / "mountinfo").write_text("\n".join([*SYSTEM, *lines]) + "\n")
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(proc)


V2 = [("/", "cg", "cgroup2", "rw,nsdelegate")]
V1 = [("/", "cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"), ("/", "cg/memory", "cgroup", "rw,memory")]
HYBRID = [*V1, ("/", "cg/unified", "cgroup2", "rw,nsdelegate")]
V1_DOCKER = [("/docker/4f1", "cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"), ("/docker/4f1", "cg/memory", "cgroup", "rw,memory")]
UNLIMITED = "9223372036854771712\n"

ROWS = [
    ("v2", "0::/a/b\n", V2, {"cg/a/b/cpu.max": "150000 100000\n", "cg/a/b/memory.max": "1048576\n"}, ("1.5", 1048576)),
    ("v2, the parent is tighter", "0::/a/b\n", V2, {"cg/a/b/cpu.max": "max 100000\n", "cg/a/cpu.max": "50000 100000\n"}, ("0.5", None)),
    ("v2, the leaf is tighter", "0::/a/b\n", V2, {"cg/a/b/memory.max": "77\n", "cg/a/memory.max": "99\n"}, (None, 77)),
    ("v2 without a limit", "0::/\n", V2, {"cg/cpu.max": "max 100000\n", "cg/memory.max": "max\n"}, (None, None)),
    ("v2 in a namespace of its own", "0::/\n", V2, {"cg/cpu.max": "25000 100000\n", "cg/memory.max": "268435456\n"}, ("0.25", 268435456)),
    (
        "v2 without a namespace: the group's path is the host's, the mount is the container's part",
        "0::/docker/abc/inner\n",
        [("/docker/abc", "cg", "cgroup2", "rw")],
        {"cg/inner/memory.max": "77\n"},
        (None, 77),
    ),
    (
        "v2 after a move to another group: limits of where the container is mounted still hold",
        "0::/../../system.slice/x\n",
        V2,
        {"cg/memory.max": "77\n"},
        (None, 77),
    ),
    (
        "v1",
        "4:cpu,cpuacct:/x\n5:memory:/x\n",
        V1,
        {
            "cg/cpu,cpuacct/x/cpu.cfs_quota_us": "200000\n",
            "cg/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            "cg/memory/x/memory.limit_in_bytes": "4096\n",
        },
        ("2", 4096),
    ),
    (
        "v1 in Docker: the mount is the container's part",
        "4:cpu,cpuacct:/docker/4f1\n5:memory:/docker/4f1\n",
        V1_DOCKER,
        {
            "cg/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "cg/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "cg/memory/memory.limit_in_bytes": "536870912\n",
        },
        ("0.5", 536870912),
    ),
    (
        "v1 in Kubernetes: the pod's limit above the container's",
        f"4:cpu,cpuacct:{POD}\n5:memory:{POD}\n",
        V1,
        {
            f"cg/cpu,cpuacct{POD}/cpu.cfs_quota_us": "-1\n",
            f"cg/cpu,cpuacct{POD}/cpu.cfs_period_us": "100000\n",
            "cg/cpu,cpuacct/kubepods/burstable/pod7c9e/cpu.cfs_quota_us": "100000\n",
            "cg/cpu,cpuacct/kubepods/burstable/pod7c9e/cpu.cfs_period_us": "100000\n",
            f"cg/memory{POD}/memory.limit_in_bytes": UNLIMITED,
            "cg/memory/kubepods/burstable/pod7c9e/memory.limit_in_bytes": "1073741824\n",
            "cg/memory/memory.limit_in_bytes": UNLIMITED,
        },
        ("1", 1073741824),
    ),
    (
        "v1 without a limit",
        "4:cpu,cpuacct:/x\n5:memory:/x\n",
        V1,
        {
            "cg/cpu,cpuacct/x/cpu.cfs_quota_us": "-1\n",
            "cg/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            "cg/memory/x/memory.limit_in_bytes": UNLIMITED,
        },
        (None, None),
    ),
    (
        "v1 with controllers mounted one by one",
        "2:cpuacct:/\n1:cpu:/\n4:memory:/job/8eda\n",
        [("/", "cg/cpu", "cgroup", "rw,cpu"), ("/", "cg/cpuacct", "cgroup", "rw,cpuacct"), ("/", "cg/memory", "cgroup", "rw,memory")],
        {
            "cg/cpu/cpu.cfs_quota_us": "100000\n",
            "cg/cpu/cpu.cfs_period_us": "100000\n",
            "cg/memory/job/8eda/memory.limit_in_bytes": "8192\n",
        },
        ("1", 8192),
    ),
    (
        "v1 that is not readable: only the named hierarchy is mounted",
        "1:name=systemd:/user.slice\n",
        [("/", "cg/systemd", "cgroup", "rw,name=systemd")],
        {},
        (None, None),
    ),
    (
        "hybrid as systemd makes it: controllers in v1, v2 only for services",
        "12:memory:/x\n4:cpu,cpuacct:/x\n1:name=systemd:/x\n0::/x\n",
        HYBRID,
        {
            "cg/memory/x/memory.limit_in_bytes": "4096\n",
            "cg/cpu,cpuacct/x/cpu.cfs_quota_us": "150000\n",
            "cg/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            "cg/unified/x/cgroup.procs": "1\n",
        },
        ("1.5", 4096),
    ),
    (
        "hybrid: memory in v1, CPU in v2",
        "5:memory:/x\n0::/x\n",
        HYBRID,
        {"cg/memory/x/memory.limit_in_bytes": "4096\n", "cg/unified/x/cpu.max": "100000 100000\n"},
        ("1", 4096),
    ),
    ("a mount point with a space", "0::/a\n", [("/", "c g", "cgroup2", "rw")], {"c g/a/memory.max": "77\n"}, (None, 77)),
    ("garbage in the files", "0::/a\n", V2, {"cg/a/cpu.max": "many few\n", "cg/a/memory.max": "\n"}, (None, None)),
    ("a period of zero", "0::/a\n", V2, {"cg/a/cpu.max": "100000 0\n"}, (None, None)),
    ("nothing to read", "", [], {}, (None, None)),
]


@pytest.mark.parametrize(("claim", "cgroup", "mounts", "files", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_limits_of_the_container(tmp_path, claim, cgroup, mounts, files, expected):
    cpu, memory_bytes = expected

    assert read(tree(tmp_path, cgroup, mounts, files)) == Limits(Decimal(cpu) if cpu else None, memory_bytes)


def test_a_system_without_proc_has_no_limits(tmp_path):
    assert read(str(tmp_path)) == Limits()


def test_this_system_can_be_read():
    found = read()

    assert found.cpu is None or found.cpu > 0
    assert found.memory_bytes is None or found.memory_bytes > 0
