"""Counts what the user's program consumes, inside that program, and never disturbs it."""

from codeops.instrument.hooks import install, installed, uninstall
from codeops.instrument.recorder import Tally, record, tally

__all__ = ["Tally", "install", "installed", "record", "tally", "uninstall"]
