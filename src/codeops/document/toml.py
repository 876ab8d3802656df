"""TOML: the standard library's parser, and a scan of our own that knows on which line each key stands."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from codeops.core.errors import DuplicateKey, InvalidValue, MalformedFile
from codeops.core.location import Location
from codeops.document.position import Keys, Parsed, Text, spell

__all__ = ["offsets", "parse"]

_TOKEN = re.compile(
    r"""[ \t\r]+|\#[^\n]*
    |(?P<string>"{3}(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[\n\[\]{}=,.])
    |(?P<bare>[^\s"'\#\[\]{}=,.]+)|.""",
    re.DOTALL | re.VERBOSE,
)
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse(text: Text) -> Parsed:
    """The tables of a TOML text; numbers with a point are `Decimal`.

    Raises: MalformedFile, DuplicateKey, InvalidValue for NaN and infinity.
    """
    endless: list[str] = []

    def number(written: str) -> Decimal:
        try:
            value = Decimal(written.replace("_", ""))
        except InvalidOperation:  # an exponent of twenty digits
            value = Decimal("Infinity")
        if not value.is_finite():
            endless.append(written)
        return value

    try:
        data = tomllib.loads(text.content, parse_float=number)
    except tomllib.TOMLDecodeError as problem:
        raise _explain(problem, text) from problem
    except (RecursionError, ValueError) as problem:
        raise MalformedFile(
            "the file cannot be used",
            why="it nests deeper than any price or setting" if isinstance(problem, RecursionError) else str(problem),
            fix="write it flat",
            location=text.location(0),
        ) from problem
    if endless:
        raise _endless(endless[0], text)
    return Parsed(data, lambda: offsets(text.content))


def offsets(content: str) -> Mapping[Keys, int]:
    """Where each key, table and element of a TOML text starts, in characters from 0."""
    return _Scan(content).found


def _explain(problem: tomllib.TOMLDecodeError, text: Text) -> MalformedFile | DuplicateKey:
    match = _PLACE.search(str(problem))
    line = int(match["line"]) if match and match["line"] else text.content.count("\n") + 1
    column = int(match["column"]) if match and match["column"] else 0
    for keys, first, second in _Scan(text.content).twice:
        if text.location(second).line <= line:
            place = text.location(first)
            return DuplicateKey(
                f"{spell(keys)} is written twice",
                why=f"it stands on line {place.line} and again on line {text.location(second).line}, and one of the two would be lost",
                fix="remove or rename one of them",
                location=text.location(second),
            )
    return MalformedFile(
        "the file is not TOML",
        why=_PLACE.sub("", str(problem)).lower(),
        fix='correct this line; text stands in quotes: key = "value"',
        location=Location(text.path, line, column),
    )


def _endless(written: str, text: Text) -> InvalidValue:
    at = re.search(rf"[=,\[]\s*(?P<value>{re.escape(written)})\b", text.content)
    return InvalidValue(
        f"{written} is not a number that can be used",
        why="prices and limits are finite",
        fix="write the number",
        location=text.location(at.start("value") if at else 0),
    )


class _Scan:
    """One pass over the tokens. It trusts that the text is TOML, and ends without error where it is not."""

    def __init__(self, content: str) -> None:
        self.found: dict[Keys, int] = {}
        self.twice: list[tuple[Keys, int, int]] = []
        self._tokens: list[tuple[str, str | None, int]] = [
            (match[0], match.lastgroup, match.start()) for match in _TOKEN.finditer(content) if match.lastgroup
        ]
        self._tokens.append(("", None, len(content)))
        self._next = 0
        self._lengths: dict[Keys, int] = {}
        self._statements()

    def _token(self) -> str:
        return self._tokens[self._next][0]

    def _take(self, *wanted: str) -> bool:
        """Whether the next token is one of `wanted`; it is then behind us."""
        if self._token() not in wanted or self._next == len(self._tokens) - 1:
            return False
        self._next += 1
        return True

    def _statements(self) -> None:
        table: Keys = ()
        while self._next < len(self._tokens) - 1:
            if self._take("\n"):
                continue
            if self._take("["):
                table = self._header()
            elif (keys := self._key(table)) is not None and self._take("="):
                self._value(keys)
            while self._token() not in {"\n", ""}:
                self._next += 1

    def _header(self) -> Keys:
        start = self._tokens[self._next - 1][2]
        is_array = self._take("[")
        names = self._names()
        table: Keys = ()
        for position, name in enumerate(names, 1):
            table += (name,)
            if is_array and position == len(names):
                self._lengths[table] = self._lengths.get(table, 0) + 1
                self.found.setdefault(table, start)
            if table in self._lengths:
                table += (self._lengths[table] - 1,)
        self._record(table, start)
        return table

    def _key(self, table: Keys) -> Keys | None:
        start = self._tokens[self._next][2]
        names = self._names()
        if not names:
            self._next += 1
            return None
        for length in range(1, len(names)):
            self.found.setdefault(table + names[:length], start)
        self._record(table + names, start)
        return table + names

    def _names(self) -> tuple[str, ...]:
        names: list[str] = []
        while self._tokens[self._next][1] in {"string", "bare"}:
            names.append(_unquoted(self._token()))
            self._next += 1
            if not self._take("."):
                break
        return tuple(names)

    def _record(self, keys: Keys, start: int) -> None:
        if keys in self.found:
            self.twice.append((keys, self.found[keys], start))
        self.found.setdefault(keys, start)

    def _value(self, keys: Keys) -> None:
        if self._take("{"):
            while not self._take("}") and self._token():
                if self._take("\n", ","):
                    continue
                inner = self._key(keys)
                if inner is not None and self._take("="):
                    self._value(inner)
        elif self._take("["):
            index = 0
            while not self._take("]") and self._token():
                if self._take("\n", ","):
                    continue
                self.found[*keys, index] = self._tokens[self._next][2]
                self._value((*keys, index))
                index += 1
        elif self._tokens[self._next][1] == "string":
            self._next += 1
        else:
            before = self._next
            while self._token() not in {"\n", ",", "]", "}", ""}:
                self._next += 1
            self._next += self._next == before and self._token() in {"]", "}"}


def _unquoted(token: str) -> str:
    if token[0] == "'":
        return token[1:-1]
    if token[0] != '"':
        return token
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(tomllib.loads(f"key = {token}")["key"])
    except tomllib.TOMLDecodeError:
        return token
