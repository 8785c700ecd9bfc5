"""`litesoc sources`: the webhook sources of an organisation, their settings and signing secrets."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.events.envelope import Environment

if TYPE_CHECKING:
    from litesoc_server.inbound.selectors import SourceState
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="Webhook sources: Auth0, Supabase and others.", no_args_is_help=True)

T = TypeVar("T")

Source = Annotated[str, typer.Argument(help="Id of the source, as `litesoc sources list` shows it.")]
EnvironmentOption = Annotated[Environment, typer.Option("--environment", help="Test keys have settings of their own.")]


@app.command("list")
def list_sources(
    environment: EnvironmentOption = Environment.LIVE, org: Org = None, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """List every source there is, and how it stands. The counts are of 7 days."""
    organization = open_organization(org, data_dir)
    from litesoc_server.inbound.selectors import source_states  # noqa: PLC0415 # needs Django set up

    states = source_states(organization, environment)
    if as_json:
        print_json([_row(state) for state in states])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Source", "Status", "Signed", "Unknown types", "Last event", "Events", "Ignored", "Refused"):
        table.add_column(column, overflow="fold")
    for state in states:
        row = _row(state)
        signed = "yes" if row["has_secret"] else "no" if row["can_be_signed"] else "never"
        unknown = "kept" if row["keeps_unknown"] else "ignored"
        last = "never" if row["last_event_at"] is None else row["last_event_at"][:16].replace("T", " ")
        counts = (row["queued"], sum(row["ignored"].values()), sum(row["refused"].values()))
        cells = (state.source.id, state.status.label, signed, unknown, last, *counts)
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


@app.command()
def add(
    source: Source,
    keep_unknown: Annotated[
        bool | None,
        typer.Option("--keep-unknown/--ignore-unknown", help="What happens to unknown types.", show_default=False),
    ] = None,
    enable: Annotated[
        bool | None, typer.Option("--on/--off", help="Whether deliveries are taken.", show_default=False)
    ] = None,
    environment: EnvironmentOption = Environment.LIVE,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Set a source up, or change its settings. In force within 5 seconds."""
    organization = open_organization(org, data_dir)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.inbound.change_connection import change_connection  # noqa: PLC0415 # needs Django set up

    _done(
        lambda: change_connection(
            organization, environment, source, by=By.operator(), keeps_unknown=keep_unknown, is_enabled=enable
        )
    )
    _say(organization, environment, source, "is set up", as_json=as_json)


@app.command()
def secret(
    source: Source,
    no_secret: Annotated[bool, typer.Option("--remove", help="Take unsigned deliveries again.")] = False,
    draw: Annotated[bool, typer.Option("--draw", help="Draw one and show it, where the vendor takes ours.")] = False,
    environment: EnvironmentOption = Environment.LIVE,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Set or rotate the secret that signs deliveries, read from standard input. The one before counts for 24 hours."""
    organization = open_organization(org, data_dir)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.inbound.change_connection import remove_secret, set_secret  # noqa: PLC0415 # needs Django set up

    if no_secret:
        _done(lambda: remove_secret(organization, environment, source, by=By.operator()))
        _say(organization, environment, source, "takes unsigned deliveries", as_json=as_json)
        return
    wanted = None if draw else sys.stdin.readline()
    _, kept = _done(lambda: set_secret(organization, environment, source, wanted, by=By.operator()))
    if as_json:
        print_json({"source": source, "secret": kept} if draw else {"source": source})
        return
    if draw:
        out.print(f"[bold]{shown(kept)}[/]")
        out.print("[dim]Keep it now: it is not shown again.[/]")
    out.print(f"{shown(source)} must sign what it sends, within 5 seconds.")


@app.command()
def remove(
    source: Source,
    environment: EnvironmentOption = Environment.LIVE,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Forget a source's settings, secret and counts. Its events stay; a delivery with a good key sets it up again."""
    organization = open_organization(org, data_dir)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.inbound.change_connection import remove_connection  # noqa: PLC0415 # needs Django set up

    _done(lambda: remove_connection(organization, environment, source, by=By.operator()))
    _say(organization, environment, source, "is forgotten", as_json=as_json)


def _done(act: Callable[[], T]) -> T:
    from litesoc_server.inbound.change_connection import SourceRefused  # noqa: PLC0415 # needs Django set up

    try:
        return act()
    except SourceRefused as error:
        is_unknown = error.field == "source"
        fail(str(error), "`litesoc sources list` shows them" if is_unknown else "nothing was changed")


def _say(organization: "Organization", environment: Environment, source: str, what: str, *, as_json: bool) -> None:
    from litesoc_server.inbound.selectors import source_state  # noqa: PLC0415 # needs Django set up

    state = source_state(organization, environment, source)
    assert state is not None
    if as_json:
        print_json(_row(state))
    else:
        out.print(f"{shown(state.source.title)} {what}.")


def _row(state: "SourceState") -> dict[str, Any]:
    from litesoc_server.inbound.shown import shown_state  # noqa: PLC0415 # needs Django set up

    return shown_state(state)
