"""What text of strangers may do on a line: be read, and nothing else.

Route names, code and paths come from pull requests. Control characters (which move a terminal's cursor), characters
that reverse the direction of writing (which make code read as other code) and lone surrogates (which no file can
hold) are shown as what they are; line breaks become spaces.
"""

import re
import unicodedata

__all__ = ["clean", "clip"]

_INVISIBLE = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp", "Cn", "Co"})
_JOINERS = frozenset("\u200c\u200d")  # scripts and emoji need them, and alone they are harmless
_BREAKS = re.compile(r"\s*[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def clean(text: str) -> str:
    r"""`text` on one line, with each character that is not visible written as its code.

    Example:
        >>> clean("a\nb"), clean("\x1b[31m")
        ('a b', '\\u001b[31m')
    """
    return _SUSPECT.sub(_shown, _BREAKS.sub(" ", text)).strip()


def clip(text: str, limit: int) -> str:
    """`text`, shortened to `limit` characters where it is longer, with the sign that something is missing.

    Example:
        >>> clip("abcdef", 4)
        'abc…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
