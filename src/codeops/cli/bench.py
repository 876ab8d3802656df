"""`codeops bench`: measure and price every route and job of the suite."""

from typing import TYPE_CHECKING

import click

from codeops.cli._against import base_options
from codeops.cli._select import select_option
from codeops.cli._show import config_option, progress_bar, report_options, show

__all__ = ["command"]

if TYPE_CHECKING:
    from codeops.pipeline import Against


@click.command()
@click.option("--out", metavar="FILE", help="Write the snapshot here, for example cost/current.json.")
@click.option("--update-baseline", is_flag=True, help="Write the snapshot over the project's baseline.")
@base_options
@select_option
@config_option
@report_options
def command(
    out: str | None,
    update_baseline: bool,
    against: "Against | None",
    patterns: tuple[str, ...],
    config: str | None,
    form: str | None,
    outputs: tuple[str, ...],
) -> int:
    """Measure what each route and job costs; with a base also what the change costs.

    \b
    Example:
      codeops bench --out cost/current.json
    """
    if patterns and update_baseline:
        raise click.UsageError("--update-baseline with --select would lose every other route: leave one of them out")
    from codeops.bench import cost_map, snapshot
    from codeops.bench.profiles.of_suite import profile_suite
    from codeops.config import load
    from codeops.pipeline import compare_trees, measure_project, select

    settings = select(load(config, "."), patterns)
    with progress_bar() as on_progress:
        if against:
            measured, report = compare_trees(settings, against, on_progress)
        else:
            measured = measure_project(settings, on_progress)
            report = measured.judge(None)
        profiles = {} if patterns else profile_suite(settings.suite, on_progress)
    targets = [path for path in (out, settings.baseline if update_baseline else None) if path]
    for path in targets:
        snapshot.save(measured.snapshot, path)
    if not patterns:
        cost_map.save(measured.snapshot, profiles, settings.traffic, settings.cost_map, settings.root)
        targets.append(settings.cost_map)
    show(report, form, outputs)
    for path in targets:
        click.echo(f"wrote {click.format_filename(path)}", err=True)
    return 0
