"""PATCH of alerts as clients of every age write it, and what is refused (contract 1.2, 1.8, 2.5, 3.7)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from client_readings import node_single, read_error_as_everybody
from http_client import wait_until
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

Json = dict[str, Any]


@dataclass(frozen=True)
class Spare:
    """One open alert that no other test uses."""

    api: TenantApi
    alert_id: str

    def patch(self, body: Json) -> httpx.Response:
        return self.api.http.patch(f"/v1/alerts/{self.alert_id}", json=body)

    def now(self) -> Json:
        return node_single(self.api.page(f"/alerts/{self.alert_id}").json())


@pytest.fixture(scope="module")
def spares(shared_server: LiveServer) -> list[Spare]:
    """Open alerts, one per deleter: enough for every test below, and fewer than any ceiling per hour."""
    api = create_tenants(shared_server, Tenant(name="triage"))[0]
    names = [f"deleter-{number}" for number in range(20)]
    api.collect(*[{"event": "data.bulk_delete", "actor": {"id": name}} for name in names])
    wait_until(lambda: api.alerts()["pagination"]["total"], lambda total: total == len(names), what="the alerts to triage")
    return [Spare(api, row["id"]) for row in api.alerts()["data"]]


@pytest.fixture(scope="module")
def untouched(spares: list[Spare]) -> Spare:
    return spares.pop()


@pytest.fixture
def spare(spares: list[Spare]) -> Spare:
    return spares.pop()


# What today's and yesterday's clients send, and the decision it means: status, action, resolution type, notes, resolver.
CHANGES: list[tuple[Json, tuple[str, str, str | None, str | None, str | None]]] = [
    *(
        ({"action": "resolve", "resolution_type": name}, ("resolved", "resolve", name, None, None))
        for name in ("blocked_ip", "reset_password", "contacted_user", "false_positive", "other")
    ),
    (
        {"action": "resolve", "resolution_type": "other", "internal_notes": "n", "resolved_by": "litesoc-mcp-agent"},
        ("resolved", "resolve", "other", "n", "litesoc-mcp-agent"),
    ),
    ({"action": "mark_safe"}, ("dismissed", "mark_safe", None, None, None)),
    (
        {"action": "mark_safe", "internal_notes": "known", "resolved_by": "ops@shop.example"},
        ("dismissed", "mark_safe", None, "known", "ops@shop.example"),
    ),
    # SDKs before 2.2: `status` for `action`, free text as the type, notes under two names
    (
        {"status": "resolved", "resolution_type": "fixed", "resolution_notes": "node"},
        ("resolved", "resolve", "other", "node", None),
    ),
    ({"status": "resolved", "resolution_type": "ignored", "notes": "py"}, ("resolved", "resolve", "other", "py", None)),
    ({"status": "resolved"}, ("resolved", "resolve", "other", None, None)),
    ({"status": "resolved", "resolution_type": "false_positive"}, ("resolved", "resolve", "false_positive", None, None)),
    ({"status": "dismissed", "resolution_notes": "node"}, ("dismissed", "mark_safe", None, "node", None)),
    ({"status": "safe", "notes": "py"}, ("dismissed", "mark_safe", None, "py", None)),
]


@pytest.mark.parametrize(("body", "decision"), CHANGES, ids=lambda value: str(value)[:60])
def test_changes(spare: Spare, body: Json, decision: tuple[str | None, ...]) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    answer = spare.patch(body)
    confirmation, alert = node_single(answer.json()), spare.now()
    status, action, resolution_type, notes, resolved_by = decision

    assert answer.status_code == 200
    assert (confirmation["id"], confirmation["status"], confirmation["action"]) == (spare.alert_id, status, action)
    assert confirmation["resolution_type"] == resolution_type
    assert confirmation["resolved_by"] == (resolved_by or f"key of {spare.api.tenant.name}")
    assert (confirmation["resolved_at"] is not None) == (status == "resolved")
    assert datetime.fromisoformat(confirmation["updated_at"]) >= before
    assert answer.json()["meta"] == {"plan": "enterprise", "retention_days": 400}
    for name in ("status", "resolved_at", "resolved_by", "updated_at"):
        assert alert[name] == confirmation[name]
    assert alert["metadata"]["resolution_type"] == resolution_type
    assert alert["metadata"]["internal_notes"] == notes


@pytest.mark.parametrize(
    ("path", "body", "status", "resolution_type"),
    [
        ("/v1/alerts/{}/resolve", {"resolution_type": "resolved", "internal_notes": "n"}, "resolved", "other"),
        ("/api/v1/alerts/{}/resolve", {"resolution_type": "blocked_ip", "internal_notes": "n"}, "resolved", "blocked_ip"),
        ("/v1/alerts/{}/safe", {"internal_notes": "n"}, "dismissed", None),
    ],
)
def test_the_paths_of_the_first_node_2_0(
    spare: Spare, path: str, body: Json, status: str, resolution_type: str | None
) -> None:
    answer = spare.api.http.post(path.format(spare.alert_id), json=body)

    assert answer.status_code == 200
    assert node_single(answer.json())["status"] == status
    assert spare.now()["metadata"]["resolution_type"] == resolution_type
    assert spare.now()["metadata"]["internal_notes"] == "n"


def test_a_repeated_change_gives_the_same_answer(spare: Spare) -> None:
    body = {"action": "resolve", "resolution_type": "other", "resolved_by": "n8n"}

    assert spare.patch(body).json() == spare.patch(body).json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": "explode"}, "action"),
        ({"action": None}, "action"),
        ({"action": 5}, "action"),
        ({"status": "reopened"}, "status"),
        ({"action": "resolve"}, "resolution_type"),
        ({"action": "resolve", "resolution_type": "fixed"}, "resolution_type"),
        ({"action": "resolve", "resolution_type": "blocked_user"}, "resolution_type"),
        ({"action": "resolve", "resolution_type": 5}, "resolution_type"),
        ({"action": "resolve", "resolution_type": "other", "internal_notes": 5}, "internal_notes"),
        ({"action": "resolve", "resolution_type": "other", "internal_notes": "x" * 2001}, "internal_notes"),
        ({"action": "mark_safe", "resolved_by": {"id": "ops"}}, "resolved_by"),
    ],
)
def test_changes_that_cannot_be_read(untouched: Spare, body: Json, field: str) -> None:
    answer = untouched.patch(body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert field in answer.json()["error"]
    read_error_as_everybody(answer)
    assert untouched.now()["status"] == "open"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "VALIDATION_FAILED"),
        (b"{", "INVALID_JSON"),
        (b"\xff", "INVALID_JSON"),
        (b"[]", "VALIDATION_FAILED"),
        (b'"resolve"', "VALIDATION_FAILED"),
        (b"null", "VALIDATION_FAILED"),
    ],
)
def test_changes_that_are_no_object(untouched: Spare, content: bytes, code: str) -> None:
    path, headers = f"/alerts/{untouched.alert_id}", {"Content-Type": "application/json"}
    answer = untouched.api.http.patch(path, content=content, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    read_error_as_everybody(answer)
