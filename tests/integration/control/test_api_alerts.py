from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory, database_down, make_alert
from litesoc_server.alerts.assignment import assign
from litesoc_server.alerts.comments import add_comment
from litesoc_server.alerts.models import Alert, AlertTransition
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import AlertSeverity, AlertType, Fact
from litesoc_server.events.envelope import Environment
from litesoc_server.events.risk import Risk
from litesoc_server.notify.compose import compose_alert
from litesoc_server.notify.message import Occasion
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.detect.detectors import brute_force_address
from litesoc_server.store.base import EventStore
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.stream.base import Stream
from litesoc_server.wire.moments import iso_utc
from management_api import STORE_MEMORY_BYTES, Tenant, make_event, serving, store_events

DAY_MS = 86_400_000
RESOLVE = {"action": "resolve", "resolution_type": "contacted_user"}


def test_an_alert_is_shown_with_why_it_fired(tenant: Tenant) -> None:
    alert = make_alert(tenant.org, actor_id="usr_8841", incident_key="credential_attack|ip:198.51.100.77")
    headline = alert.incident.headline
    answer = tenant.get(f"/alerts/{alert.id}")
    assert answer == {
        "success": True,
        "data": {
            "id": str(alert.id),
            "alert_type": "brute_force_attack",
            "severity": "medium",
            "status": "open",
            "title": "Brute force from 198.51.100.77",
            "description": "5 failed logins from one address within 5 minutes.",
            "source_ip": "198.51.100.77",
            "actor_id": "usr_8841",
            "created_at": iso_utc(alert.created_at),
            "updated_at": iso_utc(alert.updated_at),
            "resolved_at": None,
            "resolved_by": None,
            "trigger_event_id": headline.trigger_event_id,
            "forensics": {
                "network": {
                    "is_vpn": False,
                    "is_tor": False,
                    "is_proxy": False,
                    "is_datacenter": True,
                    "is_mobile": False,
                    "asn": 64500,
                    "asn_org": "Example Net",
                    "isp": "Example Net",
                    "threat_score": None,
                },
                "location": {
                    "city": "Bergen",
                    "region": "Vestland",
                    "country_code": "NO",
                    "country_name": None,
                    "timezone": "Europe/Oslo",
                    "latitude": 60.39,
                    "longitude": 5.32,
                },
            },
            "resolution_notes": None,
            "metadata": {
                "is_vpn": False,
                "is_tor": False,
                "is_proxy": None,
                "is_datacenter": True,
                "latitude": 60.39,
                "longitude": 5.32,
                "city": "Bergen",
                "country": "NO",
                "isp": "Example Net",
                "threat_score": None,
                "internal_notes": None,
                "resolution_type": None,
                "environment": "live",
                "detectors": ["brute_force_address"],
                "incident_key": "credential_attack|ip:198.51.100.77",
                "event_count": 5,
                "first_seen_at": "2026-05-28T20:25:40.000Z",
                "last_seen_at": "2026-05-28T20:26:40.000Z",
                "reasons": list(headline.reasons),
                "facts": [{"detector": "brute_force_address", "name": "failures_count", "value": 5, "threshold": 5}],
                "ruled_out": list(headline.ruled_out),
                "could_also_be": list(brute_force_address.DETECTOR.false_positives),
                "actions": list(headline.actions),
                "accounts_entered": [],
                "event_ids": list(alert.incident.event_ids),
                "assignee": None,
                "comments_count": 0,
            },
        },
        "meta": {"plan": "enterprise", "retention_days": 90, "redacted": False},
    }


def test_notifications_carry_the_same_alert(tenant: Tenant) -> None:
    alert = make_alert(tenant.org, actor_id="usr_8841", risk_score=40)
    carried = compose_alert(Alert.objects.get(pk=alert.pk), Occasion.ALERT_CREATED).alert_json
    assert msgspec.json.decode(carried) == tenant.get(f"/alerts/{alert.id}")["data"]


def test_an_alert_shows_the_score_of_the_login_that_triggered_it(tenant: Tenant) -> None:
    shown = tenant.get(f"/alerts/{make_alert(tenant.org, risk_score=88).id}")["data"]
    assert shown["metadata"]["threat_score"] == 88
    assert shown["forensics"]["network"]["threat_score"] == 88


