"""`litesoc init`: the first organisation, its owner and an API key."""

import secrets
import sys
from typing import Annotated

import typer
from rich.prompt import Prompt

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django
from litesoc_server.ingest.keys import Scope

GENERATED_PASSWORD_BYTES = 15  # 120 random bits


def init(
    org: Annotated[str, typer.Option("--org", help="Name of the organisation.", prompt="Organisation")],
    email: Annotated[str, typer.Option("--email", help="E-mail address its owner signs in with.", prompt="Your e-mail")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the owner's password from the first line of standard input.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create an organisation, its owner and an API key. Safe to run while the server runs; run again for another one."""
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()

    from django.core.exceptions import ValidationError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.accounts.selectors import is_registered  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.issue_key import issue_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.services import create_organization  # noqa: PLC0415 # needs Django set up

    password, is_generated = None, False
    if password_stdin or not is_registered(email):  # somebody who can sign in already keeps their password
        password, is_generated = _password(is_from_stdin=password_stdin, may_ask=sys.stdin.isatty() and not as_json)
    try:
        created = create_organization(name=org, owner_email=email, password=password)
    except ValidationError as error:
        fail(" ".join(error.messages), "correct the value and run `litesoc init` again; nothing was created")
    key = issue_key(
        org=created.organization,
        name="default",
        scopes=frozenset({Scope.INGEST, Scope.READ, Scope.MANAGE}),
        by=By.operator(),
    )
    if as_json:
        answer = {"org_id": str(created.organization.id), "owner": created.owner.email, "api_key": key.secret}
        print_json({**answer, "password": password} if is_generated else answer)
        return
    out.print(f"Organisation [bold]{shown(org)}[/] is ready ({created.organization.id}).")
    out.print(f"Owner:    {shown(created.owner.email)}")
    if is_generated:
        out.print(f"Password: [bold]{password}[/]  (made now; shown only here)")
    out.print(f"API key:  [bold]{key.secret}[/]  (scopes ingest, read, manage; shown only here)")
    err.print("\nNext: [bold]litesoc serve[/]")


def _password(*, is_from_stdin: bool, may_ask: bool) -> tuple[str, bool]:
    """Return the owner's password, and whether it was made here."""
    if is_from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            fail("--password-stdin was given, but standard input is empty", "pipe the password in, e.g. from a file")
        return password, False
    if may_ask:
        password = Prompt.ask("Password (empty: make one)", password=True, console=err)
        if password:
            if Prompt.ask("Once more", password=True, console=err) != password:
                fail("the two passwords differ", "run `litesoc init` again; nothing was created")
            return password, False
    return secrets.token_urlsafe(GENERATED_PASSWORD_BYTES), True
