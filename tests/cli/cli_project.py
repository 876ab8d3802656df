"""A project whose costs are counts that the tests choose: two jobs and a route, each charging a card so many times."""

import json
from pathlib import Path
from typing import Any

import pytest

from codeops.__main__ import main

CONFIG = """
pricebook = "prices.toml"

[bench]
warmup = 0
min_samples = 3
seconds = 0.001

[[bench.function]]
route = "/v1/pay"
call = "work:pay"

[[bench.function]]
route = "/v1/refund"
call = "work:refund"

[[bench.function]]
job = "nightly"
call = "work:nightly"

[traffic]
"/v1/pay" = 1000
nightly = 30
"""

PRICES = """
version = "1"
currency = "USD"

[[price]]
meter = "stripe.charge"
per = "{request}"
price = 0.01
"""

WORK = """
import codeops

def pay():
    codeops.record("stripe.charge", 2)

def refund():
    codeops.record("stripe.charge", 1)
    codeops.record("mail.sent", 3)

def nightly():
    codeops.record("stripe.charge", 10)
"""


CPU_PRICES = """
version = "1"
currency = "USD"

[[price]]
meter = "compute.cpu"
per = "vCPU.s"
price = 0.01
"""


def make(folder: Path, config: str = CONFIG, prices: str = PRICES, work: str = WORK) -> Path:
    """The project in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("codeops.toml", config), ("prices.toml", prices), ("work.py", work)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def change(folder: Path, old: str, new: str, name: str = "work.py") -> None:
    """Writes `new` for `old` in a file of the project."""
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def codeops(folder: Path, verb: str, *arguments: str) -> int:
    """The exit code of a verb on the project."""
    with pytest.raises(SystemExit) as ending:
        main([verb, "--config", str(folder / "codeops.toml"), *arguments])
    assert isinstance(ending.value.code, int)
    return ending.value.code


def report(folder: Path, verb: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and the JSON report."""
    path = folder / "report.json"
    path.unlink(missing_ok=True)
    code = codeops(folder, verb, "--output", str(path), *arguments)
    return code, json.loads(path.read_text(encoding="utf-8"))
