"""Caveats: what a reader of the whole report must know, and what no single route says."""

from collections.abc import Sequence

from codeops.core.cost import Caveat
from codeops.core.meter import CPU, MEMORY, is_statistical
from codeops.core.pricebook import PriceBook
from codeops.core.report import Change
from codeops.gate.case import Case
from codeops.gate.evidence import BY_CPU
from codeops.gate.growth import is_compared
from codeops.gate.lines import Line
from codeops.gate.subject import Subject

__all__ = ["caveats_of"]


def caveats_of(subjects: Sequence[Subject], case: Case) -> list[Caveat]:
    """What holds for the whole report."""
    if case.base is None:
        return [Caveat("no-baseline", "", "compared with no base: only absolute budgets are judged, and every cost is the head's")]
    found = [*_levels(subjects, case), *_precision(case), *_prices(subjects, case)]
    silent = sorted(subject.name for subject in subjects if subject.name not in case.traffic and subject.change is not Change.GONE)
    if case.budget.monthly_increase is not None and silent:
        text = f"the increase a month leaves out {', '.join(silent)}: no traffic is configured"
        found.append(Caveat("no-traffic", "", text))
    return found


def _levels(subjects: Sequence[Subject], case: Case) -> list[Caveat]:
    """How far CPU and memory of the two sides compare."""
    both = [subject for subject in subjects if subject.change is Change.COMPARED]
    levels = [(subject, line) for subject in both for line in subject.lines if is_statistical(line.meter) and line.base and line.head]
    if case.is_plain:
        differ = any(line.growth for _, line in levels)
        is_told = case.head.meta.environment is not None or (case.base is not None and case.base.meta.environment is not None)
        if not (differ and is_told and case.difference):
            return []
        return [Caveat("not-comparable", "compute.cpu", f"CPU is part of the difference, and {case.difference}")]
    open_ones = [(subject, line) for subject, line in levels if not is_compared(line, subject, case)]
    if open_ones and case.difference:
        return [Caveat("not-comparable", "compute.cpu", f"CPU and memory are not compared: {case.difference}")]
    in_pairs = [_not_told(subject, line) for subject, line in open_ones if case.pairs(subject.name) is not None]
    if len(in_pairs) == len(open_ones):
        return in_pairs
    text = "CPU and memory are compared with a stored baseline of the same environment: they can warn, and never fail"
    return [*in_pairs, Caveat("stored-baseline", "compute.cpu", text)]


def _not_told(subject: Subject, line: Line) -> Caveat:
    """A level that the pairs of a route do not tell."""
    kind = "memory-not-compared" if line.meter == MEMORY else "level-not-compared"
    return Caveat(kind, subject.name, f"{line.meter} is not compared, because not every pair knows it on both sides: it can only warn")


def _precision(case: Case) -> list[Caveat]:
    """What was counted in place of CPU time."""
    counted = sorted({pairs.precision.counted for pairs in case.evidence.pairs.values()} - {BY_CPU.counted})
    text = "CPU is compared by counted {}, the mean over hash seeds: what a cache or a wait costs is not in them"
    return [Caveat("counted-cpu", CPU, text.format(what)) for what in counted]


def _prices(subjects: Sequence[Subject], case: Case) -> list[Caveat]:
    """Which prices the base has, where they are not those of the report."""
    own = case.base_book
    if own is None:
        return []
    text = f"the base has price book {_named(own)}, the head {_named(case.book)}: both are judged at the head's, and prices fail nothing"
    if own.currency != case.book.currency:
        return [Caveat("prices-differ", "", f"{text}; what they change is not known, because the base's are in {own.currency}")]
    lacking = sorted({line.meter for one in subjects for line in one.lines if line.base_cost is not None and line.recorded is None})
    return [Caveat("prices-differ", "", f"{text}; the base's has no price for {', '.join(lacking)}" if lacking else text)]


def _named(book: PriceBook) -> str:
    return f"{book.version} ({book.digest[:19]})"
