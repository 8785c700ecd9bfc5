"""What the hosted service's own script for integrations sends, against a server set up for it (contract A.10), and sources.

The script asks for 200 or 201 of each of its four requests: an event, an Auth0 record and a Supabase change with the key in
the address, and an event from an address of the Tor network.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from http_client import Api, wait_until
from live_server import LiveServer
from started_before import started_before


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = started_before(tmp_path_factory.mktemp("server") / "data", env={"LITESOC_COLLECT_STATUS": "200"})
    live.start()
    yield live
    live.stop()


@pytest.fixture(scope="module")
def key(account: dict[str, str]) -> str:
    return account["api_key"]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def auth0_record(log_id: str, log_type: str = "s") -> dict[str, Any]:
    return {
        "log_id": log_id,
        "data": {
            "date": now(),
            "type": log_type,
            "description": "Successful login",
            "connection": "Username-Password-Authentication",
            "client_id": "test-client",
            "client_name": "Test App",
            "ip": "198.51.100.25",
            "user_agent": "Mozilla/5.0 Test",
            "user_id": "auth0|test123",
            "user_name": "test@example.com",
        },
    }


def supabase_insert() -> dict[str, Any]:
    record = {
        "id": "test-uuid-123",
        "email": "supabase-test@example.com",
        "created_at": now(),
        "encrypted_password": "$2a$x",
    }
    return {"type": "INSERT", "table": "users", "schema": "auth", "record": record, "old_record": None}


def plain_event(address: str, **metadata: object) -> dict[str, Any]:
    actor = {"id": "test-user-123", "email": "test@example.com"}
    return {"event": "auth.login_success", "actor": actor, "user_ip": address, "metadata": {"test": True, **metadata}}


def deliver(api: Api, source: str, key: str, body: object) -> Any:
    answer = api.http.post(f"/webhooks/{source}", params={"api_key": key}, json=body, headers={"X-API-Key": ""})
    assert answer.status_code == 200, answer.text
    return answer


def test_the_scripts_requests_are_answered_200_and_their_events_arrive(api: Api, key: str, server: LiveServer) -> None:
    assert api.http.get("/health", headers={"X-API-Key": ""}).status_code == 200
    assert api.collect(plain_event("203.0.113.50")).status_code == 200
    taken = {"success": True, "status": "queued", "received": 1, "queued": 1, "ignored": 0}
    auth0 = deliver(api, "auth0", key, [auth0_record("test-log-123")])
    assert auth0.json() == taken
    assert {"x-litesoc-plan", "x-litesoc-retention"} <= set(auth0.headers)
    assert deliver(api, "supabase", key, supabase_insert()).json() == taken
    assert api.collect(plain_event("185.220.101.1", mfa_used=True)).status_code == 200
    broken = b'{"event": "auth.login_success", "actor": {"id": "a", "email": "a@example.com",}}'  # as the script has it
    assert api.http.post("/collect", content=broken).json()["code"] == "INVALID_JSON"

    found = api.wait_for_events(4)
    assert sorted(event["event_name"] for event in found) == ["admin.user_created", *["auth.login_success"] * 3]
    (stream,) = [event for event in found if event["metadata"].get("source") == "auth0-log-stream"]
    assert (stream["actor"]["id"], stream["user_ip"]) == ("auth0|test123", "198.51.100.25")
    assert stream["metadata"]["log_id"] == "test-log-123"
    assert key not in server.log_text()
    assert "$2a" not in str(found)


def test_a_record_that_is_delivered_again_is_shown_once(api: Api, key: str) -> None:
    batch = [auth0_record(f"again-{number}", "fu") for number in range(50)]
    for _ in range(3):
        assert deliver(api, "auth0", key, batch).json()["queued"] == 50
    deliver(api, "auth0", key, [auth0_record("last-one", "slo")])

    api.wait_for_events(1, event_name="auth.logout")
    assert api.events(event_name="auth.login_failed")["pagination"]["total"] == 50


def test_the_source_says_how_it_stands(api: Api, key: str, server: LiveServer) -> None:
    deliver(api, "auth0", key, [auth0_record("stands-1"), auth0_record("stands-2", "sapi")])
    assert api.http.post("/webhooks/auth0", content=b"{").status_code == 400

    def state() -> Any:
        (found,) = [one for one in api.http.get("/sources").json()["data"] if one["id"] == "auth0"]
        return found

    found = wait_until(state, lambda one: one["refused"], what="the counts")
    assert (found["status"], found["refused"]) == ("errors", {"INVALID_JSON": 1})
    assert found["ignored"] == {"unknown_type": 1}
    listed = server.litesoc_json("sources", "list")
    assert [one["id"] for one in listed][:2] == ["auth0", "supabase"]
    assert listed[0]["queued"] == found["queued"]
    kept = server.litesoc_json("sources", "add", "auth0", "--keep-unknown")
    assert kept["keeps_unknown"] is True
    refused = server.litesoc("sources", "secret", "auth0", stdin="whatever\n")
    assert (refused.returncode, "does not sign" in refused.stderr) == (1, True)
