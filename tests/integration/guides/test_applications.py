"""The code of docs/integrations/ runs: applications behind a proxy, in front of a receiver that is slow or not there."""

import json
import shlex
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from example_apps import KEY, NODE, log_in, running
from http_client import wait_until
from litesoc_server.guides.integrations import INTEGRATIONS
from litesoc_server.guides.snippet_files import filled

RUN = ("flask", "django", "fastapi", "node")
QUEUED = {
    "success": True,
    "status": "queued",
    "queued": 1,
    "events_accepted": 1,
    "quota": {"remaining": None, "limit": None},
}


class Receiver:
    """Takes events, and answers once it may."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.events: list[dict[str, Any]] = []
        self.may_answer = threading.Event()
        self.url = httpserver.url_for("").rstrip("/")
        httpserver.expect_request("/api/v1/collect", method="POST", headers={"X-API-Key": KEY}).respond_with_handler(
            self._take
        )

    def _take(self, request: Request) -> Response:
        body = request.get_json()
        self.events += body.get("events", [body])
        assert self.may_answer.wait(30)
        return Response('{"success": true, "status": "queued", "queued": 1}', status=202, content_type="application/json")


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    return Receiver(httpserver)


@pytest.mark.parametrize("name", RUN)
def test_logins_are_sent_with_the_address_that_the_proxy_saw(name: str, tmp_path: Path, receiver: Receiver) -> None:
    with running(name, tmp_path, receiver.url) as client:
        assert log_in(client, "wrong", "6.6.6.6, 198.51.100.77") == 401
        assert log_in(client, "correct horse", "2001:db8::7") == 200
        assert log_in(client, "wrong") == 401
        receiver.may_answer.set()  # only now: no login waited for it
        events = wait_until(lambda: receiver.events, lambda events: len(events) == 3, what="three events")

    by_address = {event["user_ip"]: event for event in events}
    assert set(by_address) == {"198.51.100.77", "2001:db8::7", "127.0.0.1"}
    assert by_address["198.51.100.77"]["event"] == by_address["127.0.0.1"]["event"] == "auth.login_failed"
    assert by_address["2001:db8::7"]["event"] == "auth.login_success"
    assert {event["actor"]["id"] for event in events} == {"mira"}
    assert all(event["metadata"]["user_agent"].startswith("python-httpx") for event in events)


@pytest.mark.parametrize("name", ["flask", "node"])
def test_logins_go_on_while_litesoc_is_away(name: str, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with running(name, tmp_path, nobody) as client:
        assert [log_in(client, password) for password in ("wrong", "correct horse", "wrong")] == [401, 200, 401]


def test_the_pythons_sdk_page_runs(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/collect", method="POST").respond_with_json(QUEUED, status=202)
    code = filled("python_sdk.py", key=KEY, url=httpserver.url_for("").rstrip("/"))
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    ((request, _),) = httpserver.log
    assert request.headers["X-API-Key"] == KEY
    assert b"8.8.8.8" in request.data


def test_the_curl_command_holds_a_whole_request() -> None:
    words = shlex.split(filled("curl.sh", key=KEY, url="http://127.0.0.1:8000").replace("\\\n", " "))

    assert words[:4] == ["curl", "-X", "POST", "http://127.0.0.1:8000/api/v1/collect"]
    assert words[4:8] == ["-H", f"X-API-Key: {KEY}", "-H", "Content-Type: application/json"]
    assert words[8] == "-d"
    assert json.loads(words[9])["event"] == "auth.login_failed"


@pytest.mark.parametrize("name", ["express", "nextjs"])
def test_what_cannot_run_here_is_whole(name: str, tmp_path: Path) -> None:
    (one,) = (integration for integration in INTEGRATIONS if integration.id == name)
    *_, step = one.steps(key=KEY, url="http://127.0.0.1:8000")
    (tmp_path / "glue.mjs").write_text(step.code)
    done = subprocess.run([NODE, "--check", tmp_path / "glue.mjs"], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
