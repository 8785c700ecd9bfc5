"""The server agent's side of the wire contract (section 7, appendix A.7), on a running server; and ours against it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from http_client import wait_until
from live_server import LiveServer

VENDOR = "litesoc-agent/1.3.0"
BEAT = {"hostname": "web-3", "ip_address": "10.4.0.12", "agent_version": "1.3.0"}
LINE = "Aug  9 07:12:40 web-3 sshd[811]: Failed password for P@ss!! from 198.51.100.9 port 40022 ssh2"


def post(server: LiveServer, path: str, body: object, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", json=body, headers={"User-Agent": VENDOR, **headers}, timeout=30)


def agent_event(number: int) -> dict[str, Any]:
    return {
        "event": "auth.login_failed",
        "user_ip": "[REDACTED]" if number % 3 == 0 else "198.51.100.9",
        "actor": {"id": "[REDACTED]" if number % 2 else "root"},
        "metadata": {
            "source": "sshd",
            "log_file": "/var/log/auth.log",
            "reason": "failed_password",
            "port": str(40_000 + number),
            "source_hostname": "web-3",
        },
    }


def test_a_batch_of_fifty_with_redacted_values_is_taken_whole(server: LiveServer, account: dict[str, str]) -> None:
    answer = post(
        server, "/collect/batch", {"events": [agent_event(n) for n in range(50)]}, **{"X-API-Key": account["api_key"]}
    )
    assert answer.status_code == 202
    assert (answer.json()["queued"], answer.json().get("rejected", 0)) == (50, 0)


@pytest.mark.parametrize(
    "path", ["/agent/heartbeat", "/v1/agent/heartbeat", "/api/v1/agent/heartbeat", "//agent/heartbeat/"]
)
def test_a_heartbeat_is_answered_with_exactly_200_on_every_base_path(
    server: LiveServer, account: dict[str, str], path: str
) -> None:
    for body in (BEAT, BEAT | {"recent_logs": [LINE]}):
        answer = post(server, path, body, **{"x-api-key": account["api_key"]})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert "P@ss" not in httpx.get(f"{server.url}/servers", headers={"X-API-Key": account["api_key"]}).text


def test_an_installer_that_probes_with_a_wrong_key_is_told(server: LiveServer) -> None:
    answer = post(server, "/agent/heartbeat", BEAT, **{"X-API-Key": "lsoc_live_0123456789abcdef"})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


def test_our_agent_sends_a_log_and_is_on_the_list(server: LiveServer, account: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text(
        "2026-11-26T10:00:00+00:00 db-9 sshd[5]: Failed password for agent-test-user from 198.51.100.9 port 9 ssh2\n"
    )
    arguments = ["agent", "run", "--once", "--from-start", "--server", server.url, "--watch", f"{log}:sshd"]
    done = subprocess.run(
        [sys.executable, "-m", "litesoc_server", *arguments, "--state-dir", str(tmp_path / "state")],
        env={**os.environ, "LITESOC_KEY": account["api_key"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "agent-test-user" not in done.stderr, "its log holds no personal data"
    headers = {"X-API-Key": account["api_key"]}
    query = {"actor_id": "agent-test-user"}
    (event,) = wait_until(
        lambda: httpx.get(f"{server.url}/events", params=query, headers=headers).json()["data"], len, what="the event"
    )
    assert event["metadata"]["source_hostname"] == "db-9"
    assert json.loads((tmp_path / "state" / "state.json").read_text())["requests"] == []
    versions = [row["user_agent"] for row in httpx.get(f"{server.url}/servers", headers=headers).json()["data"]]
    assert any(version.startswith("litesoc-server-agent/") for version in versions)
