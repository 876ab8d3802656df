"""The example service in Node: it passes unchanged, and fails when it asks its database twice or burns CPU."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "orders"
PACKAGES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codeops" / "orders" / "node_modules"

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(not (PACKAGES / "sql.js").is_dir(), reason="the packages of examples/orders are not installed"),
]


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "base", tmp_path / "head"
    for folder in found:
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "cost"))
        (folder / "node_modules").symlink_to(PACKAGES)
    return found


def codeops(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codeops", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "server.js"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_unchanged_service_passes(trees):
    base, head = trees

    told = codeops(head, "gate", "--base-dir", str(base))

    assert told.returncode == 0, told.stdout + told.stderr


def test_asking_the_database_twice_fails_with_the_query_and_its_span(trees):
    base, head = trees
    change(head, "  const orders = ", '  query("SELECT count(*) FROM orders", []);\n  const orders = ')

    told = codeops(head, "gate", "--base-dir", str(base))

    assert told.returncode == 1, told.stdout + told.stderr
    assert "+1 query in span SELECT orders" in told.stdout


def test_burning_cpu_fails(trees):
    base, head = trees
    change(head, "  const orders = ", "  for (let i = 0, sum = 0; i < 3e6; i++) sum += i % 7;\n  const orders = ")

    told = codeops(head, "gate", "--base-dir", str(base))

    assert told.returncode == 1, told.stdout + told.stderr
    assert "CPU" in told.stdout


def test_a_stored_baseline_holds_its_counts(trees):
    _, head = trees

    stored = codeops(head, "bench", "--update-baseline")
    change(head, "  const orders = ", '  query("SELECT count(*) FROM orders", []);\n  const orders = ')
    told = codeops(head, "gate")

    assert stored.returncode == 0, stored.stdout + stored.stderr
    assert told.returncode == 1, told.stdout + told.stderr
    assert "+1 query" in told.stdout
