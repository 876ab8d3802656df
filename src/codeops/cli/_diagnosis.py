"""A diagnosis for people, and the same for programs."""

import json
from typing import TYPE_CHECKING, Any

from codeops.core.errors import leaves
from codeops.core.figure import count_noun
from codeops.core.finding import Finding, Severity

if TYPE_CHECKING:
    from rich.console import Console

    from codeops.instrument.diagnosis import Diagnosis, Section

__all__ = ["as_json", "as_text"]

_SCHEMA = 1
"""Version of the JSON form. History: 1 first version."""

_NAMES = 20
"""Columns that the name of a fact has at least."""

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def as_json(diagnosis: "Diagnosis") -> str:
    """One object: `well`, `findings`, and `sections` by name with their facts by name."""
    return json.dumps(
        {
            "schema": _SCHEMA,
            "well": diagnosis.is_well,
            "findings": [_plain(finding) for finding in diagnosis.findings],
            "sections": {section.name: _facts(section) for section in diagnosis.sections},
        },
        indent=2,
        ensure_ascii=False,
    )


def _plain(finding: Finding) -> dict[str, Any]:
    told = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "why": finding.why,
        "fix": finding.fix,
        "meter": finding.meter,
        "location": str(finding.location or ""),
    }
    return {name: value for name, value in told.items() if value}


def _facts(section: "Section") -> list[dict[str, str]]:
    return [{"name": fact.name, "value": fact.value, **({"detail": fact.detail} if fact.detail else {})} for fact in section.facts]


def as_text(diagnosis: "Diagnosis", width: int, *, colour: bool) -> str:
    """The verdict first, then what is wrong, then all facts."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    file = StringIO()
    console = Console(file=file, width=width, color_system="auto" if colour else None, force_terminal=colour, highlight=False, emoji=False)
    mark, style = ("✓", "green") if diagnosis.is_well else ("✗", "red")
    console.print(Text(f"{mark} {_verdict(diagnosis)}", f"bold {style}"))
    for finding in diagnosis.findings:
        console.print()
        _print_finding(finding, console)
    for section in diagnosis.sections:
        console.print()
        _print_section(section, console)
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def _verdict(diagnosis: "Diagnosis") -> str:
    severities = [finding.severity for finding in diagnosis.findings]
    counts = [(severities.count(severity), severity.value) for severity in (Severity.ERROR, Severity.WARNING)]
    words = f"CodeOps {'can' if diagnosis.is_well else 'cannot'} do its job here"
    return ", ".join([words, *(count_noun(count, noun) for count, noun in counts if count)])


def _print_finding(finding: Finding, console: "Console") -> None:
    from rich.text import Text

    place = f"{finding.location}: " if finding.location else ""
    title = (f"{finding.severity.value}[{finding.rule}]", f"bold {_STYLES[finding.severity]}")
    console.print(Text.assemble(title, f": {place}{finding.message}"))
    docs = f"errors/{finding.rule}" if any(error.slug == finding.rule for error in leaves()) else ""
    _print_pairs(
        [(f"  {word}:", text, "") for word, text in (("why", finding.why), ("fix", finding.fix), ("docs", docs)) if text], 7, console
    )


def _print_section(section: "Section", console: "Console") -> None:
    from rich.text import Text

    console.print(Text(section.title, "bold"))
    _print_pairs([(f"  {fact.name}", fact.value, fact.detail) for fact in section.facts], _NAMES, console)


def _print_pairs(pairs: list[tuple[str, str, str]], width: int, console: "Console") -> None:
    """Names in a column, each with its text beside it, and what explains that."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(min_width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for name, text, detail in pairs:
        table.add_row(Text(name), Text.assemble(text, (f"  {detail}" if detail else "", "dim")))
    console.print(table)
