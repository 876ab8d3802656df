"""What a comparison hands the gate beside two snapshots: pairs, doubts and notes, and the base's own prices."""

from collections.abc import Sequence
from datetime import date

from codeops.bench.pairs.pair import Course
from codeops.bench.pairs.pairing import Pairing
from codeops.core.cost import Caveat
from codeops.core.errors import CodeOpsError
from codeops.core.pricebook import PriceBook
from codeops.core.snapshot import Snapshot
from codeops.core.valuation import value_snapshot
from codeops.gate.evidence import BY_INSTRUCTIONS, Evidence, Pairs
from codeops.pipeline.base_tree import BaseTree
from codeops.prices import load as load_pricebook

__all__ = ["base_prices", "evidence_of", "pairs_of"]


def evidence_of(found: Pairing, tree: BaseTree, notes: tuple[Caveat, ...]) -> Evidence:
    """What the pairs say of each route; a base that is not what it should be is a doubt about all of them."""
    doubted = dict.fromkeys(found.courses, tree.doubt) if tree.doubt else {}
    return Evidence(
        pairs=pairs_of(found),
        doubts={**doubted, **found.survey.doubts},
        notes=(*tree.notes, *found.survey.notes, *notes),
        bytecode={route: courses[0].bytecode for route, courses in found.courses.items() if courses[0].bytecode is not None},
    )


def pairs_of(found: Pairing) -> dict[str, Pairs]:
    """What the pairs found of each route."""
    return {route: _pairs(courses) for route, courses in found.courses.items()}


def _pairs(courses: Sequence[Course]) -> Pairs:
    """What was counted goes before what was timed, where it was counted in every pair."""
    memory = tuple(course.memory for course in courses)
    counted = [course.counted for course in courses if course.counted is not None]
    if len(counted) == len(courses):
        return Pairs(tuple(counted), memory, BY_INSTRUCTIONS)
    return Pairs(tuple(course.cpu for course in courses), memory)


def base_prices(tree: BaseTree, before: Snapshot, day: date) -> tuple[PriceBook | None, tuple[Caveat, ...]]:
    """The base's own price book, and why it is not known where it is not: prices of the base fail nothing, so they stop nothing."""
    if tree.config is None:
        return None, ()
    try:
        book = load_pricebook(tree.config.pricebook)
        value_snapshot(before, book, day)
    except CodeOpsError as problem:
        place = f" ({problem.location})" if problem.location else ""
        text = f"what prices changed is not known, because the base's price book cannot be used: {problem.title}{place}"
        return None, (Caveat("base-prices", "", text),)
    return book, ()
