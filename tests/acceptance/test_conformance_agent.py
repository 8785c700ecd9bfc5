"""The server agent's side of the wire contract (section 7, appendix A.7), on a running server; and ours against it."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from forked_processes import run_forked
from http_client import wait_until
from live_server import LiveServer
from tenants import TenantApi

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


def test_a_batch_of_fifty_with_redacted_values_is_taken_whole(shared_server: LiveServer, shop: TenantApi) -> None:
    answer = post(
        shared_server, "/collect/batch", {"events": [agent_event(n) for n in range(50)]}, **{"X-API-Key": shop.key}
    )
    assert answer.status_code == 202
    assert (answer.json()["queued"], answer.json().get("rejected", 0)) == (50, 0)


@pytest.mark.parametrize(
    "path", ["/agent/heartbeat", "/v1/agent/heartbeat", "/api/v1/agent/heartbeat", "//agent/heartbeat/"]
)
def test_a_heartbeat_is_answered_with_exactly_200_on_every_base_path(
    shared_server: LiveServer, shop: TenantApi, path: str
) -> None:
    for body in (BEAT, BEAT | {"recent_logs": [LINE]}):
        answer = post(shared_server, path, body, **{"x-api-key": shop.key})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert "P@ss" not in httpx.get(f"{shared_server.url}/servers", headers={"X-API-Key": shop.key}).text


def test_an_installer_that_probes_with_a_wrong_key_is_told(shared_server: LiveServer) -> None:
    answer = post(shared_server, "/agent/heartbeat", BEAT, **{"X-API-Key": "lsoc_live_0123456789abcdef"})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


def test_our_agent_sends_a_log_and_is_on_the_list(shared_server: LiveServer, shop: TenantApi, tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text(
        "2026-11-26T10:00:00+00:00 db-9 sshd[5]: Failed password for agent-test-user from 198.51.100.9 port 9 ssh2\n"
    )
    arguments = ["agent", "run", "--once", "--from-start", "--server", shared_server.url, "--watch", f"{log}:sshd"]
    state = ("--state-dir", str(tmp_path / "state"))
    done = run_forked("litesoc_server", *arguments, *state, env={**os.environ, "LITESOC_KEY": shop.key})
    assert done.returncode == 0, done.stderr
    assert "agent-test-user" not in done.stderr, "its log holds no personal data"
    headers = {"X-API-Key": shop.key}
    query = {"actor_id": "agent-test-user"}
    (event,) = wait_until(
        lambda: httpx.get(f"{shared_server.url}/events", params=query, headers=headers).json()["data"], len, what="the event"
    )
    assert event["metadata"]["source_hostname"] == "db-9"
    assert json.loads((tmp_path / "state" / "state.json").read_text())["requests"] == []
    versions = [row["user_agent"] for row in httpx.get(f"{shared_server.url}/servers", headers=headers).json()["data"]]
    assert any(version.startswith("litesoc-server-agent/") for version in versions)