def test_the_score_of_an_earlier_login_is_read_from_its_event(tenant: Tenant, store: EventStore) -> None:
    login = make_event(tenant.org, name="auth.login_success", risk=Risk(64, 1.5, ()))
    store_events(store, login)
    alert = make_alert(tenant.org, trigger_event_id=login.event_id, event_ids=(login.event_id,))
    stranger = Tenant()
    theirs = make_alert(stranger.org, trigger_event_id=login.event_id, event_ids=(login.event_id,))
    assert tenant.get(f"/alerts/{alert.id}")["data"]["metadata"]["threat_score"] == 64
    assert tenant.get("/alerts")["data"][0]["metadata"]["threat_score"] == 64
    assert stranger.get(f"/alerts/{theirs.id}")["data"]["metadata"]["threat_score"] is None


def test_alerts_are_shown_while_the_store_is_away(
    tenant: Tenant, stream: Stream, clock: ManualClock, tmp_path: Path
) -> None:
    alert = make_alert(tenant.org)
    with serving(ChdbStore(tmp_path, memory_bytes=STORE_MEMORY_BYTES), stream, clock):  # never opened
        assert tenant.get(f"/alerts/{alert.id}")["data"]["metadata"]["threat_score"] is None


def test_an_alert_without_an_address_has_no_forensics(tenant: Tenant) -> None:
    alert = make_alert(tenant.org, geo=None, network=None, source_ip=None)
    shown = tenant.get(f"/alerts/{alert.id}")["data"]
    assert shown["forensics"] is None
    assert shown["metadata"]["is_vpn"] is None


def test_numbers_keep_their_kind(tenant: Tenant) -> None:
    facts = (Fact("speed_kmh", 1234.5, 1000), Fact("country", "NO"), Fact("logins_count", 3, 3))
    shown = tenant.get(f"/alerts/{make_alert(tenant.org, facts=facts).id}")["data"]["metadata"]["facts"]
    assert [fact["value"] for fact in shown] == [1234.5, "NO", 3]
    assert [type(fact["value"]) for fact in shown] == [float, str, int]


def test_lists_are_paged_newest_first(tenant: Tenant) -> None:
    alerts = [make_alert(tenant.org) for _ in range(5)]
    first, last = tenant.get("/alerts", limit=2), tenant.get("/alerts/list", limit=2, offset=4)
    assert [row["id"] for row in first["data"]] == [str(alerts[4].id), str(alerts[3].id)]
    assert first["pagination"] == {"total": 5, "limit": 2, "offset": 0, "has_more": True}
    assert [row["id"] for row in last["data"]] == [str(alerts[0].id)]
    assert last["pagination"] == {"total": 5, "limit": 2, "offset": 4, "has_more": False}
    assert first["meta"] == {
        "plan": "enterprise",
        "retention_days": 90,
        "cutoff_date": "2026-02-27T20:26:40.000Z",
        "redacted": False,
        "max_limit": 500,
    }


@pytest.mark.parametrize(
    ("plan", "asked", "used"), [("enterprise", None, 100), ("enterprise", 501, 500), ("pro", 500, 200), ("pro", 7, 7)]
)
def test_too_large_a_page_is_cut_to_the_plans(keys: object, plan: str, asked: int | None, used: int) -> None:
    answer = Tenant(OrganizationFactory(plan=plan)).get("/alerts", **({} if asked is None else {"limit": asked}))
    assert answer["pagination"]["limit"] == used
    assert answer["meta"]["max_limit"] == {"pro": 200, "enterprise": 500}[plan]


def test_filters_take_old_spellings_too(tenant: Tenant) -> None:
    brute = make_alert(tenant.org)
    travel = make_alert(tenant.org, alert_type=AlertType.IMPOSSIBLE_TRAVEL, severity=AlertSeverity.CRITICAL)
    tenant.call("PATCH", f"/alerts/{travel.id}", {"action": "mark_safe"})

    def ids(**query: object) -> set[str]:
        return {row["id"] for row in tenant.get("/alerts", **query)["data"]}

    both = {str(brute.id), str(travel.id)}
    assert ids() == ids(status="", severity="", alert_type="", start_date="", end_date="", limit="") == both
    assert ids(status="open") == ids(status="active") == ids(status="OPEN") == {str(brute.id)}
    assert ids(status="dismissed") == ids(status="safe") == {str(travel.id)}
    assert ids(status="resolved") == ids(status="acknowledged") == set()
    assert ids(severity="critical") == {str(travel.id)}
    assert ids(alert_type="brute_force_attack") == ids(alert_type="brute_force") == {str(brute.id)}
    assert ids(alert_type="impossible_travel", severity="critical", status="dismissed") == {str(travel.id)}


