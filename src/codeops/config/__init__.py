"""The project's configuration: `codeops.toml`, or `[tool.codeops]` in `pyproject.toml`, as one frozen value."""

from codeops.config.reading import CONFIG_NAME, find, load, schema
from codeops.config.value import Config

__all__ = ["CONFIG_NAME", "Config", "find", "load", "schema"]
