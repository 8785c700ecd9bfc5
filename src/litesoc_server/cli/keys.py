"""`litesoc keys`: create, list, change, rotate and revoke API keys."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.durations import DurationUnreadable, duration_ms
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope

if TYPE_CHECKING:
    from litesoc_server.apikeys.models import ApiKey
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="Create, list, change, rotate and revoke API keys.", no_args_is_help=True)

Org = Annotated[
    str | None,
    typer.Option("--org", help="Slug or id of the organisation; needed only when there are several.", show_default=False),
]


KeyId = Annotated[str, typer.Argument(help="Id of the key, as `litesoc keys list` shows it.")]
RateLimit = Annotated[
    int | None,
    typer.Option(
        "--rate-limit", help="Events of this key per minute; 0: only the organisation's limit.", show_default=False
    ),
]
NEVER = "never"


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is for; shown in lists and histories.")],
    scope: Annotated[
        str, typer.Option("--scope", help="What it may do, separated by commas: ingest, read, manage, backfill.")
    ] = "ingest",
    environment: Annotated[Environment, typer.Option("--environment", help="Events of test keys are kept apart.")] = (
        Environment.LIVE
    ),
    expires: Annotated[str, typer.Option("--expires", help="After how long it ends: 90d, 12h, or never.")] = NEVER,
    rate_limit: RateLimit = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create an API key and show it, this once."""
    scopes, expires_at = _scopes(scope), _moment(expires)
    organization = open_organization(org, data_dir)
    from litesoc_server.apikeys.issue_key import issue_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.values import KeyRefused  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up

    try:
        key = issue_key(
            org=organization,
            name=name,
            scopes=scopes,
            environment=environment,
            expires_at=expires_at,
            rate_limit_per_minute=rate_limit or None,
            by=By.operator(),
        )
    except KeyRefused as error:
        _fail_refused(error)
    if as_json:
        print_json({"id": str(key.record.id), "api_key": key.secret})
        return
    out.print(f"[bold]{key.secret}[/]")
    out.print(f"[dim]id {key.record.id}, scopes {', '.join(sorted(scopes))}. Keep it now: it is not shown again.[/]")


@app.command("list")
def list_keys(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the keys with what they may do and when they were last used. The keys themselves are not stored."""
    _prepare(data_dir)
    from litesoc_server.apikeys.selectors import keys_for_operator  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Organization  # noqa: PLC0415 # needs Django set up

    try:
        keys = keys_for_operator(org)
    except Organization.DoesNotExist as error:
        fail(str(error), "`litesoc keys list` without --org shows the keys of all")
    rows = [_row(key) for key in keys]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There are no keys. Create one: litesoc keys create --name NAME")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Id", no_wrap=True)  # whole on one line, so that it can be copied to `keys revoke`
    for column in ("Org", "Name", "Begins with", "Scopes", "State", "Last used"):
        table.add_column(column, overflow="fold")
    for row in rows:
        used = "never" if row["last_used_at"] is None else f"{row['last_used_at'][:16]} from {row['last_used_from'] or '?'}"
        cells = (row["id"], row["org"], row["name"], row["prefix"], ", ".join(row["scopes"]), row["state"], used)
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


@app.command()
def change(
    key_id: KeyId,
    name: Annotated[str | None, typer.Option("--name", help="What it is for.", show_default=False)] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="What it may do.", show_default=False)] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="After how long from now it ends: 90d, 12h, or never.", show_default=False),
    ] = None,
    rate_limit: RateLimit = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Change a key. What is not given stays. In force within 5 seconds."""
    key = _open_key(key_id, data_dir)
    from litesoc_server.apikeys.change_key import KeyValues, change_key, values_of  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.values import KeyEnded, KeyRefused  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up

    now = values_of(key)
    wanted = KeyValues(
        name=now.name if name is None else name,
        scopes=now.scopes if scope is None else _scopes(scope),
        expires_at=now.expires_at if expires is None else _moment(expires),
        rate_limit_per_minute=now.rate_limit_per_minute if rate_limit is None else rate_limit or None,
    )
    try:
        change_key(key, wanted, by=By.operator())
    except (KeyEnded, KeyRefused) as error:
        _fail_refused(error)
    if as_json:
        print_json(_row(key))
    else:
        out.print(f"Key {shown(key.name)} is changed.")


@app.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[
        str, typer.Option("--overlap", help="How long the old key works on: 0s, 1h, 24h, 7d; at most 30d.")
    ] = ("24h"),
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a new key that may do the same, and show it, this once. The old one ends after the overlap."""
    key = _open_key(key_id, data_dir)
    from litesoc_server.apikeys.rotate_key import rotate_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.values import KeyEnded, KeyRefused  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up

    try:
        issued = rotate_key(key, overlap=timedelta(milliseconds=_span_ms("--overlap", overlap)), by=By.operator())
    except (KeyEnded, KeyRefused) as error:
        _fail_refused(error)
    if as_json:
        print_json({"id": str(issued.record.id), "api_key": issued.secret, "replaces": str(key.id)})
        return
    key.refresh_from_db()
    ends = "has ended" if key.state != "active" or key.expires_at is None else f"works until {_utc(key.expires_at)}"
    out.print(f"[bold]{issued.secret}[/]")
    out.print(f"[dim]id {issued.record.id}. Keep it now: it is not shown again. The old key {ends}.[/]")


@app.command()
def revoke(key_id: KeyId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Revoke a key for good. Servers stop accepting it within 5 seconds."""
    key = _open_key(key_id, data_dir)
    from litesoc_server.apikeys.revoke_key import revoke_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up

    revoke_key(key, by=By.operator())
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


def _open_key(key_id: str, data_dir: DataDir) -> "ApiKey":
    _prepare(data_dir)
    from litesoc_server.apikeys.access import key_for_operator  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.models import ApiKey  # noqa: PLC0415 # needs Django set up

    try:
        return key_for_operator(key_id)
    except ApiKey.DoesNotExist:
        fail(f"there is no key with the id {key_id}", "`litesoc keys list` shows the ids")


def _row(key: "ApiKey") -> dict[str, Any]:
    return {
        "id": str(key.id),
        "org": key.org.slug,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "environment": key.environment,
        "created_at": key.created_at.isoformat(),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "last_used_at": None if key.last_used_at is None else key.last_used_at.isoformat(),
        "last_used_from": key.last_used_from,
        "rate_limit_per_minute": key.rate_limit_per_minute,
        "state": key.state,
    }


def _fail_refused(error: Exception) -> NoReturn:
    fail(str(error), "`litesoc keys list` shows the keys; nothing was changed")


def _moment(expires: str) -> datetime | None:
    """Return when a key ends that lasts for ``expires`` from now."""
    if expires.strip().lower() == NEVER:
        return None
    try:
        return datetime.now(UTC) + timedelta(milliseconds=_span_ms("--expires", expires))
    except OverflowError:
        fail(f"--expires: {expires} ends after the year 9999", "write 3650d or less, or never")


def _span_ms(option: str, text: str) -> int:
    try:
        return duration_ms(text)
    except DurationUnreadable as error:
        fail(f"{option}: {error}", "write it as 90m, 12h or 7d")


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _prepare(data_dir: DataDir) -> None:
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
