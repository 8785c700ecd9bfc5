"""`litesoc keys`: create, list and revoke API keys."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)

Org = Annotated[
    str | None,
    typer.Option("--org", help="Slug or id of the organisation; needed only when there are several.", show_default=False),
]


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is for; shown in lists and histories.")],
    scope: Annotated[
        str, typer.Option("--scope", help="What it may do, separated by commas: ingest, read, manage, backfill.")
    ] = "ingest",
    environment: Annotated[Environment, typer.Option("--environment", help="Events of test keys are kept apart.")] = (
        Environment.LIVE
    ),
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create an API key and show it, this once."""
    scopes = _scopes(scope)
    organization = open_organization(org, data_dir)
    from django.core.exceptions import ValidationError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.apikeys.services import issue_key  # noqa: PLC0415 # needs Django set up

    try:
        key = issue_key(org=organization, name=name, scopes=scopes, environment=environment)
    except ValidationError as error:
        fail(" ".join(error.messages), "say what the key is for, e.g. --name shop")
    if as_json:
        print_json({"id": str(key.record.id), "api_key": key.secret})
        return
    out.print(f"[bold]{key.secret}[/]")
    out.print(f"[dim]id {key.record.id}, scopes {', '.join(sorted(scopes))}. Keep it now: it is not shown again.[/]")


@app.command("list")
def list_keys(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the keys with what they may do. The keys themselves are not stored."""
    _prepare(data_dir)
    from litesoc_server.apikeys.selectors import keys_for_operator  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Organization  # noqa: PLC0415 # needs Django set up

    try:
        keys = keys_for_operator(org)
    except Organization.DoesNotExist as error:
        fail(str(error), "`litesoc keys list` without --org shows the keys of all")
    rows = [
        {
            "id": str(key.id),
            "org": key.org.slug,
            "name": key.name,
            "prefix": key.prefix,
            "scopes": sorted(key.scopes),
            "environment": key.environment,
            "created_at": key.created_at.isoformat(),
            "state": key.state,
        }
        for key in keys
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There are no keys. Create one: litesoc keys create --name NAME")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Id", no_wrap=True)  # whole on one line, so that it can be copied to `keys revoke`
    for column in ("Org", "Name", "Begins with", "Scopes", "State"):
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = (
            row["id"],
            row["org"],
            row["name"],
            row["prefix"],
            ", ".join(row["scopes"]),
            row["state"],
        )
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `litesoc keys list` shows it.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Revoke a key for good. Servers stop accepting it within 5 seconds."""
    _prepare(data_dir)
    from litesoc_server.apikeys.access import key_for_operator  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.models import ApiKey  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.services import revoke_key  # noqa: PLC0415 # needs Django set up

    try:
        key = key_for_operator(key_id)
    except ApiKey.DoesNotExist:
        fail(f"there is no key with the id {key_id}", "`litesoc keys list` shows the ids")
    revoke_key(key)
    if as_json:
        print_json({"id": str(key.id), "state": "revoked"})
    else:
        out.print(f"Key {shown(key.name)} is revoked.")


def open_organization(org: str | None, data_dir: DataDir) -> "Organization":
    """Return the organisation that a command is for, from a control database that is up to date; else end the command."""
    _prepare(data_dir)
    from litesoc_server.orgs.access import organization_for_operator  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Organization  # noqa: PLC0415 # needs Django set up

    try:
        return organization_for_operator(org)
    except (Organization.DoesNotExist, Organization.MultipleObjectsReturned) as error:
        fail(str(error), "give --org with one of the slugs of `litesoc keys list`, or run `litesoc init` first")


def _scopes(text: str) -> frozenset[Scope]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(Scope)]
    if unknown or not names:
        fail(
            f"--scope {text!r}: {', '.join(unknown) or 'nothing'} is not a scope",
            f"use one or more of {', '.join(Scope)}, separated by commas",
        )
    return frozenset(Scope(name) for name in names)


def _prepare(data_dir: DataDir) -> None:
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
