"""Owners: what one span consumes, and the tree of spans below one local root that shares its labels."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from codeops.core.attribute import OTHER
from codeops.instrument.rates import Line

if TYPE_CHECKING:
    from codeops.instrument.lost import Lost

__all__ = ["Own", "Part", "Tree", "count_into", "drain_into", "owner_type"]

Own = tuple[tuple[str, str], ...]
"""Labels that a span and all below it carry beside those of the whole request, sorted."""

_MOST_LABELS = 32
_LONGEST = 256
_MOST_FLAGS = 32
_MOST_CALLS = 100
_MOST_LINES = 500
_UNCOUNTED: Line = (OTHER, "{request}", ())
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def count_into(lines: dict[Line, float], line: Line, amount: float) -> None:
    """Adds an amount to its line; where there are too many, without labels, and with too many meters as `other`, by unit.

    With too many units it is the number of amounts that counts as `other`: different units have no sum.
    """
    if len(lines) >= _MOST_LINES and line not in lines and line != _UNCOUNTED:
        line = (line[0], line[1], ())
        if len(lines) >= 2 * _MOST_LINES and line not in lines:
            line = (f"{OTHER}.{_NOT_IN_A_NAME.sub('_', line[1].lower()).strip('_')}", line[1], ())
            if len(lines) >= 3 * _MOST_LINES and line not in lines:
                line, amount = _UNCOUNTED, 1
    lines[line] = lines.get(line, 0) + amount


class Part:
    """The sum of the ended spans of one name in one tree."""

    __slots__ = ("account", "count", "lines", "requests", "unit", "units")

    def __init__(self, account: Any) -> None:
        self.account = account
        self.count = self.requests = 0
        self.lines: dict[Line, float] | None = None
        self.unit, self.units = "", 0.0

    def add(self, lines: dict[Line, float]) -> None:
        """Takes the lines of a span."""
        mine = self.lines
        if mine is None:
            mine = self.lines = {}
        for line, amount in lines.items():
            count_into(mine, line, amount)


def drain_into(owner: Any, into: Part) -> None:
    """Moves what a span that goes on has consumed into its row; it keeps a note of it for its end."""
    owner.drained_ns += owner.self_ns
    owner.move(into.account)
    drained = owner.drained or {}
    if owner.lines:
        into.add(owner.lines)
        for line, amount in owner.lines.items():
            count_into(drained, line, amount)
        owner.lines = None
    owner.drained = drained


class Tree:
    """A local root span and all below it in this process: they are labelled as one, when the root ends.

    `labels` hold for all of it, `parts` are its ended spans by name and own labels, `cost` is what those cost so far
    in currency units, `unpriced` the meters among them that have no price. `epoch` is the process it belongs to.
    `tokens` are by owner those that hooks of clients have counted for it, and that no span was read for.
    `lines` were counted for the request as a whole, `memory` is its share of the memory while it is open, `allocation`
    how that was found at its end.
    A tree whose root is dropped without an end leaves its parts and its share in `lost`.
    """

    __slots__ = (
        "allocation",
        "cost",
        "epoch",
        "flags",
        "is_ended",
        "labels",
        "lines",
        "lost",
        "memory",
        "name",
        "parts",
        "tokens",
        "unpriced",
    )

    def __init__(self, name: str, epoch: int, labels: dict[str, str], lost: "Lost") -> None:
        self.lost = lost
        self.name, self.epoch, self.labels = name, epoch, labels
        self.flags: dict[str, str] | None = None
        self.parts: dict[tuple[str, Own], Part] = {}
        self.lines: dict[Line, float] = {}
        self.tokens: dict[Any, dict[Line, float]] | None = None
        self.cost = 0.0
        self.unpriced: set[str] | None = None
        self.memory: Any = None
        self.allocation = ""
        self.is_ended = False

    def __del__(self) -> None:
        if self.parts:
            self.lost.parts.extend(self.parts.values())
        if self.lines:
            self.lost.lines.append(self.lines)
        if self.memory is not None:
            self.lost.shares.append(self.memory)

    def tokens_of(self, owner: Any) -> dict[Line, float]:
        """The tokens that hooks of clients have counted for one of its owners."""
        tokens = self.tokens
        if tokens is None:
            tokens = self.tokens = {}
        if owner not in tokens and len(tokens) >= _MOST_CALLS:
            tokens.pop(next(iter(tokens)))  # a call so long ago has been read, or never will be
        return tokens.setdefault(owner, {})

    def label(self, name: str, value: str) -> None:
        """Labels all of it; bounded in number and length."""
        if name in self.labels or len(self.labels) < _MOST_LABELS:
            self.labels[name] = value[:_LONGEST]

    def key(self, own: Own) -> Own:
        """The labels of a span of this tree, which has `own` beside those of the tree; sorted."""
        if own:
            return tuple(sorted({**self.labels, **dict(own)}.items()))
        return tuple(sorted(self.labels.items())) if self.labels else ()

    def evaluated(self, flag: str, variant: str) -> None:
        """Remembers the variant of a feature flag."""
        flags = self.flags
        if flags is None:
            flags = self.flags = {}
        if flag in flags or len(flags) < _MOST_FLAGS:
            flags[flag] = variant[:_LONGEST]


@cache
def owner_type(keeper: Any) -> Any:
    """The class of owners whose CPU is kept by the ledger `keeper`; the one in C has its own, with the same attributes."""
    account = keeper.Account
    if hasattr(keeper, "Owner"):
        return keeper.Owner

    class Owner(account):  # type: ignore[misc, valid-type] # the base is chosen when the program starts
        """What one span consumes by itself: its CPU, kept by the ledger, and amounts by line in `lines`.

        Of a span that is open for long, `drained_ns` and `drained` were put into the totals before its end.
        """

        __slots__ = ("drained", "drained_ns", "is_root", "is_seen", "name", "own", "tree")

        def __init__(self, name: str, tree: Tree, own: Own, is_root: bool) -> None:
            self.name, self.tree, self.own, self.is_root = name, tree, own, is_root
            self.is_seen = False
            self.drained_ns = 0
            self.drained: dict[Line, float] | None = None
            super().__init__()  # last: from then on it is among the open ones, which another thread may be looking at

    return Owner
