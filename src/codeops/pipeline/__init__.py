"""The way of all data: measure → price → judge, from a configuration to one snapshot or one report."""

from codeops.pipeline.comparing import Against, compare_trees
from codeops.pipeline.measuring import Measured, measure_project
from codeops.pipeline.selecting import select
from codeops.pipeline.stored import gate

__all__ = ["Against", "Measured", "compare_trees", "gate", "measure_project", "select"]