def test_dates_include_their_ends(tenant: Tenant) -> None:
    alert = make_alert(tenant.org)
    made = iso_utc(alert.created_at)
    day = made[:10]

    def total(**query: str) -> int:
        return int(tenant.get("/alerts", **query)["pagination"]["total"])

    assert total(start_date=day) == total(end_date=day) == total(start_date=day, end_date=day) == 1
    assert total(start_date=made, end_date=made) == 1
    assert total(start_date=made.replace("Z", "+00:00")) == 1
    assert total(end_date=iso_utc(alert.created_at - timedelta(milliseconds=1))) == 0
    assert total(start_date=iso_utc(alert.created_at + timedelta(milliseconds=1))) == 0
    assert total(start_date="0001-01-01T00:00:00+14:00", end_date="9999-12-31T23:59:59-14:00") == 1
    assert total(end_date="1969-01-01") == total(start_date="9999-12-31") == 0


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("status=closed", ["status", "open", "acknowledged", "resolved", "dismissed"]),
        ("severity=warning", ["severity", "low", "medium", "high", "critical"]),
        ("alert_type=ddos", ["alert_type", "impossible_travel", "rate_limit_exceeded"]),
        ("start_date=yesterday", ["start_date", "ISO 8601"]),
        ("end_date=2026-13-40", ["end_date", "ISO 8601"]),
        ("limit=x", ["limit"]),
        ("offset=-1", ["offset"]),
    ],
)
def test_bad_parameters_are_named_with_what_they_must_be(tenant: Tenant, query: str, texts: list[str]) -> None:
    response = tenant.call("GET", f"/alerts?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_FAILED")
    for text in texts:
        assert text in response.json()["message"]


