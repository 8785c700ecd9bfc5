"""`litesoc mcp`: let AI assistants ask a server, over the Model Context Protocol."""

import ipaddress
import sys
from typing import Annotated

import typer

from litesoc_server.cli.console import fail
from litesoc_server.mcp_server.key_header import is_possible


def mcp(
    url: Annotated[str, typer.Option("--url", envvar="LITESOC_URL", help="Root address of the LiteSOC server.")] = (
        "http://127.0.0.1:8000"
    ),
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            envvar="LITESOC_API_KEY",
            help="API key with the scope `read`. Better in LITESOC_API_KEY: a command line is visible to others.",
            show_default=False,
        ),
    ] = None,
    allow_write: Annotated[
        bool,
        typer.Option(
            "--allow-write",
            envvar="LITESOC_MCP_ALLOW_WRITE",
            help="Let assistants resolve alerts and make suppressions, with a key that has the scope `manage`.",
        ),
    ] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP; each request brings its caller's key.")] = False,
    host: Annotated[str, typer.Option(help="With --http: address to listen on. Put a TLS proxy in front to open it up.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --http: port to listen on; 0 picks a free one.")] = 8010,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allowed-host", help="With --http: a name it is called by, e.g. mcp.example.com.", show_default=False
        ),
    ] = None,
    allowed_origin: Annotated[
        list[str] | None,
        typer.Option("--allowed-origin", help="With --http: a web page's origin that may call it.", show_default=False),
    ] = None,
) -> None:
    """Let AI assistants list, explain and search alerts and events. Reads only, unless told otherwise."""
    if not url.startswith(("http://", "https://")):
        fail(f"--url {url} is no address", "write it with http:// or https://, e.g. http://127.0.0.1:8000")
    # The import takes a second, which no other command shall wait for, --help neither.
    from litesoc_server.mcp_server.http_door import Door  # noqa: PLC0415
    from litesoc_server.mcp_server.run import run_http, run_stdio  # noqa: PLC0415

    if not http:
        if key is None or not is_possible(key):
            fail("there is no API key", "set LITESOC_API_KEY; `litesoc keys create --name mcp --scope read` makes one")
        run_stdio(url=url, key=key, allow_write=allow_write)
        return
    door = Door(
        host=_address(host), port=port, allowed_hosts=tuple(allowed_host or ()), allowed_origins=tuple(allowed_origin or ())
    )
    if door.needs_names:
        fail(f"on {host} anybody can call it, by any name", "say by which one: --allowed-host mcp.example.com")
    try:
        run_http(url=url, door=door, allow_write=allow_write, on_ready=_say_ready)
    except OSError as error:
        fail(f"cannot listen on {host} port {port}: {error.strerror}", "choose another one with --host and --port")


def _address(host: str) -> str:
    if host == "localhost":
        return host
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        fail(f"--host {host} is no address", "write one of this machine's addresses, 127.0.0.1, or 0.0.0.0 for all")


def _say_ready(url: str) -> None:
    sys.stdout.write(f"ready {url}\n")
    sys.stdout.flush()
