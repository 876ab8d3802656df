"""YAML without its surprises: no tags, no second meaning of a key, no expansion beyond measure, no float."""

from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import yaml

from codeops.core.errors import DuplicateKey, InvalidValue, MalformedFile
from codeops.core.location import Location
from codeops.document.position import MAX_DEPTH, Keys, Parsed, Text, spell

__all__ = ["parse"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_NODES = 100_000
_TAG = "tag:yaml.org,2002:"


def parse(text: Text) -> Parsed:
    """The mapping of a YAML text; keys are texts as written, numbers with a point `Decimal`.

    The text is read event by event: composing it at once would expand aliases and overflow the stack.

    Raises: MalformedFile, DuplicateKey, InvalidValue for NaN and infinity.
    """
    scan = _Scan(text)
    try:
        return Parsed(scan.document(), lambda: scan.found)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        raise MalformedFile(
            "the file is not YAML",
            why=str(getattr(problem, "problem", None) or getattr(problem, "reason", None) or problem),
            fix="correct this line; YAML is indented by spaces, and a key ends with a colon and a space",
            location=Location(text.path, mark.line + 1, mark.column + 1) if mark else text.location(getattr(problem, "position", 0)),
        ) from problem


class _Scan:
    """One pass over the parser's events. `nodes` counts values as they would be written without aliases."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.found: dict[Keys, int] = {}
        self.nodes = 0
        self.anchors: dict[str, tuple[object, int]] = {}
        self.resolver: Any = yaml.resolver.Resolver()
        self.constructor: Any = yaml.constructor.SafeConstructor()
        self.events: Any = yaml.parse(text.content, Loader=_LOADER)

    def document(self) -> object:
        """The data of the only document; an empty file is an empty mapping."""
        data: object = {}
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse("a second document starts", event, fix="keep one document in one file")
                data = self._value((), next(self.events))
        return {} if data is None else data

    def _refuse(self, why: str, event: Any, fix: str) -> NoReturn:
        raise MalformedFile("the file cannot be used as YAML", why=why, fix=fix, location=self._place(event))

    def _place(self, event: Any) -> Location:
        return Location(self.text.path, event.start_mark.line + 1, event.start_mark.column + 1)

    @staticmethod
    def _offset(event: Any) -> int:
        return int(event.start_mark.index)

    def _value(self, keys: Keys, event: Any) -> object:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self.nodes
        self._count(1, event)
        if len(keys) > MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} levels stand inside one another", event, fix="write it flat")
        if event.tag not in {None, "!"}:
            self._refuse(f"{event.tag} is a tag", event, fix="remove the tag; write texts in quotes")
        if isinstance(event, yaml.MappingStartEvent):
            data: object = self._mapping(keys)
        elif isinstance(event, yaml.SequenceStartEvent):
            data = self._sequence(keys)
        else:
            data = self._scalar(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (data, self.nodes - before)
        return data

    def _alias(self, event: Any) -> object:
        if event.anchor not in self.anchors:
            self._refuse(f"*{event.anchor} is used before it is complete", event, fix="write the value out")
        data, nodes = self.anchors[event.anchor]
        self._count(nodes, event)
        return data

    def _count(self, nodes: int, event: Any) -> None:
        self.nodes += nodes
        if self.nodes > _MAX_NODES:
            self._refuse(f"written without aliases the file would have more than {_MAX_NODES:,} values", event, fix="write the values out")

    def _mapping(self, keys: Keys) -> dict[str, object]:
        data: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse("a key is not a plain text", event, fix="write a text before the colon")
            here = (*keys, event.value)
            if event.value in data:
                raise DuplicateKey(
                    f"{spell(here)} is written twice",
                    why=f"it stands on line {self.text.location(self.found[here]).line} already, and one of the two would be lost",
                    fix="remove or rename one of them",
                    location=self._place(event),
                )
            self.found[here] = self._offset(event)
            data[event.value] = self._value(here, next(self.events))
        return data

    def _sequence(self, keys: Keys) -> list[object]:
        data: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*keys, len(data))
            self.found[here] = self._offset(event)
            data.append(self._value(here, event))
        return data

    def _scalar(self, event: Any) -> object:
        tag = self.resolver.resolve(yaml.ScalarNode, event.value, event.implicit).removeprefix(_TAG)
        node = yaml.ScalarNode(_TAG + tag, event.value)
        try:
            if tag == "float":
                return self._number(event)
            if tag in {"int", "bool", "null"}:
                return getattr(self.constructor, f"construct_yaml_{tag}")(node)
            if tag == "timestamp":
                return self.constructor.construct_yaml_timestamp(node)
        except (ValueError, InvalidOperation):
            return event.value  # not what it looks like (a date in month 13, a time of day): the text, for the reader to judge
        return event.value

    def _number(self, event: Any) -> Decimal:
        written = event.value.replace("_", "")
        value = Decimal(written.replace(".inf", "inf").replace(".nan", "nan").replace(".Inf", "inf").replace(".NaN", "nan"))
        if not value.is_finite():
            raise InvalidValue(
                f"{event.value} is not a number that can be used",
                why="prices and limits are finite",
                fix="write the number",
                location=self._place(event),
            )
        return value
