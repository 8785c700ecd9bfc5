"""`litesoc orgs`: the organisations of this server."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.keys import open_organization
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="List, create, rename, empty and delete organisations.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="Slug or id of the organisation.", show_default=False)]


@app.command("list")
def list_orgs(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List all organisations."""
    _prepare(data_dir)
    from litesoc_server.orgs.overview import organizations_for_operator  # noqa: PLC0415 # needs Django set up

    rows = [
        {
            "id": str(one.org.pk),
            "slug": one.org.slug,
            "name": one.org.name,
            "plan": one.org.plan,
            "members": one.members_count,
            "state": one.state,
            "deletion_due_at": one.org.deletion_due_at.isoformat() if one.org.deletion_due_at else None,
        }
        for one in organizations_for_operator()
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There is no organisation yet. Create the first one and its owner: litesoc init")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Slug", "Name", "Plan", "Members", "State"):
        table.add_column(column, overflow="fold")
    for row in rows:
        state = f"{row['state']} on {row['deletion_due_at']}" if row["deletion_due_at"] else row["state"]
        table.add_row(*(shown(str(cell)) for cell in (row["slug"], row["name"], row["plan"], row["members"], state)))
    out.print(table)


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="Name of the organisation.")],
    owner: Annotated[str, typer.Option("--owner", help="E-mail address of its owner, who has an account already.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create a further organisation. `litesoc init` also creates an owner and a key."""
    _prepare(data_dir)
    from django.core.exceptions import ValidationError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.accounts.selectors import is_registered  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.services import create_organization  # noqa: PLC0415 # needs Django set up

    if not is_registered(owner):
        fail(f"nobody signs in with {owner}", "`litesoc init` creates an organisation together with its owner")
    try:
        org = create_organization(name=name, owner_email=owner, password=None).organization
    except ValidationError as error:
        fail(" ".join(error.messages), "correct the value; nothing was created")
    _say(org, f"Organisation {shown(org.name)} is ready ({org.slug}).", as_json=as_json)


@app.command()
def rename(org: Slug, name: Annotated[str, typer.Option("--name")], data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give an organisation another name. Its slug and id stay."""
    organization = open_organization(org, data_dir)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.organization_changes import (  # noqa: PLC0415 # needs Django set up
        OrganizationRefused,
        rename_organization,
    )

    try:
        rename_organization(organization, name, by=By.operator())
    except OrganizationRefused as refusal:
        fail(str(refusal), "choose another name")
    _say(organization, f"It is called {shown(organization.name)} now.", as_json=as_json)


@app.command()
def delete(
    org: Slug,
    confirm: Annotated[str, typer.Option("--confirm", help="The organisation's name, so that you are sure.")],
    now: Annotated[bool, typer.Option("--now", help="Without the grace period; this cannot be taken back.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Refuse its keys at once, and remove everything of it after seven days."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.deletion import GRACE, schedule_deletion  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.member_changes import Acting  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.organization_changes import OrganizationRefused  # noqa: PLC0415 # needs Django set up

    grace = timedelta(0) if now else GRACE
    try:
        due_at = schedule_deletion(organization, typed_name=confirm, acting=Acting.operator(), grace=grace)
    except OrganizationRefused as refusal:
        fail(str(refusal), f"its name is {organization.name!r}")
    text = f"{shown(organization.name)} is removed on {due_at:%Y-%m-%d %H:%M} UTC or soon after, by a running server."
    _say(organization, text, as_json=as_json)
    if not now and not as_json:
        err.print(f"Until then: litesoc orgs undelete {shown(organization.slug)}")


@app.command("empty-test")
def empty_test(
    org: Slug,
    is_sure: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Remove everything that was sent with test keys. Live events and alerts, keys and settings stay."""
    organization = open_organization(org, data_dir)
    from litesoc_server.alerts.emptying import alerts_count  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.events.envelope import Environment  # noqa: PLC0415 # starts faster without
    from litesoc_server.orgs.emptying import ask_to_empty  # noqa: PLC0415 # needs Django set up

    if not is_sure:
        alerts = alerts_count(organization, Environment.TEST)
        question = f"All test events of {organization.name} and {alerts:,} alerts will be deleted for good. Go on?"
        typer.confirm(shown(question), abort=True, err=True)
    asked_at = ask_to_empty(organization, by=By.operator())
    if as_json:
        print_json({"id": str(organization.pk), "slug": organization.slug, "emptying_asked_at": asked_at.isoformat()})
        return
    out.print(f"A running server empties the test environment of {shown(organization.name)} within minutes.")


@app.command()
def undelete(org: Slug, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Keep an organisation that was to be deleted."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.deletion import cancel_deletion  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.member_changes import Acting  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.organization_changes import OrganizationRefused  # noqa: PLC0415 # needs Django set up

    try:
        cancel_deletion(organization, acting=Acting.operator())
    except OrganizationRefused as refusal:
        fail(str(refusal), "`litesoc orgs list` shows which are about to be deleted")
    _say(organization, f"{shown(organization.name)} stays. Its keys work again within 5 seconds.", as_json=as_json)


def _say(org: "Organization", text: str, *, as_json: bool) -> None:
    if not as_json:
        out.print(text)
        return
    answer: dict[str, Any] = {"id": str(org.pk), "slug": org.slug, "name": org.name}
    due_at = org.deletion_due_at
    print_json({**answer, "deletion_due_at": None if due_at is None else due_at.isoformat()})


def _prepare(data_dir: DataDir) -> None:
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
