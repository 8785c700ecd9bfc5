"""`litesoc dead-letters`: look at events that could not be processed, and send them through again."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.options import DataDir, Json, configure
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.runtime.build import open_dead_letters

app = typer.Typer(help="Events that could not be processed: list them, send them through again.", no_args_is_help=True)

REPLAY_MAX = 10_000


@app.command("list")
def list_dead_letters(
    limit: Annotated[int, typer.Option(min=1, max=REPLAY_MAX, help="Show at most this many, oldest first.")] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List dead letters with the reason each was put aside. Works while the server runs."""
    try:
        with open_dead_letters(configure(data_dir)) as dead_letters:
            letters, count = dead_letters.list(limit), dead_letters.count()
    except StreamUnavailable as error:
        fail(f"the stream cannot be read: {error}", "check LITESOC_STREAM_URL or --data-dir")
    rows = [
        {
            "id": letter.id,
            "subject": letter.subject.value,
            "failed_at": datetime.fromtimestamp(letter.failed_at_ms / 1000, UTC).isoformat(),
            "reason": letter.reason,
            "bytes": len(letter.payload),
        }
        for letter in letters
    ]
    if as_json:
        print_json({"count": count, "dead_letters": rows})
        return
    if not rows:
        out.print("There are no dead letters.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Id", "Subject", "Failed at (UTC)", "Reason"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(shown(str(row[name])) for name in ("id", "subject", "failed_at", "reason")))
    out.print(table)
    out.print(f"[dim]{count} in all. Send them through again: litesoc dead-letters replay ID … or --all[/]")


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids, as `litesoc dead-letters list` shows them.")] = None,
    replay_all: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send dead letters through again, after their cause was mended. Works while the server runs."""
    if bool(ids) == replay_all:
        fail("say which: ids or --all", "`litesoc dead-letters list` shows the ids")
    try:
        with open_dead_letters(configure(data_dir)) as dead_letters:
            if ids:
                # One by one, because a replay passes over ids that it does not know.
                unknown = [letter_id for letter_id in dict.fromkeys(ids) if not dead_letters.replay([letter_id])]
                count = len(set(ids)) - len(unknown)
            else:
                unknown = []
                count = dead_letters.replay([letter.id for letter in dead_letters.list(REPLAY_MAX)])
    except StreamUnavailable as error:
        fail(f"the stream cannot be used: {error}", "check LITESOC_STREAM_URL or --data-dir, and that its disk is not full")
    if as_json:
        print_json({"replayed": count})
    else:
        out.print(f"{count} sent through again. `litesoc dead-letters list` shows those that failed once more.")
    if unknown:
        fail(f"there is no dead letter with the id {', '.join(unknown)}", "`litesoc dead-letters list` shows the ids")