@pytest.mark.parametrize("alert_id", ["1", "00000000-0000-0000-0000-000000000000", "a b", "%00", "é"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_unknown_ids_are_not_found(tenant: Tenant, method: str, alert_id: str) -> None:
    response = tenant.call(method, f"/alerts/{alert_id}", RESOLVE if method == "PATCH" else None)
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_retention_goes_by_the_last_event(tenant: Tenant, clock: ManualClock) -> None:
    old = make_alert(tenant.org, first_seen_ms=NOW_MS - 99 * DAY_MS, last_seen_ms=NOW_MS - 90 * DAY_MS)
    assert tenant.get("/alerts")["pagination"]["total"] == 1
    clock.advance_ms(1_000)
    assert tenant.get("/alerts")["pagination"]["total"] == 0
    for method in ("GET", "PATCH"):
        assert tenant.call(method, f"/alerts/{old.id}", RESOLVE if method == "PATCH" else None).status_code == 404
    old.refresh_from_db()
    assert old.status == "open"


def test_alerts_about_test_events_are_for_test_keys(tenant: Tenant) -> None:
    tests = Tenant(tenant.org, {"environment": Environment.TEST})
    live, test = make_alert(tenant.org), make_alert(tenant.org, environment=Environment.TEST)
    assert [row["id"] for row in tenant.get("/alerts")["data"]] == [str(live.id)]
    assert [row["id"] for row in tests.get("/alerts")["data"]] == [str(test.id)]
    assert tenant.call("PATCH", f"/alerts/{test.id}", RESOLVE).status_code == 404


# --- changes


def change(tenant: Tenant, alert: Alert, body: object) -> dict[str, Any]:
    response = tenant.call("PATCH", f"/alerts/{alert.id}", body)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def alert(tenant: Tenant) -> Alert:
    return make_alert(tenant.org)


def test_resolving_is_confirmed_and_kept(tenant: Tenant, alert: Alert) -> None:
    answer = change(tenant, alert, {**RESOLVE, "internal_notes": "called her", "resolved_by": "ops@shop.example"})
    alert.refresh_from_db()
    assert answer == {
        "success": True,
        "data": {
            "id": str(alert.id),
            "status": "resolved",
            "action": "resolve",
            "resolution_type": "contacted_user",
            "resolved_at": iso_utc(alert.resolved_at or alert.created_at),
            "resolved_by": "ops@shop.example",
            "updated_at": iso_utc(alert.updated_at),
        },
        "meta": {"plan": "enterprise", "retention_days": 90},
    }
    shown = tenant.get(f"/alerts/{alert.id}")["data"]
    assert (shown["status"], shown["resolved_by"]) == ("resolved", "ops@shop.example")
    assert shown["resolved_at"] == answer["data"]["resolved_at"]
    assert (shown["metadata"]["internal_notes"], shown["metadata"]["resolution_type"]) == ("called her", "contacted_user")
    line = AlertTransition.objects.get(alert=alert)
    assert (line.by, line.principal) == ("ops@shop.example", f"key:{tenant.key_id}")


def test_marking_safe_dismisses_without_a_resolution(tenant: Tenant, alert: Alert) -> None:
    data = change(tenant, alert, {"action": "mark_safe", "internal_notes": "a trip"})["data"]
    assert (data["status"], data["action"], data["resolution_type"]) == ("dismissed", "mark_safe", None)
    assert (data["resolved_at"], data["resolved_by"]) == (None, "test key")
    assert tenant.get(f"/alerts/{alert.id}")["data"]["metadata"]["internal_notes"] == "a trip"


@pytest.mark.parametrize("resolution", ["blocked_ip", "reset_password", "contacted_user", "false_positive", "other"])
def test_a_decision_may_be_replaced(tenant: Tenant, alert: Alert, resolution: str) -> None:
    change(tenant, alert, {"action": "mark_safe"})
    data = change(tenant, alert, {"action": "resolve", "resolution_type": resolution})["data"]
    assert (data["status"], data["resolution_type"]) == ("resolved", resolution)


def test_the_same_change_again_gives_the_same_answer(tenant: Tenant, alert: Alert) -> None:
    assert change(tenant, alert, RESOLVE) == change(tenant, alert, RESOLVE)
    assert AlertTransition.objects.count() == 1


def test_acknowledging(tenant: Tenant, alert: Alert) -> None:
    assert change(tenant, alert, {"action": "acknowledge"})["data"]["status"] == "acknowledged"
    change(tenant, alert, RESOLVE)
    response = tenant.call("PATCH", f"/alerts/{alert.id}", {"action": "acknowledge"})
    assert (response.status_code, response.json()["code"]) == (409, "ALERT_CONFLICT")
    assert "resolved" in response.json()["message"]


# Bodies of SDKs before 2.2 (contract 1.2): status instead of action, free resolutions, other names for notes.
@pytest.mark.parametrize(
    ("body", "status", "resolution", "note"),
    [
        ({"status": "resolved", "resolution_type": "resolved", "resolution_notes": "n"}, "resolved", "other", "n"),
        ({"status": "resolved", "resolution_type": "false_positive", "notes": "p"}, "resolved", "false_positive", "p"),
        ({"status": "resolved"}, "resolved", "other", None),
        ({"status": "dismissed", "resolution_notes": ""}, "dismissed", None, None),
        ({"status": "safe", "notes": "fine", "resolution_type": None}, "dismissed", None, "fine"),
        ({"action": None, "status": "RESOLVED"}, "resolved", "other", None),
        ({**RESOLVE, "unknown": 1, "internal_notes": None, "resolved_by": " "}, "resolved", "contacted_user", None),
    ],
)
def test_bodies_of_every_client_version(
    tenant: Tenant, alert: Alert, body: dict[str, object], status: str, resolution: str | None, note: str | None
) -> None:
    data = change(tenant, alert, body)["data"]
    assert (data["status"], data["resolution_type"], data["resolved_by"]) == (status, resolution, "test key")
    assert tenant.get(f"/alerts/{alert.id}")["data"]["metadata"]["internal_notes"] == note


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/alerts/{id}/resolve", {"resolution_type": "resolved", "internal_notes": "n"}, "resolved"),
        ("/alerts/{id}/resolve", None, "resolved"),
        ("/alerts/{id}/safe", {"internal_notes": "n"}, "dismissed"),
        ("/alerts/{id}/safe", None, "dismissed"),
        ("/alerts/resolve", {"alert_id": "{id}", "resolution_type": "blocked_ip"}, "resolved"),
        ("/alerts/safe", {"alert_id": "{id}"}, "dismissed"),
    ],
)
def test_older_paths(tenant: Tenant, alert: Alert, path: str, body: dict[str, str] | None, status: str) -> None:
    body = body and {name: value.replace("{id}", str(alert.id)) for name, value in body.items()}
    response = tenant.call("POST", path.replace("{id}", str(alert.id)), body)
    assert response.status_code == 200, response.content
    assert response.json()["data"]["status"] == status


