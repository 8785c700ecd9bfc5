"""An MCP client, the SDK's own, that calls tools of `litesoc mcp` over stdio or over HTTP."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

START_TIMEOUT_S = 30
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Door:
    """One way to reach a `litesoc mcp`: a command to start, or an address with headers."""

    command: StdioServerParameters | None = None
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    mode: str = "auto"


def stdio(url: str, key: str, *arguments: str, **env: str) -> Door:
    """Start `litesoc mcp` for each use, with the key in its environment."""
    return Door(
        command=StdioServerParameters(
            command=sys.executable,
            args=["-m", "litesoc_server", "mcp", *arguments],
            env={"LITESOC_URL": url, "LITESOC_API_KEY": key, "PYTHONPATH": _source(), **env},
        )
    )


def text_of(result: CallToolResult) -> str:
    """Return the one text of an answer."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def call(door: Door, name: str, /, **arguments: Any) -> CallToolResult:
    """Connect, call one tool, disconnect."""
    return calls(door, [(name, arguments)])[0]


def calls(door: Door, wanted: Sequence[Call]) -> list[CallToolResult]:
    """Connect, call tools one after the other, disconnect."""

    async def run() -> list[CallToolResult]:
        async with AsyncExitStack() as stack:
            client = await _connect(door, stack)
            return [await client.call_tool(name, arguments) for name, arguments in wanted]

    return anyio.run(run)


def tools(door: Door) -> dict[str, Any]:
    """Return the tools by name, and the server's instructions under the empty name."""

    async def run() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            client = await _connect(door, stack)
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            return {**listed, "": client.instructions}

    return anyio.run(run)


async def _connect(door: Door, stack: AsyncExitStack) -> Client:
    if door.command is not None:
        return await stack.enter_async_context(Client(door.command, mode=door.mode))
    http = await stack.enter_async_context(httpx2.AsyncClient(headers=door.headers, timeout=30, trust_env=False))
    return await stack.enter_async_context(Client(streamable_http_client(door.url, http_client=http), mode=door.mode))


def _source() -> str:
    return str(Path(__file__).parents[1] / "src")


@contextmanager
def http_process(url: str, *arguments: str) -> Iterator[str]:
    """Run `litesoc mcp --http` for the server at ``url`` on a free port; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "litesoc_server", "mcp", "--http", "--port", "0", "--url", url, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    timer = threading.Timer(START_TIMEOUT_S, process.kill)
    timer.start()
    line = process.stdout.readline()
    timer.cancel()
    try:
        assert line.startswith("ready http://"), line
        yield line.removeprefix("ready ").strip()
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)
        process.stdout.close()
