"""`litesoc notify`: channels, added and removed, a test of each, the delivery log, sending again, silence for a while."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.durations import DurationUnreadable, duration_ms
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.cli.policy import operator

if TYPE_CHECKING:
    from litesoc_server.notify.models import Channel, Delivery
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="Say where alerts go, test it, and see what was delivered.", no_args_is_help=True)

ChannelName = Annotated[str, typer.Argument(help="Name or id of a channel, as `litesoc notify channels` shows it.")]
DELIVERIES_MAX = 1_000
_ANYTHING_ELSE = "correct it; nothing was changed"


@app.command()
def channels(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List channels and how they are."""
    organization = open_organization(org, data_dir)
    from litesoc_server.notify.access import pending_counts, visible_channels  # noqa: PLC0415 # needs Django set up

    pending = pending_counts(organization)
    rows = [_channel_row(channel, pending.get(channel.pk, 0)) for channel in visible_channels(organization)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There are no channels; `litesoc notify add --help` says how to add one.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Name", "Kind", "Health", "Waiting", "Last success", "Last failure"):
        table.add_column(column, overflow="fold")
    for row in rows:
        failure = f"{(row['last_failure_at'] or '')[:16]} {row['last_failure']}".strip()
        cells = (row["name"], row["kind"], row["health"], row["pending_count"], (row["last_success_at"] or "")[:16], failure)
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


@app.command()
def add(
    name: Annotated[str, typer.Option("--name", help="How people call it.")],
    kind: Annotated[str, typer.Option("--kind", help="webhook, email, slack, …")] = "webhook",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the kind: url=https://… Give it again for each.", show_default=False),
    ] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Add a channel. It hears of live alerts of medium severity and above."""
    organization = open_organization(org, data_dir)
    from litesoc_server.notify.channel_changes import add_channel, webhook_secret  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.refusals import NotifyRefused  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.plan_gates import PlanRestricted  # noqa: PLC0415 # needs Django set up

    try:
        made = add_channel(organization, kind=kind, name=name, settings=_settings(setting or []), who=operator())
    except NotifyRefused as refused:
        fail(f"{refused.field}: {refused.text}", _ANYTHING_ELSE)
    except PlanRestricted as restricted:
        fail(str(restricted), "`litesoc orgs plan` changes the plan")
    secret = webhook_secret(made) if kind == "webhook" else None
    if as_json:
        print_json({**_channel_row(made, 0), "webhook_secret": secret})
        return
    out.print(f"Channel {shown(made.name)} is added. Try it: litesoc notify test {shown(_quoted(made.name))}")
    if secret is not None:
        out.print(f"What it sends is signed; its receiver verifies that with this secret: {secret}")


@app.command("test")
def try_out(channel: ChannelName, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Send a test message through a channel now, and say what came of it."""
    found = _channel(open_organization(org, data_dir), channel)
    from litesoc_server.notify.send_test import send_test  # noqa: PLC0415 # needs Django set up

    row = send_test(found)
    if as_json:
        print_json({"is_success": row.is_success, "status": row.status, "error": row.error, "answer": row.answer})
    elif row.is_success:
        out.print(f"Delivered in {row.duration_ms} ms.")
    if not row.is_success:
        fail(f"the test did not arrive: {row.error}", "correct the channel's settings, or what receives it")


@app.command()
def deliveries(
    channel: Annotated[str | None, typer.Option("--channel", help="Only of this one.", show_default=False)] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="pending, delivered, failed or cancelled.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Rows, the newest.", min=1, max=DELIVERIES_MAX)] = 20,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List what was sent, and what is to be."""
    organization = open_organization(org, data_dir)
    from litesoc_server.notify.access import visible_deliveries  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.models import DeliveryStatus  # noqa: PLC0415 # needs Django set up

    try:
        wanted = None if status is None else DeliveryStatus(status)
    except ValueError:
        fail(f"--status: {status} is none", f"use one of {', '.join(DeliveryStatus.values)}")
    of_channel = None if channel is None else _channel(organization, channel)
    rows = [_delivery_row(one) for one in visible_deliveries(organization, channel=of_channel, status=wanted)[:limit]]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There are no deliveries.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Id", no_wrap=True)  # whole on one line, so that it can be copied to `notify replay`
    for column in ("Created", "Channel", "Occasion", "Status", "Attempts", "Why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        names = ("id", "created_at", "channel", "occasion", "status", "attempts_count", "reason")
        table.add_row(*(shown(str(row[one])[:19] if one == "created_at" else str(row[one])) for one in names))
    out.print(table)


@app.command()
def replay(
    delivery: Annotated[str | None, typer.Argument(help="Id of one delivery.", show_default=False)] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help="All that failed through this one.", show_default=False)
    ] = None,
    since: Annotated[str, typer.Option("--since", help="How far back: 2h, 3d.")] = "3d",
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Send one delivery again, or all that failed through a channel: the same messages with the same ids."""
    organization = open_organization(org, data_dir)
    from litesoc_server.notify import replay as replaying  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.access import get_delivery  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.models import Delivery  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.refusals import NotifyRefused  # noqa: PLC0415 # needs Django set up

    if (delivery is None) == (channel is None):
        fail("it is not clear what to send again", "give the id of a delivery, or --channel")
    try:
        if delivery is not None:
            replaying.replay(get_delivery(organization, delivery), who=operator())
            count = 1
        else:
            count = replaying.replay_failed(
                _channel(organization, channel or ""), since=_moment(since, is_past=True), who=operator()
            )
    except Delivery.DoesNotExist:
        fail(f"there is no delivery with the id {delivery}", "`litesoc notify deliveries` shows the ids")
    except NotifyRefused as refused:
        fail(refused.text, _ANYTHING_ELSE)
    out.print(f"{count} {'delivery is' if count == 1 else 'deliveries are'} sent again by the running server.")