@pytest.mark.parametrize(
    ("body", "code", "texts"),
    [
        ({}, "VALIDATION_FAILED", ["action", "resolve", "mark_safe"]),
        (None, "VALIDATION_FAILED", []),
        ({"action": "close"}, "VALIDATION_FAILED", ["action", "resolve, mark_safe"]),
        ({"action": "resolve"}, "VALIDATION_FAILED", ["resolution_type", "blocked_ip", "other"]),
        ({"action": "resolve", "resolution_type": "fixed"}, "VALIDATION_FAILED", ["resolution_type", "false_positive"]),
        ({"action": 1}, "VALIDATION_FAILED", ["action", "string"]),
        ({"status": "closed"}, "VALIDATION_FAILED", ["status", "resolved"]),
        ({**RESOLVE, "internal_notes": "x" * 2_001}, "VALIDATION_FAILED", ["internal_notes", "2000"]),
        ({**RESOLVE, "internal_notes": ["a"]}, "VALIDATION_FAILED", ["internal_notes"]),
        ({**RESOLVE, "resolved_by": "x" * 256}, "VALIDATION_FAILED", ["resolved_by", "255"]),
        ([], "VALIDATION_FAILED", []),
        ("text", "VALIDATION_FAILED", []),
        (b"{", "INVALID_JSON", ["JSON"]),
        (b'{"action": NaN}', "INVALID_JSON", []),
        (b'{"internal_notes": "\xff"}', "INVALID_JSON", ["UTF-8"]),
        (b'{"internal_notes": "\\ud800"}', "INVALID_JSON", []),
        (b"[" * 100_000, "INVALID_JSON", []),
        (b"\x00", "INVALID_JSON", []),
        ({**RESOLVE, "internal_notes": "a\x00b"}, "VALIDATION_FAILED", ["internal_notes", "U+0000"]),
        ({**RESOLVE, "resolved_by": "\x00"}, "VALIDATION_FAILED", ["resolved_by", "U+0000"]),
    ],
)
def test_bad_bodies_are_refused_and_change_nothing(
    tenant: Tenant, alert: Alert, body: object, code: str, texts: list[str]
) -> None:
    response = tenant.call("PATCH", f"/alerts/{alert.id}", body)
    assert (response.status_code, response.json()["code"]) == (400, code)
    for text in texts:
        assert text in response.json()["message"]
    alert.refresh_from_db()
    assert alert.status == "open"


def test_longest_notes_and_strange_characters_are_kept(tenant: Tenant, alert: Alert) -> None:
    change(tenant, alert, {**RESOLVE, "internal_notes": "é" * 2_000})
    change(tenant, alert, {**RESOLVE, "internal_notes": "a\\u0000\x7f", "resolved_by": "é\uffff"})
    shown = tenant.get(f"/alerts/{alert.id}")["data"]
    assert shown["metadata"]["internal_notes"] == "a\\u0000\x7f"
    assert shown["resolved_by"] == "é\uffff"


def test_too_large_a_body_is_refused(tenant: Tenant, alert: Alert) -> None:
    response = tenant.call("PATCH", f"/alerts/{alert.id}", b" " * (1024**2 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_while_the_database_is_away_nothing_is_promised(tenant: Tenant, alert: Alert) -> None:
    tenant.get("/alerts")
    with database_down():
        responses = [tenant.call("GET", "/alerts"), tenant.call("PATCH", f"/alerts/{alert.id}", RESOLVE)]
    for response in responses:
        assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(response["Retry-After"]) == response.json()["retry_after"] > 0
        assert "secret" not in response.content.decode()


def test_a_stored_incident_is_read_whatever_order_the_database_keeps(tenant: Tenant, alert: Alert) -> None:
    assert msgspec.to_builtins(alert.incident) == msgspec.to_builtins(Alert.objects.get(pk=alert.pk).incident)


def test_alerts_are_searched_with_a_query_beside_the_filters(tenant: Tenant) -> None:
    travel = make_alert(tenant.org, alert_type=AlertType.IMPOSSIBLE_TRAVEL, severity=AlertSeverity.CRITICAL)
    make_alert(tenant.org)

    def ids(**query: object) -> list[str]:
        return [row["id"] for row in tenant.get("/alerts", **query)["data"]]

    assert ids(query="type:impossible_travel -severity:low") == [str(travel.id)]
    assert ids(query="type:impossible_travel", severity="low") == []
    response = tenant.call("GET", "/alerts?query=status:opn")
    assert (response.status_code, response.json()["position"]) == (400, 7)
    assert "did you mean `open`?" in response.json()["message"]


def test_an_alert_says_whose_it_is_and_how_much_was_said(tenant: Tenant) -> None:
    alert = make_alert(tenant.org)
    jo = MembershipFactory(org=tenant.org).user
    assign(alert, jo, who=Who(by="Mira", principal="user:1"))
    add_comment(alert, "hm", author=jo)
    (listed,) = tenant.get("/alerts")["data"]
    shown = tenant.get(f"/alerts/{alert.id}")["data"]
    for one in (listed, shown):
        assert (one["metadata"]["assignee"], one["metadata"]["comments_count"]) == (jo.email, 1)
