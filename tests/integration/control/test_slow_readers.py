"""Clients that take nothing of what they asked for keep nobody else out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from litesoc_server.clock import ManualClock
from litesoc_server.web import asgi
from litesoc_server.web.asgi import PagesApp

FILE = "/static/web/icon.svg"


def _receiving() -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return a ``receive`` of a client that asks and then stays."""
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    return receive


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": FILE,
        "raw_path": FILE.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }


@pytest.mark.django_db(transaction=True)
def test_who_reads_nothing_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "REQUESTS_AT_ONCE", 1)
    monkeypatch.setattr(asgi, "REQUESTS_WAITING_MAX", 0)
    statuses: list[int] = []

    async def play() -> None:
        app, is_stuck = PagesApp(body_timeout_s=5, clock=ManualClock(0)), asyncio.Event()

        async def take_nothing(message: Any) -> None:
            del message
            is_stuck.set()
            await asyncio.Event().wait()

        async def take(message: Any) -> None:  # awaited by the application
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        slow = asyncio.create_task(app(_scope(), _receiving(), take_nothing))
        await asyncio.wait_for(is_stuck.wait(), 10)
        await app(_scope(), _receiving(), take)
        slow.cancel()

    asyncio.run(play())
    assert statuses == [200]
