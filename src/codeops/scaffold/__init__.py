"""Setting a project up: what it is made of, and the files that get it to a first gate."""

from codeops.scaffold.detection import Found, detect
from codeops.scaffold.writing import Written, write

__all__ = ["Found", "Written", "detect", "write"]
