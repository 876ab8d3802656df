"""Judging: whether a change costs more than it may, why, and how sure that is."""

from codeops.gate.comparison import compare, judge

__all__ = ["compare", "judge"]
