"""Pairs of one and the same code, as the gate measures them: recorded once, drawn from by every simulation."""

import json
from dataclasses import asdict
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from projects import Scenario, write

from codeops.bench.noise import Noise, measure_noise
from codeops.config import load as load_config

__all__ = ["load", "record"]


def record(seconds: float, file: Path) -> Noise:
    """Measures the six routes against themselves for so long, and keeps what was found in `file`."""
    with TemporaryDirectory(prefix="gate-study-") as folder:
        base, _ = write(Scenario(kind="same"), Path(folder), Random(1))  # ruff: ignore[suspicious-non-cryptographic-random-usage] - no edits
        noise = measure_noise(seconds, suite=load_config(None, str(base)).suite)
    file.write_text(json.dumps(asdict(noise)), encoding="utf-8")
    return noise


def load(file: Path) -> Noise:
    """What was recorded."""
    return Noise(**json.loads(file.read_text(encoding="utf-8")))
