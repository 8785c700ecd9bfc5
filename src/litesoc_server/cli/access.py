"""`litesoc access`: from which addresses and web pages API keys may be used."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json

if TYPE_CHECKING:
    from litesoc_server.apikeys.allow_lists import WouldLockOut
    from litesoc_server.apikeys.models import AccessRules, ApiKey
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="From which addresses and web pages API keys may be used.", no_args_is_help=True)

Insist = Annotated[bool, typer.Option("--insist", help="Even if it leaves out addresses that are in use.")]
KeyOption = Annotated[
    str | None, typer.Option("--key", help="Id of a key: its own list instead of the organisation's.", show_default=False)
]


@app.command()
def show(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show the IP allow-list and the authorised origins of an organisation."""
    organization = open_organization(org, data_dir)
    rules = _rules(organization)
    if as_json:
        print_json(_row(rules))
        return
    out.print(f"IP allow-list: [bold]{'on' if rules.is_allow_list_on else 'off'}[/]")
    if rules.allow_list:
        out.print(shown(rules.allow_list))
    out.print(f"Authorised origins: {shown(', '.join(rules.origins)) or 'none but those for development'}")


@app.command("allow-list")
def allow_list(
    file: Annotated[
        str, typer.Argument(help="A file with one address or range a line and # comments; - is standard input.")
    ],
    key_id: KeyOption = None,
    insist: Insist = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Set an IP allow-list. That of an organisation is in force once it is switched on, see `litesoc access on`."""
    text = _read(file)
    organization = open_organization(org, data_dir)
    if key_id is None:
        _set_org_list(organization, text, is_on=_rules(organization).is_allow_list_on, insist=insist)
    else:
        _set_key_list(_key(organization, key_id), text, insist=insist)
    if as_json:
        print_json(_row(_rules(organization)))
    else:
        out.print("The list is kept. Where it is on, it is in force within 5 seconds.")


@app.command()
def on(insist: Insist = False, org: Org = None, data_dir: DataDir = None) -> None:
    """Switch the organisation's IP allow-list on."""
    organization = open_organization(org, data_dir)
    _set_org_list(organization, _rules(organization).allow_list, is_on=True, insist=insist)
    out.print("The IP allow-list is on, within 5 seconds.")


@app.command()
def off(org: Org = None, data_dir: DataDir = None) -> None:
    """Switch the organisation's IP allow-list off."""
    organization = open_organization(org, data_dir)
    _set_org_list(organization, _rules(organization).allow_list, is_on=False, insist=False)
    out.print("The IP allow-list is off, within 5 seconds.")


@app.command()
def origins(
    urls: Annotated[
        list[str] | None, typer.Argument(help="Such as https://app.example.com or https://*.example.com; none: none.")
    ] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Authorise exactly these web pages to use the organisation's keys."""
    organization = open_organization(org, data_dir)
    from litesoc_server.apikeys.authorise_origins import OriginsRefused, set_origins  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.plan_gates import PlanRestricted  # noqa: PLC0415 # needs Django set up

    try:
        kept = set_origins(organization, urls or [], by=By.operator())
    except OriginsRefused as error:
        fail("\n".join(f"{problem.position}: {problem.text}" for problem in error.problems), "nothing was changed")
    except PlanRestricted as error:
        fail(str(error), "nothing was changed")
    if as_json:
        print_json(_row(_rules(organization)))
    else:
        out.print(f"Authorised: {shown(', '.join(kept)) or 'none but those for development'}")


def _set_org_list(organization: "Organization", text: str, *, is_on: bool, insist: bool) -> None:
    from litesoc_server.apikeys.allow_lists import WouldLockOut, set_org_allow_list  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.ingest.allow_list import AllowListInvalid  # noqa: PLC0415 # only this needs it
    from litesoc_server.orgs.plan_gates import PlanRestricted  # noqa: PLC0415 # needs Django set up

    try:
        set_org_allow_list(organization, text, is_on=is_on, by=By.operator(), is_insisted=insist)
    except (AllowListInvalid, PlanRestricted) as error:
        fail(str(error), "nothing was changed")
    except WouldLockOut as error:
        fail(_locked_out(error), "add them, or say --insist; nothing was changed")


def _set_key_list(key: "ApiKey", text: str, *, insist: bool) -> None:
    from litesoc_server.apikeys.allow_lists import WouldLockOut, set_key_allow_list  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.values import KeyEnded  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.ingest.allow_list import AllowListInvalid  # noqa: PLC0415 # only this needs it
    from litesoc_server.orgs.plan_gates import PlanRestricted  # noqa: PLC0415 # needs Django set up

    try:
        set_key_allow_list(key, text, by=By.operator(), is_insisted=insist)
    except (AllowListInvalid, PlanRestricted, KeyEnded) as error:
        fail(str(error), "nothing was changed")
    except WouldLockOut as error:
        fail(_locked_out(error), "add them, or say --insist; nothing was changed")


def _locked_out(error: "WouldLockOut") -> str:
    names = [
        f"{one.address}, from where {'you save it' if one.key is None else f'the key {one.key.name} was used'}"
        for one in error.locked_out
    ]
    return "the list leaves out addresses that are in use: " + "; ".join(names)


def _key(organization: "Organization", key_id: str) -> "ApiKey":
    from litesoc_server.apikeys.access import get_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.models import ApiKey  # noqa: PLC0415 # needs Django set up

    try:
        return get_key(organization, key_id)
    except ApiKey.DoesNotExist:
        fail(f"the organisation has no key with the id {key_id}", "`litesoc keys list` shows the ids")


def _rules(organization: "Organization") -> "AccessRules":
    from litesoc_server.apikeys.selectors import access_rules_of  # noqa: PLC0415 # needs Django set up

    return access_rules_of(organization)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read ({type(error).__name__})", "name a text file in UTF-8, or - for standard input")


def _row(rules: "AccessRules") -> dict[str, Any]:
    return {
        "is_allow_list_on": rules.is_allow_list_on,
        "allow_list": rules.allow_list,
        "origins": list(rules.origins),
    }