@app.command()
def mute(
    channel: ChannelName,
    lasts: Annotated[str, typer.Option("--for", help="How long: 2h, 7d; 0h ends it.")],
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Mute a channel for a while. What happens meanwhile is not told later. Escalations reach it all the same."""
    found = _channel(open_organization(org, data_dir), channel)
    from litesoc_server.notify.refusals import NotifyRefused  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.route_changes import mute_channel  # noqa: PLC0415 # needs Django set up

    until = None if lasts.rstrip("smhd") == "0" else _moment(lasts, is_past=False)
    try:
        mute_channel(found, until, who=operator())
    except NotifyRefused as refused:
        fail(refused.text, _ANYTHING_ELSE)
    out.print("It speaks again." if until is None else f"It is muted until {until:%Y-%m-%d %H:%M} UTC, but for escalations.")


@app.command("rotate-secret")
def rotate_secret(channel: ChannelName, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give a webhook another secret. The one before signs as well for 24 hours."""
    found = _channel(open_organization(org, data_dir), channel)
    from litesoc_server.notify.channel_changes import rotate_webhook_secret  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.refusals import NotifyRefused  # noqa: PLC0415 # needs Django set up

    try:
        secret = rotate_webhook_secret(found, who=operator())
    except NotifyRefused as refused:
        fail(refused.text, _ANYTHING_ELSE)
    if as_json:
        print_json({"webhook_secret": secret})
    else:
        out.print(f"The new secret: {secret}")


@app.command()
def remove(channel: ChannelName, org: Org = None, data_dir: DataDir = None) -> None:
    """Remove a channel with its routes and rules. `litesoc notify restore` brings it back within an hour."""
    found = _channel(open_organization(org, data_dir), channel)
    from litesoc_server.notify.channel_changes import remove_channel  # noqa: PLC0415 # needs Django set up

    remove_channel(found, who=operator())
    out.print(f"Removed {shown(found.name)}. `litesoc notify restore {found.id}` brings it back within an hour.")


@app.command()
def restore(channel: ChannelName, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Bring back a channel that was removed within the last hour. What it missed meanwhile can be replayed."""
    organization = open_organization(org, data_dir)
    from litesoc_server.notify.access import pending_counts, removed_channel  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.channel_changes import restore_channel  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.models import Channel  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.refusals import NotifyRefused  # noqa: PLC0415 # needs Django set up

    try:
        restored = restore_channel(removed_channel(organization, channel), who=operator())
    except Channel.DoesNotExist:
        fail(f"no channel {channel!r} was removed within the last hour", "add it again with `litesoc notify add`")
    except NotifyRefused as refused:
        fail(f"{refused.field}: {refused.text}", "rename or remove that one, then try again")
    if as_json:
        print_json(_channel_row(restored, pending_counts(organization).get(restored.pk, 0)))
    else:
        out.print(f"{shown(restored.name)} is back, with its routes and rules.")


def _channel(organization: "Organization", name_or_id: str) -> "Channel":
    from litesoc_server.notify.access import channel_by_name  # noqa: PLC0415 # needs Django set up
    from litesoc_server.notify.models import Channel  # noqa: PLC0415 # needs Django set up

    try:
        return channel_by_name(organization, name_or_id)
    except Channel.DoesNotExist:
        fail(f"there is no channel {name_or_id}", "`litesoc notify channels` shows them")


def _settings(given: list[str]) -> dict[str, str]:
    settings = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            fail(f"--set {name}: the value is missing", "write it as --set name=value")
        settings[name.strip()] = value
    return settings


def _moment(text: str, *, is_past: bool) -> datetime:
    try:
        step = timedelta(milliseconds=duration_ms(text))
        return datetime.now(UTC) - step if is_past else datetime.now(UTC) + step
    except DurationUnreadable as error:
        fail(str(error), "write it as 90m, 12h or 7d")
    except OverflowError:
        fail(f"{text} is too long", "write 366d or less")


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _channel_row(channel: "Channel", pending_count: int) -> dict[str, Any]:
    success, failure = channel.last_success_at, channel.last_failure_at
    return {
        "id": str(channel.pk),
        "name": channel.name,
        "kind": channel.kind,
        "health": channel.health,
        "disabled_reason": channel.disabled_reason,
        "pending_count": pending_count,
        "left_out_count": channel.left_out_count,
        "last_success_at": None if success is None else success.isoformat(),
        "last_failure_at": None if failure is None else failure.isoformat(),
        "last_failure": channel.last_failure,
    }


def _delivery_row(delivery: "Delivery") -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "created_at": delivery.created_at.isoformat(),
        "channel": delivery.channel.name,
        "occasion": delivery.notification.occasion,
        "status": delivery.status,
        "attempts_count": delivery.attempts_count,
        "reason": delivery.reason,
    }
