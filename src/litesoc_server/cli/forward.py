"""`litesoc forward`: pass events and alerts on to other systems."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.audit.by import By
from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.events.envelope import Environment

if TYPE_CHECKING:
    from litesoc_server.forwarding.models import Forwarder
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="Pass events and alerts on to SIEMs and collectors.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or id, as `litesoc forward list` shows it.")]
IsTest = Annotated[bool, typer.Option("--test", help="Of the test environment.")]


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="http, splunk_hec or syslog.")],
    name: Annotated[str, typer.Option("--name", help="How lists call it.")],
    setting: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="name=value: url, token, address, format, host, ca_pem; @file reads the value. Repeat it.",
            show_default=False,
        ),
    ],
    what: Annotated[str, typer.Option("--what", help="events, alerts or both.")] = "both",
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="Of events; repeat it. Else all.", show_default=False)
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Of events, e.g. auth; repeat it.", show_default=False)
    ] = None,
    is_test: IsTest = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Pass on what comes in from now on."""
    settings = dict(_setting(one) for one in setting)
    organization = open_organization(org, data_dir)
    from litesoc_server.forwarding.changes import add_forwarder  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.forwarder_settings import ForwarderRefused  # noqa: PLC0415 # needs Django set up

    try:
        made = add_forwarder(
            organization,
            _environment(is_test=is_test),
            kind=kind,
            name=name,
            settings=settings,
            what=what,
            severities=severity or (),
            categories=category or (),
            store_now_s=int(time.time()),  # a running server has the store; its clock is this machine's, or close to it
            by=By.operator(),
        )
    except ForwarderRefused as refused:
        fail(f"{refused.field}: {refused.text}", "correct it; nothing was added")
    _print([made], as_json=as_json)


@app.command()
def edit(
    name: Name,
    new_name: Annotated[
        str | None, typer.Option("--name", help="How lists call it from now on.", show_default=False)
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value; what is left out stays. Repeat it.", show_default=False),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option("--unset", help="A setting to remove, such as token. Repeat it.", show_default=False),
    ] = None,
    what: Annotated[str | None, typer.Option("--what", help="events, alerts or both.", show_default=False)] = None,
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="Of events; repeat it.", show_default=False)
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Of events; repeat it.", show_default=False)
    ] = None,
    is_test: IsTest = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Change what is given, and try again at once where it failed."""
    settings = dict(_setting(one) for one in setting or ())
    forwarder = _found(open_organization(org, data_dir), name, is_test=is_test)
    from litesoc_server.forwarding.changes import change_forwarder  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.forwarder_settings import ForwarderRefused  # noqa: PLC0415 # needs Django set up

    try:
        changed = change_forwarder(
            forwarder,
            by=By.operator(),
            name=new_name,
            settings=settings or None,
            unset=unset or (),
            what=what,
            severities=severity,
            categories=category,
        )
    except ForwarderRefused as refused:
        fail(f"{refused.field}: {refused.text}", "correct it; nothing was changed")
    _print([changed], as_json=as_json)


@app.command("list")
def list_forwarders(is_test: IsTest = False, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List forwarders with how far they have come."""
    organization = open_organization(org, data_dir)
    from litesoc_server.forwarding.access import visible_forwarders  # noqa: PLC0415 # needs Django set up

    _print(list(visible_forwarders(organization, _environment(is_test=is_test))), as_json=as_json)


@app.command("test")
def try_out(name: Name, is_test: IsTest = False, org: Org = None, data_dir: DataDir = None) -> None:
    """Send one event of our own now."""
    forwarder = _found(open_organization(org, data_dir), name, is_test=is_test)
    from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.changes import send_test  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.kinds import SendFailed  # noqa: PLC0415 # needs Django set up

    try:
        event_id = send_test(forwarder)
    except SendFailed as error:
        fail(str(error), "change its settings, or what stands between")
    except (SecretUnreadable, KeysUnusable):
        fail("its settings cannot be decrypted", "enter all of them again with `litesoc forward edit --set`")
    out.print(f"Sent: look for the event {event_id} on the other side.")


