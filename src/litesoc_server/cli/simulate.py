"""`litesoc simulate`: the traffic of a made-up population with attacks in it, to a file or to a server."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import fail, out, print_json, progress_bar
from litesoc_server.cli.options import Json
from litesoc_server.cli.replay import BATCH_EVENTS, require_backfill
from litesoc_server.evaluation.simulator.attacks.registry import FAMILIES
from litesoc_server.evaluation.simulator.clock import DAY_MS
from litesoc_server.evaluation.simulator.labels import labels_document
from litesoc_server.evaluation.simulator.simulation import START_MS, Plan, Simulation
from litesoc_server.evaluation.simulator.wire import collect_body
from litesoc_server.events.event import Event

USERS_MAX, DAYS_MAX = 200_000, 250
_SPILL_DAYS = 2  # the last day's events reach as far into the next ones; none may lie in the future
_ENCODER = msgspec.json.Encoder()
_NAMES = tuple(family.name for family in FAMILIES)


class _Server(msgspec.Struct, frozen=True):
    url: str
    key: str
    speed: float | None  # how many times faster than it happened; None is at once


class _Totals(msgspec.Struct):
    events: int = 0
    accepted: int = 0
    rejected: int = 0


def simulate(
    to: Annotated[
        Path | None, typer.Option("--to", help="Write to this file, one /collect body a line.", dir_okay=False)
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help="Write to this file which events are attacks.  [default: FILE.labels.json]", dir_okay=False
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", envvar="LITESOC_URL", help="Send to this server instead; needs a key with backfill."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", envvar="LITESOC_API_KEY", help="API key. Better in LITESOC_API_KEY.", show_default=False),
    ] = None,
    users: Annotated[int, typer.Option(min=10, max=USERS_MAX, help="Accounts, in several organisations.")] = 500,
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, help="Days.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same events.")] = 1,
    attacks: Annotated[
        str, typer.Option(help="Families of attacks with commas between them, `all` or `none`; see docs/evaluation.md.")
    ] = "all",
    rate: Annotated[float, typer.Option(min=0, max=20, help="Attacks a day.")] = 2.0,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="To a server: keep the rhythm, this many times faster.  [default: at once]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate a population and attacks on it: into a file (`--to`), or straight to a server (`--url`, `--key`).

    Which events are attacks is written to a file of its own and is nowhere in the events. On a server all of it becomes the
    traffic of the key's organisation; send it to one that you made for this.
    """
    target = _target(to, url, key, speed)
    labels = labels or (to.with_name(f"{to.name}.labels.json") if to is not None else None)
    for option, path in (("--to", to), ("--labels", labels)):
        if path is not None:
            _check_writable(option, path)
    plan = Plan(
        seed=seed,
        users=users,
        days=days,
        start_ms=START_MS if to is not None else _days_ago(days + _SPILL_DAYS),
        attacks_per_org_day=0.0 if attacks == "none" else rate,
        twins_per_org_day=0.5 if attacks == "all" else 0.0,
        families=_families(attacks),
        repeats=False,
    )
    started = time.monotonic()
    simulation, totals, lines = Simulation(plan), _Totals(), dict[int, list[int]]()
    _deliver(_shown(simulation, totals, lines, is_quiet=as_json), target, totals)
    if labels is not None:
        labels.write_bytes(labels_document(simulation, lines))
    _report(totals, simulation, labels, time.monotonic() - started, as_json=as_json)


def _target(to: Path | None, url: str | None, key: str | None, speed: float | None) -> Path | _Server:
    """Return where the events go; ends the command when that is not said, or said twice."""
    if to is not None:
        if speed is not None:
            fail("--speed is for sending to a server, and --to writes a file", "leave out one of them", exit_code=2)
        return to
    if url is None:
        fail("it is not said where the events go", "give a file with --to, or a server with --url and --key", exit_code=2)
    if not key:
        fail("--url needs an API key", "give it in LITESOC_API_KEY or with --key", exit_code=2)
    return _Server(url, key, speed)


