"""The vendor's Python SDK, unmodified, reads events and alerts and changes alerts; and meets every class of error."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from litesoc import (
    Alert,
    Forensics,
    LiteSOC,
    LiteSOCAuthError,
    LiteSOCError,
    NotFoundError,
    PlanRestrictedError,
    RateLimitError,
    ValidationError,
)

from http_client import failed_login, wait_until
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants, free

PREFIXES = ("", "/v1", "/api/v1")
ATTACKER = "185.220.101.34"
RESOLUTIONS = ("blocked_ip", "reset_password", "contacted_user", "false_positive", "other")
DELETERS = [f"deleter-{number}" for number in range(8)]


@pytest.fixture(scope="module")
def tenants(shared_server: LiveServer) -> dict[str, TenantApi]:
    """One organisation per base path, each with the alerts of the same attack."""
    made = create_tenants(shared_server, *(Tenant(name=f"Shop at {prefix or '/'}") for prefix in PREFIXES))
    for tenant in made:
        _attack(tenant)
    for tenant in made:
        wait_until(
            lambda tenant=tenant: {(row["alert_type"], row["actor_id"]) for row in tenant.alerts()["data"]},
            lambda seen: (
                {("data_exfiltration", name) for name in DELETERS} <= seen
                and {"brute_force_attack", "privilege_escalation"} <= {alert_type for alert_type, _ in seen}
            ),
            what="the alerts",
        )
        tenant.wait_for_events(len(DELETERS) + 7)  # alerts do not wait for the store
    return dict(zip(PREFIXES, made, strict=True))


@pytest.fixture(scope="module")
def limited(shared_server: LiveServer) -> dict[str, TenantApi]:
    """Organisations that may not do everything, by name; one busy shop per base path, as its limit is used up."""
    busy = [Tenant(name=f"busy{prefix}", per_minute=2) for prefix in PREFIXES]
    made = create_tenants(shared_server, free("small"), Tenant(name="sender", scopes="ingest"), *busy)
    return {api.tenant.name: api for api in made}


def _attack(tenant: TenantApi) -> None:
    deletions = [
        {"event": "data.bulk_delete", "actor": {"id": name}, "user_ip": "129.240.118.130", "metadata": {"n": number}}
        for number, name in enumerate(DELETERS)
    ]
    rise = {"event": "admin.privilege_escalation", "actor": {"id": "riser"}, "user_ip": "129.240.118.130"}
    answer = tenant.collect(*deletions, rise, *[failed_login(ATTACKER, f"user-{number}") for number in range(6)])
    assert answer.json()["queued"] == len(DELETERS) + 7


@pytest.fixture(params=PREFIXES, ids=lambda prefix: prefix or "bare")
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sdk(shared_server: LiveServer, tenants: dict[str, TenantApi], prefix: str) -> Iterator[LiteSOC]:
    with LiteSOC(tenants[prefix].key, base_url=shared_server.url + prefix, batching=False, silent=False) as client:
        yield client


def _ids(answer: dict[str, Any]) -> set[str]:
    return {row["id"] for row in answer["data"]}


def _open_alert(sdk: LiteSOC, actor_id: str) -> str:
    return next(row["id"] for row in sdk.get_alerts()["data"] if row["actor_id"] == actor_id)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 15),
        ({"event_name": "data.bulk_delete"}, 8),
        ({"actor_id": "riser"}, 1),
        ({"severity": "warning"}, 6),
        ({"severity": "critical"}, 9),
        ({"severity": "info"}, 0),
        ({"event_name": "auth.login_failed", "actor_id": "user-3", "severity": "warning"}, 1),
        ({"actor_id": "nobody"}, 0),
    ],
)
def test_get_events(sdk: LiteSOC, filters: dict[str, str], count: int) -> None:
    answer = sdk.get_events(**filters)

    assert len(answer["data"]) == count
    assert answer["pagination"] == {"total": count, "limit": 50, "offset": 0, "has_more": False}
    for row in answer["data"]:
        assert all(row[field] == value for field, value in filters.items())


def test_get_events_in_pages(sdk: LiteSOC) -> None:
    pages = [sdk.get_events(limit=6, offset=offset) for offset in (0, 6, 12, 18)]

    assert [len(page["data"]) for page in pages] == [6, 6, 3, 0]
    assert [page["pagination"]["has_more"] for page in pages] == [True, True, False, False]
    assert set().union(*map(_ids, pages)) == _ids(sdk.get_events())


def test_get_event(sdk: LiteSOC) -> None:
    listed = sdk.get_events(actor_id="riser")["data"][0]

    assert sdk.get_event(listed["id"])["data"] == listed


@pytest.mark.parametrize("severity", ["low", "medium", "high", "critical"])
def test_get_alerts_by_severity(sdk: LiteSOC, severity: str) -> None:
    expected = {row["id"] for row in sdk.get_alerts()["data"] if row["severity"] == severity}

    assert _ids(sdk.get_alerts(severity=severity)) == expected


@pytest.mark.parametrize(
    "alert_type",
    [
        "impossible_travel",
        "brute_force_attack",
        "geo_anomaly",
        "new_device",
        "privilege_escalation",
        "data_exfiltration",
        "suspicious_activity",
        "rate_limit_exceeded",
    ],
)
def test_get_alerts_by_type(sdk: LiteSOC, alert_type: str) -> None:
    expected = {row["id"] for row in sdk.get_alerts()["data"] if row["alert_type"] == alert_type}

    assert _ids(sdk.get_alerts(alert_type=alert_type)) == expected
    assert bool(expected) == (alert_type in {"brute_force_attack", "privilege_escalation", "data_exfiltration"})


def test_get_alerts_in_pages(sdk: LiteSOC) -> None:
    everything = sdk.get_alerts()
    total = everything["pagination"]["total"]
    pages = [sdk.get_alerts(limit=4, offset=offset) for offset in range(0, total + 4, 4)]

    assert everything["pagination"] == {"total": total, "limit": 100, "offset": 0, "has_more": False}
    assert [row["id"] for page in pages for row in page["data"]] == [row["id"] for row in everything["data"]]
    assert [page["pagination"]["has_more"] for page in pages] == [(number + 1) * 4 < total for number in range(len(pages))]


def test_get_alert_as_the_sdk_models_it(sdk: LiteSOC) -> None:
    listed = next(row for row in sdk.get_alerts()["data"] if row["source_ip"] == ATTACKER)
    row = sdk.get_alert(listed["id"])["data"]
    alert = Alert.from_dict(row)

    assert row == listed
    assert alert.alert_type == "brute_force_attack"
    assert alert.title
    assert alert.description
    assert alert.metadata
    forensics = Forensics.from_dict(row["forensics"])
    assert forensics is not None
    assert forensics.location.country_code == row["metadata"]["country"]


@pytest.mark.parametrize(("number", "resolution"), list(enumerate(RESOLUTIONS)))
def test_resolve_alert(sdk: LiteSOC, number: int, resolution: str) -> None:
    alert_id = _open_alert(sdk, DELETERS[number])
    answer = sdk.resolve_alert(alert_id, resolution, notes=f"note {number}", resolved_by="security-team")["data"]
    alert = sdk.get_alert(alert_id)["data"]

    assert (answer["id"], answer["status"], answer["action"]) == (alert_id, "resolved", "resolve")
    assert (answer["resolution_type"], answer["resolved_by"]) == (resolution, "security-team")
    assert answer["resolved_at"]
    assert (alert["status"], alert["resolved_by"], alert["resolved_at"]) == (
        "resolved",
        "security-team",
        answer["resolved_at"],
    )
    assert alert["metadata"]["resolution_type"] == resolution
    assert alert["metadata"]["internal_notes"] == f"note {number}"


def test_mark_alert_safe(sdk: LiteSOC) -> None:
    alert_id = _open_alert(sdk, DELETERS[5])
    answer = sdk.mark_alert_safe(alert_id, notes="a test", resolved_by="qa-automation")["data"]
    alert = sdk.get_alert(alert_id)["data"]

    assert (answer["status"], answer["action"], answer["resolution_type"]) == ("dismissed", "mark_safe", None)
    assert (answer["resolved_by"], answer["resolved_at"]) == ("qa-automation", None)
    assert (alert["status"], alert["metadata"]["internal_notes"]) == ("dismissed", "a test")


def test_without_a_name_the_key_is_named_as_the_resolver(sdk: LiteSOC, tenants: dict[str, TenantApi], prefix: str) -> None:
    key_name = f"key of {tenants[prefix].tenant.name}"

    assert sdk.resolve_alert(_open_alert(sdk, DELETERS[6]), "other")["data"]["resolved_by"] == key_name
    assert sdk.mark_alert_safe(_open_alert(sdk, DELETERS[7]))["data"]["resolved_by"] == key_name


@pytest.mark.parametrize("status", ["open", "acknowledged", "resolved", "dismissed"])
def test_get_alerts_by_status(sdk: LiteSOC, status: str) -> None:
    sdk.resolve_alert(_open_alert(sdk, DELETERS[0]), "other")
    sdk.mark_alert_safe(_open_alert(sdk, DELETERS[1]))
    expected = {row["id"] for row in sdk.get_alerts()["data"] if row["status"] == status}

    assert _ids(sdk.get_alerts(status=status)) == expected
    assert bool(expected) == (status != "acknowledged")


def test_unauthorized(shared_server: LiveServer, prefix: str) -> None:
    with LiteSOC("lsoc_live_unknown", base_url=shared_server.url + prefix) as client:
        for call in (client.get_events, client.get_alerts, client.get_health, lambda: client.get_event("1")):
            with pytest.raises(LiteSOCAuthError) as caught:
                call()
            assert (caught.value.status_code, caught.value.error_code) == (401, "UNAUTHORIZED")
            assert caught.value.message


def test_plan_restricted(shared_server: LiveServer, limited: dict[str, TenantApi], prefix: str) -> None:
    with LiteSOC(limited["small"].key, base_url=shared_server.url + prefix) as client:
        any_id = str(uuid.uuid4())
        for call in (
            client.get_alerts,
            lambda: client.get_alert(any_id),
            lambda: client.resolve_alert(any_id, "other"),
            lambda: client.mark_alert_safe(any_id),
        ):
            with pytest.raises(PlanRestrictedError) as caught:
                call()
            assert (caught.value.status_code, caught.value.error_code) == (403, "PLAN_RESTRICTED")
            assert caught.value.required_plan == "Pro"
            assert f"Upgrade to Pro at {shared_server.url}" in caught.value.message
        assert client.get_events()["meta"]["redacted"] is True


@pytest.mark.parametrize("unknown_id", ["3d0c6f5e-7d0e-7a0b-9a33-0c8a5f1d2b10", "alert_abc123"])
def test_not_found(sdk: LiteSOC, unknown_id: str) -> None:
    for call in (
        lambda: sdk.get_event(unknown_id),
        lambda: sdk.get_alert(unknown_id),
        lambda: sdk.resolve_alert(unknown_id, "other"),
        lambda: sdk.mark_alert_safe(unknown_id),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert (caught.value.status_code, caught.value.error_code) == (404, "NOT_FOUND")


def test_validation(sdk: LiteSOC) -> None:
    alert_id = _open_alert(sdk, "riser")
    for call in (
        lambda: sdk.get_events(severity="low"),
        lambda: sdk.get_alerts(status="closed"),
        lambda: sdk.get_alerts(severity="warning"),
        lambda: sdk.get_alerts(alert_type="flood"),
        lambda: sdk.resolve_alert(alert_id, "blocked_user"),
    ):
        with pytest.raises(ValidationError) as caught:
            call()
        assert (caught.value.status_code, caught.value.error_code) == (400, "VALIDATION_FAILED")


def test_rate_limited(shared_server: LiveServer, limited: dict[str, TenantApi], prefix: str) -> None:
    with LiteSOC(limited[f"busy{prefix}"].key, base_url=shared_server.url + prefix) as client:
        with pytest.raises(RateLimitError) as caught:  # noqa: PT012 # a new minute may begin once in between
            for _ in range(5):
                client.get_events()
        assert (caught.value.status_code, caught.value.error_code) == (429, "RATE_LIMIT_EXCEEDED")
        assert caught.value.retry_after is not None
        assert 1 <= caught.value.retry_after <= 60


def test_a_missing_scope_names_itself_in_the_error(
    shared_server: LiveServer, limited: dict[str, TenantApi], prefix: str
) -> None:
    with LiteSOC(limited["sender"].key, base_url=shared_server.url + prefix) as client:
        # This SDK shows every 403 as a plan error (contract 2.9), so the text has to explain itself.
        with pytest.raises(LiteSOCError, match="read") as caught:
            client.get_events()
        assert (caught.value.status_code, caught.value.error_code) == (403, "FORBIDDEN")
