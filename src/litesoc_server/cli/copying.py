"""The bars of `litesoc backup` and `litesoc restore`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import TaskID

from litesoc_server.cli.console import progress_bar


@contextmanager
def copying_progress(*, is_quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what to report progress to: of what, how much is done, of how much. One bar for each."""
    with progress_bar(is_quiet=is_quiet) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what.capitalize(), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report
