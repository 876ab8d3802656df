"""JSON, with `//` comments: a scan of our own, which knows the place of each key and refuses what JSON leaves open."""

import json
import re
from decimal import Decimal

from codeops.core.errors import DuplicateKey, MalformedFile
from codeops.document.position import MAX_DEPTH, Keys, Parsed, Text, spell

__all__ = ["parse"]

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*)*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<fraction>\.\d+)?(?P<exponent>[eE][-+]?\d+)?")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"[-+\w.]+")
_DIGITS = 1000
_EXPONENT = 6


def parse(text: Text) -> Parsed:
    """The object of a JSON text; whole numbers are `int`, all others `Decimal`.

    Raises: MalformedFile, DuplicateKey.
    """
    scan = _Scan(text)
    data = scan.value((), scan.space(0))
    end = scan.space(scan.end)
    if end < len(text.content):
        raise scan.refuse("something follows the end of the data", end, fix="remove it, or the bracket before it")
    return Parsed(data, lambda: scan.found)


class _Scan:
    """One pass over the text; `end` is where the value read last ends."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.content = text.content
        self.found: dict[Keys, int] = {}
        self.end = 0

    def space(self, offset: int) -> int:
        """The offset of the next thing that is neither space nor comment."""
        match = _SPACE.match(self.content, offset)
        return match.end() if match else offset

    def refuse(self, why: str, offset: int, fix: str) -> MalformedFile:
        return MalformedFile("the file is not JSON", why=why, fix=fix, location=self.text.location(offset))

    def value(self, keys: Keys, offset: int) -> object:
        start = self.content[offset : offset + 1]
        if len(keys) > MAX_DEPTH:
            raise self.refuse(f"more than {MAX_DEPTH} levels stand inside one another", offset, fix="write it flat")
        if start == "{":
            return self._object(keys, offset)
        if start == "[":
            return self._array(keys, offset)
        if start == '"':
            return self._string(offset)
        return self._word(offset)

    def _object(self, keys: Keys, offset: int) -> dict[str, object]:
        data: dict[str, object] = {}
        offset = self.space(offset + 1)
        while self.content[offset : offset + 1] != "}":
            if data:
                offset = self._separator(offset, "}")
            name = self._string(offset)
            here = (*keys, name)
            if name in data:
                raise DuplicateKey(
                    f"{spell(here)} is written twice",
                    why=f"it stands on line {self.text.location(self.found[here]).line} already, and one of the two would be lost",
                    fix="remove or rename one of them",
                    location=self.text.location(offset),
                )
            self.found[here] = offset
            colon = self.space(self.end)
            if self.content[colon : colon + 1] != ":":
                raise self.refuse(f"a colon is expected after {json.dumps(name)}", colon, fix="write the key, a colon and the value")
            data[name] = self.value(here, self.space(colon + 1))
            offset = self.space(self.end)
        self.end = offset + 1
        return data

    def _array(self, keys: Keys, offset: int) -> list[object]:
        data: list[object] = []
        offset = self.space(offset + 1)
        while self.content[offset : offset + 1] != "]":
            if data:
                offset = self._separator(offset, "]")
            here = (*keys, len(data))
            self.found[here] = offset
            data.append(self.value(here, offset))
            offset = self.space(self.end)
        self.end = offset + 1
        return data

    def _separator(self, offset: int, closing: str) -> int:
        found = self.content[offset : offset + 1]
        if found != ",":
            what = f"{found!r} stands" if found else "the file ends"
            raise self.refuse(f"{what} where a comma or {closing} is expected", offset, fix="add the comma or bracket that is missing")
        following = self.space(offset + 1)
        if self.content[following : following + 1] == closing:
            raise self.refuse(f"a comma stands before {closing}", offset, fix="remove the comma")
        return following

    def _string(self, offset: int) -> str:
        match = _STRING.match(self.content, offset)
        if match is None:
            found = self.content[offset : offset + 1]
            why = "a text has no end on its line" if found == '"' else f"{found!r} stands where a text in double quotes is expected"
            raise self.refuse(why if found else "the file ends too early", offset, fix='write it in quotes: "text"')
        self.end = match.end()
        if "\\" not in match[0]:
            return match[0][1:-1]
        try:
            decoded = str(json.loads(match[0]))
            decoded.encode()
        except ValueError as problem:
            raise self.refuse(
                f"{match[0][:40]} has an escape that stands for no character", offset, fix="write the character itself"
            ) from problem
        return decoded

    def _word(self, offset: int) -> object:
        match = _WORD.match(self.content, offset)
        word = match[0] if match else self.content[offset : offset + 1]
        self.end = offset + len(word)
        number = _NUMBER.fullmatch(word)
        if number and len(word) <= _DIGITS and len(number["exponent"] or "") <= _EXPONENT:
            return Decimal(word) if number["fraction"] or number["exponent"] else int(word)
        if word in _WORDS:
            return _WORDS[word]
        why = f"{word[:40]!r} is neither a number nor true, false or null" if word else "the file ends too early"
        raise self.refuse(why, offset, fix='write a number such as 0.25, or text in quotes: "text"')
