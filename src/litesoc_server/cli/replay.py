"""`litesoc replay`: read events from a file and send them through the public API, fast or in their own rhythm."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import err, fail, out, print_json, progress_bar, shown
from litesoc_server.cli.options import Json, Key, Url
from litesoc_server.sources.sshd import LineKind, parse_sshd_lines

BATCH_EVENTS = 100  # the most that one request may carry (contract 1.5)
ERRORS_SHOWN_MAX = 5

_DECODER = msgspec.json.Decoder()


class Format(StrEnum):
    """What the lines of the file are."""

    SSHD = "sshd"
    JSONL = "jsonl"


class _Totals(msgspec.Struct):
    sent: int = 0
    accepted: int = 0
    rejected: int = 0


def replay(
    file: Annotated[Path, typer.Argument(help="The file to read.", exists=True, dir_okay=False, readable=True)],
    url: Url,
    key: Key,
    format_: Annotated[Format, typer.Option("--format", help="sshd: an auth.log; jsonl: one event object a line.")],
    speed: Annotated[
        float | None, typer.Option(min=0.001, help="Keep the file's rhythm, this many times faster.  [default: at once]")
    ] = None,
    keep_time: Annotated[
        bool, typer.Option("--keep-time", help="Send the file's times along; the key needs the scope backfill.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send the events of FILE to a server, in order, in batches that are safe to repeat."""
    events, unread_count = _read(file, format_)
    if not events:
        fail(f"{file} holds no event that --format {format_.value} can read", "check the file and --format")
    totals = _Totals()
    started = time.monotonic()
    with ApiClient(url, key) as client, progress_bar(is_quiet=as_json) as progress:
        if keep_time:
            require_backfill(client)
        task = progress.add_task("Sending events", total=len(events))
        for batch in _in_rhythm(events, speed) if speed else _batches(iter(events)):
            _send(client, batch, totals, keep_time=keep_time)
            progress.advance(task, len(batch))
    _report(totals, unread_count, time.monotonic() - started, as_json=as_json)


def _read(file: Path, format_: Format) -> tuple[list[dict[str, Any]], int]:
    """Return the events of ``file`` in its order, each a collect object with ``timestamp``, and how many lines are none."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        if format_ is Format.JSONL:
            return _read_jsonl(lines, file)
        counts = Counter[LineKind]()
        logins = parse_sshd_lines(lines, now=datetime.now(UTC), counts=counts)
        events = [login.to_item(with_time=True) for login in logins]
        return events, counts[LineKind.OTHER] + counts[LineKind.UNREADABLE]


def _read_jsonl(lines: Iterator[str], file: Path) -> tuple[list[dict[str, Any]], int]:
    events: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = _DECODER.decode(line)
        except msgspec.DecodeError as error:
            fail(f"{file}, line {number} is not JSON: {error}", "every line must be one JSON object; nothing was sent")
        if not isinstance(event, dict):
            fail(f"{file}, line {number} is not a JSON object", "every line must be one JSON object; nothing was sent")
        events.append(event)
    return events, 0


def require_backfill(client: ApiClient) -> None:
    """End the command unless the key may send events of the past."""
    scopes = client.health().get("scopes", [])
    if "backfill" not in scopes:
        fail(
            "keeping the events' times needs a key with the scope backfill; without it the server would use its own time",
            "create one: litesoc keys create --name replay --scope ingest,backfill",
        )


def _batches(events: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(events, BATCH_EVENTS)):
        yield batch


def _in_rhythm(events: list[dict[str, Any]], speed: float) -> Iterator[list[dict[str, Any]]]:
    """Yield batches when their first event is due, counted from the first event of the file."""
    times = [_seconds_of(event) for event in events]
    first_s = next((moment for moment in times if moment is not None), None)
    if first_s is None:
        fail(
            "--speed needs events with a timestamp, and none has one", "leave out --speed, or add `timestamp` to the events"
        )
    started = time.monotonic()
    batch: list[dict[str, Any]] = []
    for event, moment in zip(events, times, strict=True):
        due_s = started + ((moment if moment is not None else first_s) - first_s) / speed
        if batch and (len(batch) == BATCH_EVENTS or due_s > time.monotonic()):
            yield batch
            batch = []
        if (wait_s := due_s - time.monotonic()) > 0:
            time.sleep(wait_s)
        batch.append(event)
    if batch:
        yield batch


def _seconds_of(event: dict[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(event["timestamp"])).timestamp()
    except (KeyError, ValueError):
        return None


def _send(client: ApiClient, batch: list[dict[str, Any]], totals: _Totals, *, keep_time: bool) -> None:
    events = batch if keep_time else [{k: v for k, v in event.items() if k != "timestamp"} for event in batch]
    answer = client.send_batch(events)
    for error in answer.get("errors", []):
        if totals.rejected < ERRORS_SHOWN_MAX:
            err.print(f"[yellow]Event {totals.sent + error['index'] + 1} was refused:[/] {shown(error['message'])}")
        totals.rejected += 1
    totals.sent += len(batch)
    totals.accepted += answer["queued"]


def _report(totals: _Totals, unread_count: int, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sent": totals.sent,
                "accepted": totals.accepted,
                "rejected": totals.rejected,
                "lines_without_event": unread_count,
                "seconds": round(seconds, 3),
            }
        )
        return
    out.print(
        f"Sent {totals.sent} events in {seconds:.1f} s: {totals.accepted} accepted, {totals.rejected} refused, "
        f"{unread_count} lines held no event."
    )
