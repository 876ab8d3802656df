"""The tests of this folder on older SDKs of OpenTelemetry, which are put before the one that is installed here."""

import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

OLDER = ("1.30.0", "1.39.1")
"""The oldest that is supported, and the last without a call to processors before the end of a span."""

SDK = "CODEOPS_TEST_SDK"
"""The variable that says which SDK the tests are meant to run on."""


def test_the_sdk_is_the_one_that_was_asked_for():
    import opentelemetry.sdk.trace as sdk

    asked = os.environ.get(SDK, "")

    assert version("opentelemetry-sdk") == version("opentelemetry-api")
    assert not asked or version("opentelemetry-sdk") == asked
    assert not asked or asked in sdk.__file__


@pytest.mark.slow
@pytest.mark.parametrize("older", OLDER)
def test_everything_in_this_folder_holds_on_an_older_sdk(tmp_path, older):
    folder = tmp_path / f"sdk-{older}"
    packages = [f"opentelemetry-{name}=={older}" for name in ("api", "sdk")]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*pip, *packages], check=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "OTEL_", "CODEOPS_"))}
    # One ledger is enough: what differs from version to version is on OpenTelemetry's side.
    chosen = "not pure and not ten_thousand" if find_spec("codeops.instrument.ledger._native") else "not ten_thousand"

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-k", chosen, "-p", "no:cacheprovider", str(Path(__file__).parent)],
        env={**kept, "PYTHONPATH": str(folder), SDK: older},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    assert " passed" in ended.stdout
    assert " skipped" not in ended.stdout
