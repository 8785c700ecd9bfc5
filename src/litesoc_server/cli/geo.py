"""`litesoc geo`: fetch current IP data, and say which there is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.options import DataDir, Json, configure, configure_data_dir
from litesoc_server.clock import SystemClock
from litesoc_server.config import Config
from litesoc_server.pipeline.enrich.manifest import Entry, updates_dir
from litesoc_server.pipeline.enrich.update.download import Downloader, Received
from litesoc_server.pipeline.enrich.update.install import current_manifest
from litesoc_server.pipeline.enrich.update.sources import SOURCES, Source
from litesoc_server.pipeline.enrich.update.update import Busy, MaxMindKey, Outcome, Result, Updater

app = typer.Typer(help="Places and kinds of networks: fetch current data.", no_args_is_help=True)

_MARKS = {
    Result.UPDATED: "[green]✓[/]",
    Result.UNCHANGED: "[green]=[/]",
    Result.SKIPPED: "[dim]-[/]",
    Result.FAILED: "[bold red]✗[/]",
}


@app.callback()
def geo() -> None:
    """Places and kinds of networks: fetch current data."""


@app.command()
def update(
    data_dir: DataDir = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Update this source only; may be given several times.", metavar="SOURCE"),
    ] = None,
    from_dir: Annotated[
        Path | None,
        typer.Option("--from", help="Take the files from this folder instead of fetching them.", metavar="DIR"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch anew what has not changed, and take lists that shrank suspiciously.")
    ] = False,
    list_sources: Annotated[
        bool, typer.Option("--list", help="List the sources and what is in force; fetch nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch current databases and lists. The running server takes them up within seconds.

    Each source is checked before it replaces the one in force; one that fails keeps what it had, and the exit code is 1.
    Proxies are taken from HTTPS_PROXY and NO_PROXY.
    """
    if list_sources:
        _list(configure(data_dir), as_json=as_json)
        return
    chosen = _chosen(only)
    if from_dir is not None and not from_dir.is_dir():
        fail(f"{from_dir} is no folder", "name the folder that holds the files; `litesoc geo update --list` names them")
    config = configure_data_dir(data_dir)
    updater = Updater(
        config.data_dir,
        Downloader,
        SystemClock(),
        maxmind=_maxmind_key(config),
        offline_dir=from_dir,
        is_forced=force,
    )
    try:
        with _Screen(is_quiet=as_json) as screen:
            outcomes = updater.run(chosen, screen, is_asked_for=only is not None)
    except Busy as error:
        fail(str(error), "run it again later")
    except OSError as error:
        fail(f"{config.data_dir} cannot be written ({error.strerror})", "make room, or let this user write there")
    if as_json:
        print_json([_outcome_json(outcome) for outcome in outcomes])
    failed = [outcome.source.id for outcome in outcomes if outcome.result is Result.FAILED]
    if failed:
        err.print(f"[bold red]{len(failed)} of {len(outcomes)} sources were not updated:[/] {', '.join(failed)}")
        raise typer.Exit(1)
    if from_dir is not None and all(outcome.result is Result.SKIPPED for outcome in outcomes):
        fail(f"{from_dir} holds none of the files", "`litesoc geo update --list` names them")


def _chosen(only: list[str] | None) -> list[Source]:
    if not only:
        return list(SOURCES)
    unknown = sorted(set(only) - {source.id for source in SOURCES})
    if unknown:
        fail(f"there is no source {', '.join(unknown)}", f"use one of {', '.join(source.id for source in SOURCES)}")
    return [source for source in SOURCES if source.id in only]


def _maxmind_key(config: Config) -> MaxMindKey | None:
    if config.maxmind_account_id is None or config.maxmind_license_key is None:
        return None
    return MaxMindKey(config.maxmind_account_id, config.maxmind_license_key.get_secret_value())


def _list(config: Config, *, as_json: bool) -> None:
    in_force = current_manifest(updates_dir(config.data_dir)).entries
    if as_json:
        print_json([_source_json(source) | _entry_json(in_force.get(source.id)) for source in SOURCES])
        return
    table = Table("source", "what", "licence", "in force", "ranges", "files for --from", box=None, pad_edge=False)
    today = datetime.now(UTC).date()
    for source in SOURCES:
        entry = in_force.get(source.id)
        age = "-" if entry is None else f"{entry.data_date} ({(today - entry.data_date).days} d)"
        count = "-" if entry is None else f"{entry.ranges_count:,}"
        files = ", ".join(file.name for file in source.files)
        table.add_row(source.id, source.title, source.licence, age, count, files)
    out.print(table)


def _source_json(source: Source) -> dict[str, object]:
    today = datetime.now(UTC).date()
    return {
        "source": source.id,
        "title": source.title,
        "licence": source.licence,
        "files": [{"name": file.name, "url": file.urls(today)[0]} for file in source.files],
    }


def _entry_json(entry: Entry | None) -> dict[str, object]:
    return {
        "data_date": None if entry is None else entry.data_date.isoformat(),
        "ranges": None if entry is None else entry.ranges_count,
    }


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    about: dict[str, object] = {
        "source": outcome.source.id,
        "result": outcome.result.value,
        "detail": outcome.detail,
    }
    return about | _entry_json(outcome.in_force)


class _Screen:
    """Shows one line a source, with a bar while it comes."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._bars = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=err,
            transient=True,
            disable=is_quiet,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bars.stop()

    def started(self, source: Source) -> Received:
        """Show a bar for a source."""
        self._task = task = self._bars.add_task(source.title, total=None)

        def received(size: int, total: int | None) -> None:
            self._bars.update(task, completed=size, total=total)

        return received

    def finished(self, outcome: Outcome) -> None:
        """Put the result in the bar's place."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        if self._is_quiet:
            return
        entry = outcome.in_force
        words = f"{outcome.result.value}; " if outcome.detail else outcome.result.value
        kept = ""
        if outcome.result is Result.FAILED:
            kept = (
                f". Still in force: the one of {entry.data_date}"
                if entry is not None
                else ". The packaged data stays in use"
            )
        elif entry is not None and outcome.result is not Result.SKIPPED:
            kept = f", {entry.ranges_count:,} ranges of {entry.data_date}"
        title = f"[bold]{shown(outcome.source.id)}[/] ({shown(outcome.source.title)})"
        self._bars.console.print(f"{_MARKS[outcome.result]} {title}: {words}{shown(outcome.detail + kept)}")
