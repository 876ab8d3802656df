"""Counts what the user's program consumes, inside that program, and never disturbs it.

The package is callable: `codeops.instrument(pricebook="pricebook.toml")` puts the instrumentation of a service in.
"""

import sys

from codeops.instrument.control import CallablePackage, instrument, uninstrument
from codeops.instrument.hooks import install, installed, uninstall
from codeops.instrument.recorder import Tally, record, tally

__all__ = ["Tally", "install", "installed", "instrument", "record", "tally", "uninstall", "uninstrument"]

sys.modules[__name__].__class__ = CallablePackage  # ruff: ignore[non-empty-init-module] - this makes the package callable
