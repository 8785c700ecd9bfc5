"""Runs the MCP server: over stdin and stdout, or over HTTP."""

import contextlib
import socket
from collections.abc import Callable

import anyio
import uvicorn

from litesoc_server.mcp_server.api import http_client
from litesoc_server.mcp_server.callers import CallersByRequest, OneCaller
from litesoc_server.mcp_server.http_door import PATH, Door, http_app
from litesoc_server.mcp_server.server import build_server

_CONCURRENT_MAX = 200  # requests; more are answered with 503
_KEEP_ALIVE_S = 30


def run_stdio(*, url: str, key: str, allow_write: bool) -> None:
    """Serve one client over stdin and stdout, until it closes them."""

    async def serve() -> None:
        async with http_client(url) as http:
            await build_server(OneCaller(http, key), allow_write=allow_write).run_stdio_async()

    anyio.run(serve)


def run_http(*, url: str, door: Door, allow_write: bool, on_ready: Callable[[str], None]) -> None:
    """Serve over HTTP until SIGTERM or Ctrl-C; ``on_ready`` gets the address. Raises OSError if it cannot listen."""
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    with contextlib.closing(socket.create_server((door.host, door.port), family=family)) as listener:
        host = f"[{door.host}]" if ":" in door.host else door.host
        on_ready(f"http://{host}:{listener.getsockname()[1]}{PATH}")

        async def serve() -> None:
            async with http_client(url) as http:
                app = http_app(build_server(CallersByRequest(http), allow_write=allow_write), door)
                config = uvicorn.Config(
                    app,
                    log_level="warning",
                    access_log=False,
                    server_header=False,
                    limit_concurrency=_CONCURRENT_MAX,
                    timeout_keep_alive=_KEEP_ALIVE_S,
                )
                await uvicorn.Server(config).serve(sockets=[listener])

        anyio.run(serve)