@app.command()
def rejected(name: Name, is_test: IsTest = False, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the newest records that the other side would not take: they were passed over."""
    forwarder = _found(open_organization(org, data_dir), name, is_test=is_test)
    from litesoc_server.forwarding.access import visible_rejected  # noqa: PLC0415 # needs Django set up

    rows = [
        {"record_id": one.record_id, "reason": one.reason, "at": one.at.isoformat()} for one in visible_rejected(forwarder)
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print(f"{shown(forwarder.name)} rejected nothing.")
        return
    table = Table("When", "Record", "Reason", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["at"][:19].replace("T", " "), shown(row["record_id"]), shown(row["reason"]))
    out.print(table)


@app.command()
def pause(name: Name, is_test: IsTest = False, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Stop sending for a while; nothing is lost."""
    _set_paused(name, org, data_dir, is_test=is_test, is_paused=True, as_json=as_json)


@app.command()
def resume(name: Name, is_test: IsTest = False, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Go on where it was paused."""
    _set_paused(name, org, data_dir, is_test=is_test, is_paused=False, as_json=as_json)


@app.command()
def remove(name: Name, is_test: IsTest = False, org: Org = None, data_dir: DataDir = None) -> None:
    """Remove a forwarder: nothing more is sent. `litesoc forward restore` brings it back within an hour."""
    forwarder = _found(open_organization(org, data_dir), name, is_test=is_test)
    from litesoc_server.forwarding.changes import remove_forwarder  # noqa: PLC0415 # needs Django set up

    remove_forwarder(forwarder, by=By.operator())
    out.print(f"Removed {shown(forwarder.name)}. `litesoc forward restore {forwarder.id}` brings it back within an hour.")


@app.command()
def restore(name: Name, is_test: IsTest = False, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Bring back a forwarder that was removed within the last hour; it goes on where it stood."""
    organization = open_organization(org, data_dir)
    from litesoc_server.forwarding.access import removed_forwarder  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.changes import restore_forwarder  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.forwarder_settings import ForwarderRefused  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.models import Forwarder  # noqa: PLC0415 # needs Django set up

    try:
        removed = removed_forwarder(organization, _environment(is_test=is_test), name)
        _print([restore_forwarder(removed, by=By.operator())], as_json=as_json)
    except Forwarder.DoesNotExist:
        fail(f"no forwarder {name!r} was removed within the last hour", "add it again with `litesoc forward add`")
    except ForwarderRefused as refused:
        fail(f"{refused.field}: {refused.text}", "rename or remove that one, then try again")


def _set_paused(name: str, org: Org, data_dir: DataDir, *, is_test: bool, is_paused: bool, as_json: bool) -> None:
    forwarder = _found(open_organization(org, data_dir), name, is_test=is_test)
    from litesoc_server.forwarding.changes import change_forwarder  # noqa: PLC0415 # needs Django set up

    _print([change_forwarder(forwarder, by=By.operator(), is_paused=is_paused)], as_json=as_json)


def _found(organization: "Organization", name: str, *, is_test: bool) -> "Forwarder":
    from litesoc_server.forwarding.access import forwarder_by_name  # noqa: PLC0415 # needs Django set up
    from litesoc_server.forwarding.models import Forwarder  # noqa: PLC0415 # needs Django set up

    try:
        return forwarder_by_name(organization, _environment(is_test=is_test), name)
    except Forwarder.DoesNotExist:
        fail(
            f"there is no forwarder {name!r}",
            "`litesoc forward list` shows their names; --test those of the test environment",
        )


def _environment(*, is_test: bool) -> Environment:
    return Environment.TEST if is_test else Environment.LIVE


def _setting(text: str) -> tuple[str, str]:
    """Read name=value, or name=@file, which keeps a secret off the command line."""
    name, equals, value = text.partition("=")
    if not equals:
        fail(f"--set {name}: there is no value", "write --set name=value")
    if not value.startswith("@"):
        return name, value
    try:
        with open(value[1:], encoding="utf-8") as file:  # noqa: PTH123 # what somebody typed, as it is
            return name, file.read().strip()
    except (OSError, UnicodeDecodeError):
        fail(f"--set {name}: the file cannot be read", "give the path of a text file that you may read")


def _print(forwarders: "list[Forwarder]", *, as_json: bool) -> None:
    rows = [_row(forwarder) for forwarder in forwarders]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There are no forwarders: add one with `litesoc forward add`.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Name", "Kind", "What", "State", "Sent", "Rejected", "Last sent", "Last error"):
        table.add_column(column, overflow="fold")
    for row in rows:
        last = (row["last_sent_at"] or "")[:19].replace("T", " ")
        error = row["last_error"] if row["state"] == "failing" else ""
        counts = f"{row['sent_count']:,}", f"{row['rejected_count']:,}"
        cells = (row["name"], row["kind"], row["what"], row["state"], *counts, last, error)
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


def _row(forwarder: "Forwarder") -> dict[str, Any]:
    from django.utils import timezone  # noqa: PLC0415 # needs Django set up

    from litesoc_server.forwarding.access import lag_of, state_of  # noqa: PLC0415 # needs Django set up

    now = timezone.now()
    return {
        "id": str(forwarder.id),
        "name": forwarder.name,
        "kind": forwarder.kind,
        "what": forwarder.what,
        "severities": forwarder.severities,
        "categories": forwarder.categories,
        "environment": forwarder.environment,
        "state": state_of(forwarder, now),
        "lag_seconds": max(0, int(lag_of(forwarder, now).total_seconds())),
        "sent_count": forwarder.sent_count,
        "rejected_count": forwarder.rejected_count,
        "last_sent_at": None if forwarder.last_sent_at is None else forwarder.last_sent_at.isoformat(),
        "last_error": forwarder.last_error,
    }
