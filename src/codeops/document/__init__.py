"""Files that people write (TOML, JSON, YAML): text to checked values, each with its line."""

from codeops.document.decoding import decode
from codeops.document.position import located
from codeops.document.reading import Document, load, parse, read
from codeops.document.writing import write

__all__ = ["Document", "decode", "load", "located", "parse", "read", "write"]