def _check_writable(option: str, path: Path) -> None:
    """End the command when ``path`` cannot be written: simulating takes minutes, and nothing would be left of them."""
    is_writable = os.access(path, os.W_OK) if path.exists() else os.access(path.parent, os.W_OK | os.X_OK)
    if not is_writable:
        fail(
            f"{path} cannot be written",
            f"name a file with {option} in a folder that is there and that you may write to",
            exit_code=2,
        )


def _families(attacks: str) -> frozenset[str]:
    if attacks in ("all", "none"):
        return frozenset()
    wanted = frozenset(name.strip() for name in attacks.split(","))
    if unknown := sorted(wanted - set(_NAMES)):
        fail(f"there is no attack named {', '.join(unknown)}", f"choose among: all, none, {', '.join(_NAMES)}", exit_code=2)
    return wanted


def _days_ago(days: int) -> int:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return (now_ms // DAY_MS - days) * DAY_MS


def _shown(simulation: Simulation, totals: _Totals, lines: dict[int, list[int]], *, is_quiet: bool) -> Iterator[Event]:
    """Yield the events while a progress bar shows the days, and note the numbers of those that belong to a campaign."""
    campaign_of = simulation.ledger.campaign_of
    with progress_bar(is_quiet=is_quiet) as progress:
        task = progress.add_task("Simulating days", total=simulation.plan.days)
        for event in simulation.events():
            totals.events += 1
            campaign = campaign_of.get(event.event_id)
            if campaign is not None:
                lines.setdefault(campaign, []).append(totals.events)
            yield event
            progress.update(task, completed=simulation.day)
        progress.update(task, completed=simulation.plan.days)


def _deliver(events: Iterator[Event], target: Path | _Server, totals: _Totals) -> None:
    if isinstance(target, Path):
        with target.open("wb") as file:
            _write(events, file)
        return
    with ApiClient(target.url, target.key) as client:
        require_backfill(client)
        _send(events, client, totals, target.speed)


def _write(events: Iterator[Event], file: BinaryIO) -> None:
    file.writelines(_ENCODER.encode(collect_body(event)) + b"\n" for event in events)


def _send(events: Iterator[Event], client: ApiClient, totals: _Totals, speed: float | None) -> None:
    started, first_ms = time.monotonic(), None
    while batch := list(islice(events, BATCH_EVENTS)):
        if speed is not None:
            first_ms = first_ms or batch[0].received_at_ms
            due_s = (batch[-1].received_at_ms - first_ms) / 1000 / speed
            time.sleep(max(0.0, started + due_s - time.monotonic()))
        bodies: list[dict[str, Any]] = [collect_body(event) for event in batch]
        answer = client.send_batch(bodies)
        totals.accepted += answer["queued"]
        totals.rejected += len(answer.get("errors", []))


def _report(totals: _Totals, simulation: Simulation, labels: Path | None, seconds: float, *, as_json: bool) -> None:
    campaigns = simulation.ledger.campaigns
    attacks_count = sum(campaign.is_attack for campaign in campaigns)
    if as_json:
        print_json(
            {
                "events": totals.events,
                "accepted": totals.accepted,
                "rejected": totals.rejected,
                "attacks": attacks_count,
                "benign_campaigns": len(campaigns) - attacks_count,
                "labels": str(labels) if labels is not None else None,
                "seconds": round(seconds, 3),
            }
        )
        return
    sent = f", {totals.accepted:,} accepted, {totals.rejected:,} refused" if totals.accepted or totals.rejected else ""
    out.print(f"{totals.events:,} events in {seconds:.1f} s ({totals.events / seconds:,.0f}/s){sent}.")
    where = f"; which events they are stands in {labels}" if labels is not None else ""
    out.print(f"{attacks_count} attacks and {len(campaigns) - attacks_count} benign events that look like some{where}.")
