"""A server with open streams ends at once: readers are told, nobody waits for them to go."""

from pathlib import Path

import httpx

from browser.people import sign_in_everybody
from live_server import LiveServer
from started_before import started_before


def test_open_streams_do_not_hold_up_the_end(tmp_path: Path) -> None:
    server = started_before(tmp_path / "data")
    account = server.init(email="founder@shop.example")
    server.start()
    try:
        sessions = sign_in_everybody(server, account["org_id"])
        _read_to_the_end(server, sessions["viewer"])
    finally:
        if server.is_running:
            server.kill()
    assert "graceful" not in server.log_text()


def _read_to_the_end(server: LiveServer, session: str) -> None:
    address = f"{server.url}/o/shop-example/live/events/stream"
    cookies = {"litesoc_session": session}
    with (
        httpx.Client(trust_env=False, timeout=30, cookies=cookies) as http,
        http.stream("GET", address) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "retry: 3000"
        assert server.stop() == 0
        assert list(lines) == [""]  # the stream ended as it should, not cut off
