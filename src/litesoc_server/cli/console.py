"""What every command says to people: results on stdout, everything else on stderr, errors with their fix."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

import typer
from rich.console import Console, ConsoleOptions, RenderableType  # noqa: TID251 # made safe below
from rich.markup import escape  # noqa: TID251 # its one user, see shown()
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.segment import Segment


class _SafeConsole(Console):
    """Shows what would steer the terminal or turn the direction of text as �, also where a command forgot `shown`."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return the segments of ``renderable``; their text is printable but for the ends of lines."""
        for segment in super().render(renderable, options):
            # Control segments are rich's own, such as those that redraw a progress bar.
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                lines = segment.text.split("\n")
                yield Segment("\n".join(_printable(line) for line in lines), segment.style)


out = _SafeConsole(highlight=False, soft_wrap=True, emoji=False)
err = _SafeConsole(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def shown(text: str) -> str:
    """Return text of events, clients or servers as markup that shows it as it is, on one line.

    Line breaks, escapes, control characters (C0, C1) and marks of text direction become �: whoever sends an event must not
    be able to write to the terminal of the one who reads it.
    """
    return escape(_printable(text))


def shown_lines(text: str, indent: str) -> str:
    """Return a text of ours that has several lines as markup, each line as `shown` has it, all but the first indented."""
    return f"\n{indent}".join(shown(line) for line in text.split("\n"))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


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
