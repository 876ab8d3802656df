"""What can go wrong, as one tree of exceptions that each explain themselves.

```
CodeOpsError
├── FileError ─────── UnreadableFile, MalformedFile, DuplicateKey, UnknownKey, InvalidValue
├── UnitError ─────── UnknownUnit, UnitMismatch, CurrencyMismatch
├── PriceError ────── MissingPrice, AmbiguousPrice, OverlappingPrices, InvalidPrice
├── SuiteError ────── EmptySuite, UnimportableTarget, FailedCall, UnexpectedStatus, WorkerDied, UnsupportedRunner
└── SetupError ────── UnknownName, BrokenPlugin, MissingExtra, MissingBaseline, MissingBase, ExistingFile,
                      UnsupportedLedger, UnsupportedCounter, Interrupted, Bug
```

Each leaf owns a slug, which is its page `docs/errors/<slug>.md`. All of them end the command with exit code 2.
"""

from codeops.core.location import Location

__all__ = [
    "AmbiguousPrice",
    "BrokenPlugin",
    "Bug",
    "CodeOpsError",
    "CurrencyMismatch",
    "DuplicateKey",
    "EmptySuite",
    "ExistingFile",
    "FailedCall",
    "FileError",
    "Interrupted",
    "InvalidPrice",
    "InvalidValue",
    "MalformedFile",
    "MissingBase",
    "MissingBaseline",
    "MissingExtra",
    "MissingPrice",
    "OverlappingPrices",
    "PriceError",
    "SetupError",
    "SuiteError",
    "UnexpectedStatus",
    "UnimportableTarget",
    "UnitError",
    "UnitMismatch",
    "UnknownKey",
    "UnknownName",
    "UnknownUnit",
    "UnreadableFile",
    "UnsupportedCounter",
    "UnsupportedLedger",
    "UnsupportedRunner",
    "WorkerDied",
    "leaves",
]


class CodeOpsError(Exception):
    """One clear message: what (`title`), why (the values), how to fix, and where.

    `title` stands alone, names the user's object, is lower case and has no full stop.
    `about` is the name of that object, where several of its kind may be wrong at the same place in our code.
    """

    slug = ""
    about = ""

    def __init__(self, title: str, *, why: str = "", fix: str = "", location: Location | None = None) -> None:
        super().__init__(title)
        self.title = title
        self.why = why
        self.fix = fix
        self.location = location

    def explain(self) -> str:
        """The message as people read it, one fact a line."""
        place = f"{self.location}: " if self.location else ""
        lines = [f"error[{self.slug}]: {place}{self.title}"]
        lines += [f"  {word}: {text}" for word, text in (("why", self.why), ("fix", self.fix)) if text]
        return "\n".join([*lines, f"  docs: errors/{self.slug}"])


class FileError(CodeOpsError):
    """A file that the user named cannot be used."""


class UnreadableFile(FileError):
    """The file is missing, too large, not text, or not permitted."""

    slug = "unreadable-file"


class MalformedFile(FileError):
    """The text is not TOML, JSON or YAML, or nests or expands beyond measure."""

    slug = "malformed-file"


class DuplicateKey(FileError):
    """One key is written twice in the same table, so one of the values would be lost."""

    slug = "duplicate-key"


class UnknownKey(FileError):
    """A key that CodeOps does not know, most often a slip of the keyboard."""

    slug = "unknown-key"


class InvalidValue(FileError):
    """A value of the wrong type, out of range, or not a number."""

    slug = "invalid-value"


class UnitError(CodeOpsError):
    """Units do not fit together."""


class UnknownUnit(UnitError):
    """A unit that is not in the grammar."""

    slug = "unknown-unit"


class UnitMismatch(UnitError):
    """Two quantities whose dimensions differ cannot be added, compared or priced."""

    slug = "unit-mismatch"


class CurrencyMismatch(UnitError):
    """Two amounts of money in different currencies cannot be added or compared."""

    slug = "currency-mismatch"


class PriceError(CodeOpsError):
    """The price book cannot answer."""


class MissingPrice(PriceError):
    """No entry matches the meter and its labels at that date."""

    slug = "missing-price"


class AmbiguousPrice(PriceError):
    """Two entries match equally well."""

    slug = "ambiguous-price"


class OverlappingPrices(PriceError):
    """Two entries for the same meter and labels are valid on the same day."""

    slug = "overlapping-prices"


class InvalidPrice(PriceError):
    """A price or factor that no bill contains: negative, endless, or tiers out of order."""

    slug = "invalid-price"


class SuiteError(CodeOpsError):
    """Routes or jobs could not be measured."""


class EmptySuite(SuiteError):
    """The configuration names nothing to measure."""

    slug = "empty-suite"


class UnimportableTarget(SuiteError):
    """`module:name` cannot be imported or has no such name."""

    slug = "unimportable-target"


class FailedCall(SuiteError):
    """The measured code raised an exception."""

    slug = "failed-call"


class UnexpectedStatus(SuiteError):
    """A measured request answered with another HTTP status than the suite expects."""

    slug = "unexpected-status"


class WorkerDied(SuiteError):
    """The process that measures ended before it answered."""

    slug = "worker-died"


class UnsupportedRunner(SuiteError):
    """Costs cannot be measured under this runner, because it would falsify them."""

    slug = "unsupported-runner"


class SetupError(CodeOpsError):
    """CodeOps is not set up for what was asked."""


class UnknownName(SetupError):
    """A format, cloud, library or other plug-in, or a route to select, of that name does not exist."""

    slug = "unknown-name"


class BrokenPlugin(SetupError):
    """A plug-in exists but cannot be loaded, or lacks what its slot demands."""

    slug = "broken-plugin"


class MissingExtra(SetupError):
    """An optional dependency is not installed."""

    slug = "missing-extra"


class MissingBaseline(SetupError):
    """There is nothing to compare with yet."""

    slug = "missing-baseline"


class MissingBase(SetupError):
    """The commit that a change is to be compared with is not known, or not here."""

    slug = "missing-base"


class ExistingFile(SetupError):
    """A file stands where one would be written, and it is not overwritten."""

    slug = "existing-file"


class UnsupportedLedger(SetupError):
    """CPU cannot be attributed to spans in the way asked for on this interpreter."""

    slug = "unsupported-ledger"


class UnsupportedCounter(SetupError):
    """Instructions cannot be counted here in the way asked for."""

    slug = "unsupported-counter"


class Interrupted(SetupError):
    """The user or the system stopped the command; nothing was written."""

    slug = "interrupted"


class Bug(SetupError):
    """An exception that CodeOps did not expect: a bug of ours."""

    slug = "bug"


def leaves(root: type[CodeOpsError] = CodeOpsError) -> list[type[CodeOpsError]]:
    """Each error class that owns a slug, in the order of the tree."""
    found = [root] if root.slug else []
    for child in root.__subclasses__():
        found += leaves(child)
    return found
