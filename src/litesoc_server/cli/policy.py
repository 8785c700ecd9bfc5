"""`litesoc policy`: what an organisation's detectors go by, straight in the control database."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.durations import DurationUnreadable
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.cli.setting_text import allowed_entry, read_value, shown_value

if TYPE_CHECKING:
    from litesoc_server.orgs.principals import Who

app = typer.Typer(help="Show and change what the detectors go by.", no_args_is_help=True)

Note = Annotated[str | None, typer.Option("--note", help="Why; kept in the history.", show_default=False)]
HISTORY_SHOWN = 20
_IN_FORCE = "In force within 5 seconds."


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="A setting, or the beginning of names.", show_default=False)] = None,
    only_changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the defaults.")] = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show every setting with its value, its default and what it may be."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.policy_view import policy_view  # noqa: PLC0415 # needs Django set up

    view = policy_view(organization)
    rows: list[dict[str, Any]] = [
        {
            "name": found.setting.name,
            "value": found.value,
            "default": found.setting.default,
            "is_overridden": found.is_overridden,
            "must_be": found.setting.rule,
            "description": found.setting.description,
        }
        for found in view.settings
        if found.setting.name.startswith(name or "") and (found.is_overridden or not only_changed)
    ]
    if name is not None and not rows and not only_changed:
        _fail_with_unknown(name)
    if as_json:
        not_in_force = [{"name": problem.setting, "problem": problem.text} for problem in view.problems]
        print_json({"version": view.version, "settings": rows, "not_in_force": not_in_force})
        return
    out.print(f"Policy of [bold]{shown(organization.name)}[/], version {view.version}")
    out.print(_table(rows) if rows else "Everything is at its default.")
    if len(rows) == 1:
        out.print(f"It must be {shown(str(rows[0]['must_be']))}.")
    for problem in view.problems:
        out.print(f"[yellow]Not in force:[/] {shown(problem.text)}")


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Setting", no_wrap=True)
    for column in ("Value", "Default", "Meaning"):
        table.add_column(column, overflow="fold")
    for row in rows:
        value, default = (shown(shown_value(row["name"], row[side])) for side in ("value", "default"))
        mark = f"[bold]{value}[/]" if row["is_overridden"] else value
        table.add_row(shown(row["name"]), mark, default, shown(row["description"]))
    return table


@app.command("set")
def set_values(
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE…", help="Times as 90s, 10m, 2h or 30d; lists with commas, or anything as JSON."),
    ],
    note: Note = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Change settings: all of them, or none when one is wrong."""
    changes = dict(_assignment(text) for text in assignments)
    _change(changes, note=note, org=org, data_dir=data_dir, as_json=as_json)


@app.command()
def reset(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Settings.")],
    note: Note = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put settings back to their defaults."""
    _change(dict.fromkeys(names), note=note, org=org, data_dir=data_dir, as_json=as_json)


@app.command()
def allow(
    entries: Annotated[
        list[str], typer.Argument(metavar="ENTRY…", help="Addresses, CIDR ranges, networks such as AS64500.")
    ],
    is_actor: Annotated[bool, typer.Option("--actor", help="The entries are ids of actors.")] = False,
    is_user_agent: Annotated[bool, typer.Option("--user-agent", help="The entries are beginnings of user agents.")] = False,
    is_removal: Annotated[bool, typer.Option("--remove", help="Take them off the list.")] = False,
    note: Note = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Have detectors pass over what comes from these addresses, networks, actors or programs."""
    if is_actor and is_user_agent:
        fail("--actor and --user-agent were both given", "allow actors and user agents one after the other")
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.policy_changes import stored_policy  # noqa: PLC0415 # needs Django set up

    stored = stored_policy(organization)
    changes: dict[str, Any] = {}
    for entry in entries:
        setting, value = ("allowed_actors", entry) if is_actor else allowed_entry(entry, is_user_agent=is_user_agent)
        before = changes.get(setting, stored.overrides.get(setting, []))
        if is_removal and value not in before:
            fail(f"{entry} is not on the list {setting}", f"`litesoc policy show {setting}` shows it")
        changes[setting] = [one for one in before if one != value] if is_removal else [*before, value]
    _change(changes, note=note, org=org, data_dir=data_dir, as_json=as_json, version=stored.version)


@app.command()
def history(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show who changed what, newest first."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.access import policy_history  # noqa: PLC0415 # needs Django set up

    changes = list(policy_history(organization)[:HISTORY_SHOWN])
    if as_json:
        print_json(
            [
                {
                    "version": change.version,
                    "changed_at": change.at.isoformat(),
                    "changed_by": change.by,
                    "principal": change.principal,
                    "note": change.note,
                    "changes": change.changes,
                }
                for change in changes
            ]
        )
        return
    if not changes:
        out.print("Nobody has changed the policy.")
    for change in changes:
        # A client says freely who decided, so the one that the server knows stands beside it.
        who = f"{shown(change.by)} ({shown(change.principal)})"
        out.print(f"[bold]{change.version}[/]  {change.at:%Y-%m-%d %H:%M:%S} UTC  {who}")
        if change.note:
            out.print(f"    {shown(change.note)}")
        for one in change.changes:
            before, after = (shown_value(one["setting"], one[side]) for side in ("before", "after"))
            out.print(f"    {shown(one['setting'])}: {shown(before)} → {shown(after)}")


def operator() -> "Who":
    """Return who sits at the command line."""
    from litesoc_server.orgs.principals import Who  # noqa: PLC0415 # its package needs Django set up

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        name = "operator"
    return Who(by=name, principal="operator")


def _change(
    changes: dict[str, Any],
    *,
    note: str | None,
    org: str | None,
    data_dir: Path | None,
    as_json: bool,
    version: int | None = None,
) -> None:
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.policy_changes import (  # noqa: PLC0415 # needs Django set up
        NOTE_LENGTH_MAX,
        PolicyConflict,
        change_policy,
        stored_policy,
    )
    from litesoc_server.orgs.policy_values import PolicyInvalid  # noqa: PLC0415 # needs Django set up

    if note is not None and len(note) > NOTE_LENGTH_MAX:
        fail(f"--note has {len(note):,} characters", f"say it in {NOTE_LENGTH_MAX:,}")
    before = stored_policy(organization).version
    try:
        after = change_policy(organization, changes, who=operator(), expected_version=version, note=note)
    except PolicyInvalid as error:
        fail("\n".join(problem.text for problem in error.problems), "correct it; nothing was changed")
    except PolicyConflict as error:
        fail(str(error), "run the command again")
    if as_json:
        print_json({"version": after.version, "overrides": after.overrides})
    elif after.version == before:
        out.print(f"Nothing to change: the policy of {shown(organization.name)} stays at version {after.version}.")
    else:
        out.print(f"The policy of {shown(organization.name)} is at version {after.version}. {_IN_FORCE}")


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        fail(f"{text!r} is no change of a setting", "write NAME=VALUE, e.g. history_count=5")
    name = name.strip()
    try:
        return name, read_value(name, value.strip())
    except DurationUnreadable as error:
        fail(f"{name}: {error}", "write it with its unit, as 90s, 10m, 2h or 30d, or as a number of milliseconds")


def _fail_with_unknown(name: str) -> None:
    from litesoc_server.orgs.policy_values import PolicyInvalid, require_settings  # noqa: PLC0415 # needs Django set up

    try:
        require_settings([name])
    except PolicyInvalid as error:
        fail(str(error), "`litesoc policy show` lists all settings")
