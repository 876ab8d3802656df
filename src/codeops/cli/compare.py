"""`codeops compare`: two snapshot files against a threshold, with nothing else needed."""

from decimal import Decimal, InvalidOperation

import click

from codeops.cli._show import report_options, show, verdict_code

__all__ = ["command"]


class _Ratio(click.ParamType[Decimal]):
    name = "ratio"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """`0.08`, or `8%`, as 0.08."""
        text = str(value).strip()
        try:
            number = Decimal(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or number < 0:
            self.fail(f"{text!r} is not a ratio such as 0.08 or 8%", param, ctx)
        return number


@click.command()
@click.option("--pricebook", required=True, metavar="FILE", help="Price book that prices both sides.")
@click.option("--baseline", required=True, metavar="FILE", help="Snapshot to compare with.")
@click.option("--current", required=True, metavar="FILE", help="Snapshot of the change.")
@click.option("--threshold", type=_Ratio(), default="0.08", show_default=True, help="How much a route's cost may rise: 0.08 or 8%.")
@report_options
def command(pricebook: str, baseline: str, current: str, threshold: Decimal, form: str | None, outputs: tuple[str, ...]) -> int:
    """Compare two snapshot files; fail when a route's cost rose by more than the threshold.

    \b
    Example:
      codeops compare --pricebook pricebook.toml --baseline cost/baseline.json --current cost/current.json --threshold 0.08
    """
    from datetime import UTC, datetime

    from codeops.bench import snapshot
    from codeops.gate import compare
    from codeops.prices import load

    report = compare(snapshot.load(current), snapshot.load(baseline), load(pricebook), threshold, datetime.now(UTC).date())
    show(report, form, outputs)
    return verdict_code(report.verdict)
