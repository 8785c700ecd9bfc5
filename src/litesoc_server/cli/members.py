"""`litesoc members`: who belongs to an organisation, and as what."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.table import Table

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Membership, Organization, Role

app = typer.Typer(help="List, invite, change and remove the members of an organisation.", no_args_is_help=True)

_LOCAL_URL = "http://localhost:8000"  # of `litesoc serve` as it starts without options

Done = TypeVar("Done")

Email = Annotated[str, typer.Argument(help="E-mail address of the person.", show_default=False)]
RoleName = Annotated[str, typer.Option("--role", help="owner, admin, analyst or viewer.")]


@app.command("list")
def list_members(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the members, owners first."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.members import members_of  # noqa: PLC0415 # needs Django set up

    rows = [
        {
            "email": line.user.email,
            "name": line.user.name,
            "role": line.role.value,
            "second_factor": line.has_second_factor,
            "last_seen_at": line.last_seen_at.isoformat() if line.last_seen_at else None,
            "joined_at": line.joined_at.isoformat(),
        }
        for line in members_of(organization)
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("E-mail", "Name", "Role", "Second factor", "Last seen"):
        table.add_column(column, overflow="fold")
    for row in rows:
        factor = "on" if row["second_factor"] else "off"
        cells = (row["email"], row["name"], row["role"], factor, row["last_seen_at"] or "never")
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


@app.command()
def invite(email: Email, role: RoleName, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Invite somebody: send them the link, or print it where no mail server is configured."""
    organization = open_organization(org, data_dir)
    from django.conf import settings  # noqa: PLC0415 # needs Django set up

    from litesoc_server.orgs import invitations  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.invitation_links import link_of, mail_of  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.member_changes import Acting  # noqa: PLC0415 # needs Django set up

    wanted = _role(role)
    issued = _done(lambda: invitations.invite(organization, email, wanted, acting=Acting.operator()))
    link = link_of(issued, base_url=settings.PUBLIC_URL or _LOCAL_URL)
    if settings.IS_MAIL_POSSIBLE:
        try:
            mail_of(issued, inviter="The operator of this server", link=link).send()
        except OSError as error:  # smtplib's errors are such, too
            fail(f"the mail could not be sent ({type(error).__name__})", "check LITESOC_EMAIL_URL, withdraw it, try again")
    answer = {"id": str(issued.invitation.id), "email": issued.invitation.email, "role": wanted.value}
    if as_json:
        print_json({**answer, "link": None if settings.IS_MAIL_POSSIBLE else link})
    elif settings.IS_MAIL_POSSIBLE:
        out.print(f"The invitation is sent to {shown(issued.invitation.email)}.")
    else:
        out.print(link, markup=False)
        err.print(f"Give it to {shown(issued.invitation.email)}: it works once, for {invitations.LASTS.days} days.")
        if not settings.PUBLIC_URL:
            err.print(f"If they reach the server under another address, put that in place of {_LOCAL_URL}.")


@app.command()
def role(email: Email, role: RoleName, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give a member another role."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.member_changes import Acting, change_role  # noqa: PLC0415 # needs Django set up

    found, wanted = _member(organization, email), _role(role)
    _done(lambda: change_role(organization, found.user_id, wanted, acting=Acting.operator()))
    if as_json:
        print_json({"email": found.user.email, "role": wanted.value})
    else:
        out.print(f"{shown(found.user.email)} has the role {wanted.value} now.")


@app.command()
def remove(email: Email, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Take a member out of the organisation. Their account stays."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.member_changes import Acting, remove_member  # noqa: PLC0415 # needs Django set up

    found = _member(organization, email)
    _done(lambda: remove_member(organization, found.user_id, acting=Acting.operator()))
    if as_json:
        print_json({"email": found.user.email, "role": None})
    else:
        out.print(f"{shown(found.user.email)} is no member any more.")


def _done(act: Callable[[], Done]) -> Done:
    from litesoc_server.orgs.member_changes import MemberRefused  # noqa: PLC0415 # needs Django set up

    try:
        return act()
    except MemberRefused as refusal:
        fail(str(refusal), "`litesoc members list` shows who is there")


def _member(org: "Organization", email: str) -> "Membership":
    from litesoc_server.orgs.access import member_by_email  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Membership  # noqa: PLC0415 # needs Django set up

    try:
        return member_by_email(org, email)
    except Membership.DoesNotExist:
        fail(f"{email} is no member of {org.slug}", "`litesoc members list` shows who is there")


def _role(text: str) -> "Role":
    from litesoc_server.orgs.models import Role  # noqa: PLC0415 # needs Django set up

    if text.lower() not in Role.values:
        fail(f"{text!r} is no role", f"use one of {', '.join(Role.values)}")
    return Role(text.lower())
