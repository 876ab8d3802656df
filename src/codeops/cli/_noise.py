"""The noise of a machine for people, and the same for programs."""

import json
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from codeops.pipeline.noise import Prospect, Tolerance

__all__ = ["as_json", "as_text"]

_SCHEMA = 1
"""Version of the JSON form. History: 1 first version."""

_ROUNDED_S = 10


def as_json(prospect: "Prospect", no_instructions: str) -> str:
    """One object; `no_instructions` says why instructions cannot be counted, and is empty where they can. Shares are ratios."""
    suggested = prospect.suggested
    return json.dumps(
        {
            "schema": _SCHEMA,
            "pairs": prospect.pairs,
            "routes": prospect.routes,
            "pair_seconds": round(prospect.seconds, 3),
            "pair_spread": round(prospect.spread, 5),
            "level_drift": round(prospect.drift, 5),
            "sequential_false_alarms": round(prospect.sequential, 4),
            "tolerances": [_plain(one) for one in prospect.tolerances],
            "suggested": _plain(suggested) if suggested else None,
            "instructions": not no_instructions,
        },
        indent=2,
    )


def _plain(one: "Tolerance") -> dict[str, float | None]:
    return {
        "regression": one.tolerance,
        "false_alarms": one.alarms,
        "inconclusive": one.open,
        "detects": None if one.detects is None else round(one.detects, 4),
        "seconds": round(one.seconds, 1),
    }


def as_text(prospect: "Prospect", no_instructions: str, width: int, *, colour: bool) -> str:
    """What it means first, then what was measured, then the settings that suit it."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    file = StringIO()
    console = Console(file=file, width=width, color_system="auto" if colour else None, force_terminal=colour, highlight=False, emoji=False)
    suggested = prospect.suggested
    console.print(Text(_verdict(suggested), "bold green" if suggested else "bold yellow"))
    _print_noise(prospect, console)
    _print_tolerances(prospect, console)
    console.print(
        f"\nInstructions  {f'cannot be counted: {no_instructions}' if no_instructions else 'can be counted: tolerances from 1 % hold'}"
    )
    if suggested:
        console.print(Text("\nSuggested", "bold"))
        seconds = _ROUNDED_S * ceil(suggested.seconds / _ROUNDED_S)
        console.print(
            f'  [bench]\n  time_budget = "{seconds}s"\n  [budget]\n  regression = "{_percent(suggested.tolerance)}"', markup=False
        )
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def _verdict(suggested: "Tolerance | None") -> str:
    if suggested is None or suggested.detects is None:
        return "! This machine is too noisy for a gate on CPU: use another runner, or count instructions"
    tolerance, seen = _percent(suggested.tolerance), _percent(suggested.detects)
    return f"✓ A gate on CPU holds here: with {tolerance} tolerance it sees +{seen} and raises no false alarm"


def _print_noise(prospect: "Prospect", console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    console.print(
        Text(f"\nNoise  {prospect.pairs} pairs of the same code, {prospect.routes} routes, {prospect.seconds:.1f} s a pair", "bold")
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("  one pair", f"{_percent(prospect.spread, 1)}", "standard deviation of base against head, measured in turns")
    table.add_row("  level", f"{_percent(prospect.drift, 1)}", "standard deviation of a route's CPU from process to process")
    table.add_row(
        "  one run after the other", f"{_percent(prospect.sequential)}", "of such comparisons show some route 8 % dearer that is not"
    )
    console.print(table)


def _print_tolerances(prospect: "Prospect", console: "Console") -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for name in ("Tolerance", "False alarms", "Inconclusive", "Sees 95 times in 100", "Within"):
        table.add_column(name, justify="right")
    for one in prospect.tolerances:
        seen = ("more than +30 points", "") if one.detects is None else (f"+{_percent(one.detects)}", f"{one.seconds:.0f} s")
        table.add_row(f"{_percent(one.tolerance)}", f"{_percent(one.alarms, 1)}", f"{_percent(one.open, 1)}", *seen)
    console.print()
    console.print(table)


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"
