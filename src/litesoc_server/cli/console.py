"""What every command says to people: results on stdout, everything else on stderr, errors with their fix."""

import json
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(problem: str, fix: str, *, exit_code: int = 1) -> NoReturn:
    """Say what is wrong and what to do about it on stderr, and end with ``exit_code``."""
    err.print(f"[bold red]Error:[/] {escape(problem)}")
    err.print(f"[bold]Fix:[/] {escape(fix)}")
    raise typer.Exit(exit_code)


def print_json(value: Any) -> None:  # noqa: ANN401 # whatever json can write
    """Print ``value`` as one JSON document on stdout, undecorated, for scripts."""
    print(json.dumps(value))  # noqa: T201 # rich would wrap and colour it


def progress_bar(*, is_quiet: bool = False) -> Progress:
    """Return a progress bar on stderr; it draws nothing when ``is_quiet``."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=is_quiet,
    )
