"""The way of all data: measure → price → judge, from a configuration to one snapshot or one report."""

from codeops.pipeline.base_tree import Against
from codeops.pipeline.comparing import compare_trees
from codeops.pipeline.gating import gate
from codeops.pipeline.measuring import Measured, measure_project
from codeops.pipeline.selecting import select

__all__ = ["Against", "Measured", "compare_trees", "gate", "measure_project", "select"]
