"""`litesoc accounts`: who signs in, and the way back in for who is locked out."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Confirm
from rich.table import Table

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django

if TYPE_CHECKING:
    from litesoc_server.accounts.models import User

app = typer.Typer(help="List people, and let those back in who are locked out.", no_args_is_help=True)

LISTED_MAX = 10_000
_LOCAL_URL = "http://localhost:8000"  # of `litesoc serve` as it starts without options

Email = Annotated[str, typer.Argument(help="E-mail address the person signs in with.", show_default=False)]


@app.command("list")
def list_accounts(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List everybody who can sign in, with their organisations and second factors."""
    _prepare(data_dir)
    from litesoc_server.accounts.factors import factor_kinds  # noqa: PLC0415 # needs Django set up
    from litesoc_server.accounts.selectors import people_for_operator  # noqa: PLC0415 # needs Django set up

    people = people_for_operator(limit=LISTED_MAX)
    factors = factor_kinds(people)
    rows = [_row(user, factors[user.id]) for user in people]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There is nobody yet. Create the first organisation and its owner: litesoc init")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("E-mail", "Name", "State", "Organisations", "Second factors", "Last sign-in"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            *(
                shown(", ".join(cell) if isinstance(cell, list) else "never" if cell is None else cell)
                for cell in row.values()
            )
        )
    out.print(table)


@app.command("reset-password")
def reset_password(
    email: Email,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Set the first line of standard input as the password, without a link.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Print a link with which the person chooses a new password, once and within an hour."""
    _prepare(data_dir)
    from django.conf import settings  # noqa: PLC0415 # needs Django set up

    from litesoc_server.accounts.reset_links import reset_link  # noqa: PLC0415 # needs Django set up

    user = _person(email)
    if password_stdin:
        _set_password(user)
        return
    _record(user, "PASSWORD_RESET_REQUESTED")
    out.print(reset_link(user, base_url=settings.PUBLIC_URL or _LOCAL_URL), markup=False)
    err.print(f"Give it to {shown(user.email)} over a way that only they read. It works once, for an hour.")
    if not settings.PUBLIC_URL:
        err.print(f"If they reach the server under another address, put that in place of {_LOCAL_URL}.")


@app.command("disable-mfa")
def disable_mfa(
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove somebody's authenticator app, passkeys and recovery codes: the password alone then lets them in."""
    _prepare(data_dir)
    from litesoc_server.accounts.services import disable_second_factors  # noqa: PLC0415 # needs Django set up

    user = _person(email)
    if not yes:
        if not sys.stdin.isatty():
            fail("this removes a protection, so it asks first, and nobody can answer here", "add --yes if you are sure")
        if not Confirm.ask(f"Did {shown(user.email)} ask you for this, and are you sure it was them?", console=err):
            raise typer.Exit(1)
    if disable_second_factors(user):
        _record(user, "MFA_REMOVED")
        out.print(f"{shown(user.email)} signs in with the password alone. Tell them to set up a second factor again.")
    else:
        out.print(f"{shown(user.email)} has no second factor.")


def _row(user: "User", factors: list[str]) -> dict[str, str | list[str] | None]:
    return {
        "email": user.email,
        "name": user.name,
        "state": "active" if user.is_active else "switched off",
        "organizations": [f"{membership.org.slug}: {membership.role}" for membership in user.memberships.all()],
        "second_factors": factors,
        "last_sign_in_at": f"{user.last_login:%Y-%m-%dT%H:%MZ}" if user.last_login else None,
    }


def _record(user: "User", action: str) -> None:
    from litesoc_server.audit.actions import Action  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.account_acts import record_account_act  # noqa: PLC0415 # needs Django set up

    record_account_act(user, Action[action], by=By.operator())


def _set_password(user: "User") -> None:
    from django.core.exceptions import ValidationError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.accounts.services import set_password  # noqa: PLC0415 # needs Django set up

    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        fail("--password-stdin was given, but standard input is empty", "pipe the password in, e.g. from a file")
    try:
        set_password(user, password)
    except ValidationError as error:
        fail(" ".join(error.messages), "choose another password; nothing was changed")
    _record(user, "PASSWORD_RESET")
    out.print(f"{shown(user.email)} has a new password, and is signed out everywhere.")


def _person(email: str) -> "User":
    from litesoc_server.accounts.models import User  # noqa: PLC0415 # needs Django set up
    from litesoc_server.accounts.selectors import person_for_operator  # noqa: PLC0415 # needs Django set up

    try:
        return person_for_operator(email)
    except User.DoesNotExist:
        fail(f"nobody signs in with {email}", "`litesoc accounts list` shows everybody")


def _prepare(data_dir: DataDir) -> None:
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
