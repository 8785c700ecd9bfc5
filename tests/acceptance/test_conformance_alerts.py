"""GET /alerts as clients of every age ask for it and read it (contract 1.2, 1.7, 2.3, 2.4, 4.2, 4.3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client_readings import mcp_alert_row, mcp_analyze_alert, node_list, node_single, read_error_as_everybody
from http_client import failed_login, wait_until
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants
from wire_types import assert_alert

Json = dict[str, Any]
ATTACKER = "185.220.101.34"
# Contract 3.1 and 8.1: events that alert at once, and the type of their alert.
INSTANT = {
    "authz.access_denied": "suspicious_activity",
    "authz.role_changed": "suspicious_activity",
    "admin.privilege_escalation": "privilege_escalation",
    "data.bulk_delete": "data_exfiltration",
    "data.sensitive_access": "data_exfiltration",
    "security.suspicious_activity": "suspicious_activity",
    "security.brute_force_detected": "suspicious_activity",
}


@pytest.fixture(scope="module")
def api(shared_server: LiveServer) -> TenantApi:
    """An organisation with one alert per instant event, one brute force and one impossible travel."""
    made = create_tenants(shared_server, Tenant(name="alerts"))[0]
    made.collect(*[{"event": name, "actor": {"id": f"by {name}"}, "user_ip": "129.240.118.130"} for name in INSTANT])
    # The simulation of the WordPress plug-in (contract 8.1): 15 failures on 5 users from one address.
    made.collect(*[failed_login(ATTACKER, f"user-{number % 5}") for number in range(15)])
    wait_until(
        lambda: {row["actor_id"] for row in made.alerts()["data"] if row["source_ip"] != ATTACKER},
        lambda actors: {f"by {name}" for name in INSTANT} <= actors,
        what="the alerts of the instant events",
    )
    made.wait_for_alert(source_ip=ATTACKER)
    made.wait_for_events(len(INSTANT) + 15)  # alerts do not wait for the store
    return made


@pytest.mark.parametrize(("name", "alert_type"), list(INSTANT.items()))
def test_instant_events_alert_at_once(api: TenantApi, name: str, alert_type: str) -> None:
    alert = next(row for row in api.alerts()["data"] if row["actor_id"] == f"by {name}")

    assert alert["alert_type"] == alert_type
    assert alert["severity"] in {"high", "critical"}
    assert alert["status"] == "open"
    assert api.page(f"/events/{alert['trigger_event_id']}").json()["data"]["event_name"] == name


def test_the_brute_force_simulation_of_the_wordpress_plugin_is_one_alert(api: TenantApi) -> None:
    alerts = [row for row in api.alerts(alert_type="brute_force_attack")["data"] if row["source_ip"] == ATTACKER]

    assert len(alerts) == 1
    assert api.alerts(alert_type="brute_force")["data"] == api.alerts(alert_type="brute_force_attack")["data"]


def test_every_row_has_every_field_in_its_type(api: TenantApi) -> None:
    rows = node_list(api.alerts())

    for row in rows:
        assert_alert(row)
        assert mcp_alert_row(row)
        mcp_analyze_alert(row)
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)


def test_where_the_attack_came_from_is_in_all_three_places(api: TenantApi) -> None:
    alert = next(row for row in api.alerts()["data"] if row["actor_id"] == "by data.bulk_delete")

    assert alert["forensics"]["network"]["asn"] == 224
    assert alert["forensics"]["location"]["country_code"] == "NO"
    assert mcp_analyze_alert(alert)["country"] == "NO"
    assert mcp_analyze_alert(alert)["city"] == alert["forensics"]["location"]["city"] == "Oslo"
    assert alert["metadata"]["latitude"] == alert["forensics"]["location"]["latitude"]


def test_the_list_answer(api: TenantApi) -> None:
    body = api.alerts()
    total = len(body["data"])

    assert body["success"] is True
    assert body["pagination"] == {"total": total, "limit": 100, "offset": 0, "has_more": False}
    assert body["meta"].keys() >= {"plan", "retention_days", "cutoff_date", "redacted", "max_limit"}
    assert body["meta"]["max_limit"] == 500


def test_one_alert(api: TenantApi) -> None:
    listed = api.alerts()["data"][0]
    body = api.page(f"/alerts/{listed['id']}").json()

    assert node_single(body) == listed
    assert body["meta"] == {"plan": "enterprise", "retention_days": 400, "redacted": False}


@pytest.mark.parametrize(
    ("params", "same_as"),
    [
        ({"status": "active"}, {"status": "open"}),
        ({"status": "OPEN"}, {"status": "open"}),
        ({"status": "safe"}, {"status": "dismissed"}),
        ({"alert_type": "brute_force"}, {"alert_type": "brute_force_attack"}),
        ({"status": "", "severity": "", "alert_type": "", "start_date": "", "limit": ""}, {}),
        ({"limit": 100_000}, {}),
        ({"start_date": "2020-01-01", "end_date": "2999-12-31"}, {}),
        ({"surprise": 1}, {}),
    ],
)
def test_old_spellings_and_the_old_path(api: TenantApi, params: Json, same_as: Json) -> None:
    wanted = [row["id"] for row in api.alerts(**same_as)["data"]]

    assert [row["id"] for row in api.alerts(**params)["data"]] == wanted
    assert [row["id"] for row in api.page("/alerts/list", **params).json()["data"]] == wanted


@pytest.mark.parametrize(
    ("start_day", "end_day"), [(0, 0), (-1, 1), (1, 2), (-3, -1), (0, None), (None, -1), (1, None), (None, 0)]
)
def test_alerts_by_date(api: TenantApi, start_day: int | None, end_day: int | None) -> None:
    rows = api.alerts()["data"]
    newest = datetime.fromisoformat(rows[0]["created_at"])
    days = {"start_date": start_day, "end_date": end_day}
    dates = {name: (newest + timedelta(days=by)).date().isoformat() for name, by in days.items() if by is not None}
    first, last = dates.get("start_date", ""), dates.get("end_date", "9999")

    assert {row["id"] for row in api.alerts(**dates)["data"]} == {
        row["id"] for row in rows if first <= row["created_at"][:10] <= last
    }


def test_alerts_by_time(api: TenantApi) -> None:
    rows = api.alerts()["data"]
    middle = rows[len(rows) // 2]["created_at"]
    newer = api.alerts(start_date=middle)["data"]
    older = api.alerts(end_date=middle)["data"]

    assert [row["created_at"] >= middle for row in newer] == [True] * len(newer)
    assert [row["created_at"] <= middle for row in older] == [True] * len(older)
    assert {row["id"] for row in [*newer, *older]} == {row["id"] for row in rows}


@pytest.mark.parametrize(
    "params",
    [
        {"status": "closed"},
        {"severity": "warning"},
        {"severity": "info"},
        {"alert_type": "flood"},
        {"limit": "ten"},
        {"offset": -1},
        {"start_date": "yesterday"},
        {"end_date": "2026-13-45"},
    ],
)
def test_values_that_are_none_of_the_list(api: TenantApi, params: Json) -> None:
    answer = api.page("/alerts", **params)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert next(iter(params)) in answer.json()["error"]
    read_error_as_everybody(answer)


def test_impossible_travel_needs_a_history_and_then_fires(shared_server: LiveServer) -> None:
    travel = create_tenants(shared_server, Tenant(name="travel", scopes="ingest,read,backfill"))[0]
    start = datetime.now(UTC) - timedelta(days=10)
    home = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
    away = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"

    def login(minutes: int, address: str, agent: str) -> Json:
        at = (start + timedelta(minutes=minutes)).isoformat()
        metadata = {"user_agent": agent}
        return {"event": "login", "actor": {"id": "ann"}, "user_ip": address, "timestamp": at, "metadata": metadata}

    logins = [login(number * 1440, "129.240.118.130", home) for number in range(4)]
    answer = travel.collect(*logins, login(3 * 1440 + 30, "200.160.2.3", away))
    assert answer.json()["queued"] == 5
    assert travel.wait_for_alert(alert_type="impossible_travel")["actor_id"] == "ann"
