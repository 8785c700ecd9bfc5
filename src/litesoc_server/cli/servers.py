"""`litesoc servers`: the computers whose agents say that they are alive."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.events.envelope import Environment

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Organization
    from litesoc_server.servers.models import Server

app = typer.Typer(help="Servers: computers with an agent.", no_args_is_help=True)

Wanted = Annotated[str, typer.Argument(help="Host name, name or id of the server, as `litesoc servers list` shows it.")]
EnvironmentOption = Annotated[Environment, typer.Option("--environment", help="Servers of test keys are kept apart.")]


@app.command("list")
def list_servers(
    environment: EnvironmentOption = Environment.LIVE, org: Org = None, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """List the servers, those heard of last first."""
    organization = open_organization(org, data_dir)
    from litesoc_server.servers.selectors import servers_of  # noqa: PLC0415 # needs Django set up

    rows = [_row(server) for server in servers_of(organization, environment)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("No agent has said that it is alive. docs/integrations/server-agent.md says how to add one.")
        return
    table = Table(box=None, pad_edge=False)
    columns = {"Server": "name", "Host name": "hostname", "Status": "status", "Last heard of": "last_seen_at"}
    columns |= {"Agent": "agent_version", "Address": "address"}
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(shown(str(row[name] or "-")) for name in columns.values()))
    out.print(table)


@app.command()
def rename(
    server: Wanted,
    name: Annotated[str, typer.Argument(help="What people call it; empty: its host name.")],
    environment: EnvironmentOption = Environment.LIVE,
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Give a server a name."""
    found = _found(open_organization(org, data_dir), environment, server)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.servers.change_server import ServerRefused, rename_server  # noqa: PLC0415 # needs Django set up

    try:
        renamed = rename_server(found, name, by=By.operator())
    except ServerRefused as refused:
        fail(str(refused), "choose another name")
    out.print(f"{shown(found.hostname)} is called {shown(renamed.shown_name)}.")


@app.command()
def remove(
    server: Wanted, environment: EnvironmentOption = Environment.LIVE, org: Org = None, data_dir: DataDir = None
) -> None:
    """Take a server off the list. Its events stay; an agent that still runs brings it back."""
    found = _found(open_organization(org, data_dir), environment, server)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.servers.change_server import remove_server  # noqa: PLC0415 # needs Django set up

    remove_server(found, by=By.operator())
    out.print(f"{shown(found.shown_name)} is removed.")


def _found(organization: "Organization", environment: Environment, wanted: str) -> "Server":
    from litesoc_server.servers.selectors import find_server  # noqa: PLC0415 # needs Django set up

    server = find_server(organization, environment, wanted)
    if server is None:
        fail(
            f"no single server is called {wanted}", "`litesoc servers list` shows those there are; name one by its host name"
        )
    return server


def _row(server: "Server") -> dict[str, Any]:
    from django.utils import timezone  # noqa: PLC0415 # needs Django set up

    return {
        "id": str(server.pk),
        "hostname": server.hostname,
        "name": server.shown_name,
        "status": server.status_at(timezone.now()).value,
        "last_seen_at": server.last_seen_at.isoformat(timespec="seconds"),
        "agent_version": server.agent_version,
        "address": server.address,
    }
