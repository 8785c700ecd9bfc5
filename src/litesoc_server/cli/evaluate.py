"""`litesoc evaluate`: how good the detectors are on simulated attacks, with baselines in the same run."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from litesoc_server.cli.console import err, fail, out, print_json, progress_bar
from litesoc_server.cli.options import Json
from litesoc_server.evaluation.evaluate import Evaluation, Settings, ticks_count
from litesoc_server.evaluation.evaluate import evaluate as run
from litesoc_server.evaluation.plots import FORMATS, PlotsUnavailable, check_available, write_plots
from litesoc_server.evaluation.tables import tables_of

SEEDS_MAX, USERS_MAX, DAYS_MAX, JOBS_MAX = 200, 200_000, 250, 64
_QUICK = Settings(seeds=2, held_out=2, users=600, days=30)


def evaluate(
    seeds: Annotated[int, typer.Option(min=1, max=SEEDS_MAX, help="Runs on the seeds that detection is developed on.")] = 10,
    held_out: Annotated[int, typer.Option(min=0, max=SEEDS_MAX, help="Runs on seeds that nobody develops on.")] = 10,
    users: Annotated[int, typer.Option(min=50, max=USERS_MAX, help="Accounts in each run.")] = 20_000,
    days: Annotated[int, typer.Option(min=6, max=DAYS_MAX, help="Days in each run.")] = 60,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look in about two minutes: 600 users, 30 days, 2 and 2 runs.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=1, max=JOBS_MAX, help="Processes; each run of 20,000 users takes about 2 GB.")
    ] = 1,
    baselines: Annotated[bool, typer.Option(help="Run the published rules of others beside ours.")] = True,
    variants: Annotated[bool, typer.Option("--variants", help="Show every variant of every attack, too.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write everything measured to this JSON file.", dir_okay=False)
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option("--plots", help="Draw plots into this directory; needs litesoc-server\\[plots].", file_okay=False),
    ] = None,
    plot_format: Annotated[str, typer.Option("--plot-format", help="svg or png.")] = "svg",
    as_json: Json = False,
) -> None:
    """Measure the detectors on simulated populations with attacks: recall, precision, false alarms, times, goals.

    Every seed is one run. The labels never reach the detectors. docs/evaluation.md explains method, figures and limits.
    """
    _check_plots(plots, plot_format)
    settings = _QUICK if quick else Settings(seeds=seeds, held_out=held_out, users=users, days=days)
    settings = msgspec.structs.replace(settings, has_baselines=baselines)
    with progress_bar(is_quiet=as_json) as progress:
        task = progress.add_task("Living days", total=ticks_count(settings))
        evaluation = run(settings, jobs=jobs, advance=lambda ticks: progress.advance(task, ticks))
    _show(evaluation, has_variants=variants, as_json=as_json)
    _write(evaluation, report, plots, plot_format)  # last: where it fails, the work of an hour has been shown


def _show(evaluation: Evaluation, *, has_variants: bool, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(evaluation))
        return
    for table in tables_of(evaluation, has_variants=has_variants):
        out.print(table)
        out.print()
    out.print(
        f"{evaluation.events_count:,} events; one process takes {evaluation.events_per_s:,.0f}/s with all, "
        f"{evaluation.detect_events_per_s:,.0f}/s detection alone."
    )


def _check_plots(plots: Path | None, plot_format: str) -> None:
    if plot_format not in FORMATS:
        fail(f"--plot-format {plot_format} is not known", f"choose one of: {', '.join(FORMATS)}", exit_code=2)
    if plots is not None:
        try:
            check_available()
        except PlotsUnavailable as error:
            fail(str(error), "install the extra, or leave out --plots")


def _write(evaluation: Evaluation, report: Path | None, plots: Path | None, plot_format: str) -> None:
    try:
        if report is not None:
            report.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation)) + b"\n")
            err.print(f"Report: {report}")
        if plots is not None:
            for path in write_plots(evaluation, plots, plot_format):
                err.print(f"Plot: {path}")
    except OSError as error:
        fail(f"the results cannot be written: {error}", "give another place with --report or --plots")
