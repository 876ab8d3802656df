"""Projects to measure, written to a temporary folder."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from codeops.core.suite import Plan, Suite

QUICK = Plan(warmup=1, min_samples=3, max_samples=4, seconds=0.0, timeout_s=20)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Suite]:
    """A suite over files given as `name="text"` (without .py), with any further field of Suite."""

    def make(files: dict[str, str], **fields) -> Suite:
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return Suite(root=str(tmp_path), **{"plan": QUICK, **fields})

    return make
