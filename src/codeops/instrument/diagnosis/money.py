"""The price book, and what the meters of every service cost by the labels of this process."""

from collections.abc import Mapping
from datetime import date

from codeops.core import figure
from codeops.core.errors import AmbiguousPrice, CodeOpsError, MissingPrice
from codeops.core.finding import Finding, Severity
from codeops.core.meter import CPU, EGRESS, MEMORY
from codeops.core.pricebook import PriceBook
from codeops.instrument.diagnosis.section import Fact, Section, told

__all__ = ["examine"]

_METERS = (CPU, MEMORY, EGRESS)


def examine(path: str | None, labels: Mapping[str, str], at: date, stated: Mapping[str, str]) -> Section:
    """The price book at `path` on the day `at`; `stated` is what CODEOPS_LABELS says of the labels."""
    from codeops import prices
    from codeops.prices import explain

    if not path:
        return Section("prices", "Prices", (Fact("price book", "none", "usage is measured, money is absent"),), (_no_book(),))
    try:
        book = prices.load(path)
        findings = [finding for finding in prices.check(path, at) if finding.severity is not Severity.INFO]
    except CodeOpsError as problem:
        return Section("prices", "Prices", (Fact("price book", path, "cannot be used: money is absent"),), (told(problem),))
    facts = [Fact("price book", path, _summary(book, at))]
    assumed: dict[str, str] = {}
    for meter in _METERS:
        try:
            price = explain(book, meter, labels, at)
            facts.append(Fact(meter, str(price.rate), str(price.winner.origin)))
            assumed |= price.assumed
        except MissingPrice as problem:
            facts.append(Fact(meter, "no price"))
            findings.append(told(problem, severity=Severity.WARNING, meter=meter))
        except AmbiguousPrice as problem:
            facts.append(Fact(meter, "no price"))
            findings.append(told(problem, meter=meter))
    assumed.pop("destination", None)  # what is sent to an internal network says so
    if assumed:
        facts.append(Fact("assumed", ", ".join(f"{name}={value}" for name, value in assumed.items())))
        findings.append(_assumption(assumed, stated))
    return Section("prices", "Prices", tuple(facts), tuple(findings))


def _assumption(assumed: Mapping[str, str], stated: Mapping[str, str]) -> Finding:
    words = ",".join(f"{name}={value}" for name, value in {**stated, **assumed}.items())  # the variable has one value: what it says stays
    return Finding(
        rule="assumed-labels",
        severity=Severity.INFO,
        message=f"prices are those of {', '.join(assumed.values())}, which nothing here states",
        why="no label of this process says so: the price list takes it for granted",
        fix=f"export CODEOPS_LABELS={words}, or with what is true instead",
    )


def _summary(book: PriceBook, at: date) -> str:
    parts = [f"version {book.version}{_age(book, at)}", f"{figure.count_noun(len(book.prices), 'price')} in {book.currency}"]
    read_on = [price.retrieved for price in book.prices if price.retrieved is not None]
    if read_on:
        parts.append(f"packaged ones read on {min(read_on)} or later")
    return ", ".join(parts)


def _age(book: PriceBook, at: date) -> str:
    try:
        days = (at - date.fromisoformat(book.version)).days
    except ValueError:
        return ""
    return f" ({days} {'day' if days == 1 else 'days'} old)" if days >= 0 else ""


def _no_book() -> Finding:
    return Finding(
        rule="no-price-book",
        severity=Severity.WARNING,
        message="no price book is named",
        why="CODEOPS_PRICEBOOK is not set: usage is measured and costs nothing that anybody could know",
        fix="export CODEOPS_PRICEBOOK=pricebook.toml, or name it here with --pricebook; codeops init writes a first one",
    )
