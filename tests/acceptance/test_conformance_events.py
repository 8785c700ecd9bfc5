"""GET /events as clients page, filter and read it (contract 1.6, 2.3, 2.4, 2.7, 4.1, 4.3)."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client_readings import mcp_event_row, n8n_return_all, node_list, node_plan, node_single, php_retention
from http_client import failed_login
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants
from wire_types import assert_event

Json = dict[str, Any]
TOTAL = 230


@pytest.fixture(scope="module")
def api(shared_server: LiveServer) -> TenantApi:
    """An organisation with more events than two pages hold."""
    made = create_tenants(shared_server, Tenant(name="events"))[0]
    for start in range(0, TOTAL, 100):
        made.collect(*[_event(number) for number in range(start, min(start + 100, TOTAL))])
    made.wait_for_events(TOTAL)
    return made


def _event(number: int) -> Json:
    name = ("auth.login_failed", "auth.login_success", "data.download", "data.sensitive_access")[min(number % 20, 3)]
    address = {0: "129.240.118.130", 1: "2001:700:100:21::1", 2: "10.1.2.3"}.get(number % 4)
    actor = None if number % 7 == 0 else {"id": f"user-{number % 5}", "email": f"user-{number % 5}@shop.example"}
    return {"event": name, "actor": actor, "user_ip": address, "metadata": {"number": number}}


def test_return_all_of_n8n_gets_every_row_once(api: TenantApi) -> None:
    rows = n8n_return_all(lambda limit, offset: api.events(limit=limit, offset=offset))

    assert sorted(row["metadata"]["number"] for row in rows) == list(range(TOTAL))
    assert len({row["id"] for row in rows}) == TOTAL


def test_every_row_has_every_field_in_its_type(api: TenantApi) -> None:
    for offset in range(0, TOTAL, 100):
        for row in node_list(api.events(limit=100, offset=offset)):
            assert_event(row)
            assert row["org_id"] == api.org_id
            assert mcp_event_row(row)


def test_newest_first(api: TenantApi) -> None:
    rows = n8n_return_all(lambda limit, offset: api.events(limit=limit, offset=offset))

    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)


def test_where_an_address_is(api: TenantApi) -> None:
    rows = n8n_return_all(lambda limit, offset: api.events(limit=limit, offset=offset))
    by_address = {row["user_ip"]: row for row in rows}

    known = by_address["129.240.118.130"]
    assert (known["country_code"], known["city"]) == ("NO", "Oslo")
    assert known["geolocation"]["timezone"] == "Europe/Oslo"
    assert known["network_intelligence"]["asn"] == 224
    assert isinstance(known["latitude"], float)
    for address in ("10.1.2.3", None):
        assert (by_address[address]["country_code"], by_address[address]["latitude"]) == (None, None)
    assert by_address[None]["is_vpn"] is None
    assert by_address[None]["forensics"] is None


def test_the_list_answer(api: TenantApi) -> None:
    answer = api.page("/events")
    body = answer.json()

    assert body.keys() >= {"success", "data", "pagination", "meta"}
    assert body["success"] is True
    assert len(node_list(body)) == 50
    assert body["pagination"] == {"total": TOTAL, "limit": 50, "offset": 0, "has_more": True}
    assert body["meta"]["plan"] == "enterprise"
    assert body["meta"]["retention_days"] == 400
    assert body["meta"]["redacted"] is False
    assert body["meta"]["max_limit"] == 100


def test_the_account_headers(api: TenantApi) -> None:
    before = datetime.now(UTC)
    answer = api.page("/events")

    assert node_plan(answer.headers) == ("enterprise", 400)
    assert php_retention(answer.headers) == 400
    assert answer.headers["X-LiteSOC-Retention"] == "400 days"
    for text in (answer.headers["X-LiteSOC-Cutoff"], answer.json()["meta"]["cutoff_date"]):
        assert text.endswith("Z")
        cutoff = datetime.fromisoformat(text)
        assert timedelta(seconds=-2) < cutoff - (before - timedelta(days=400)) < timedelta(seconds=30)
    assert not [name for name in answer.headers if name.lower().startswith(("x-litesoc-quota", "x-ratelimit"))]


@pytest.mark.parametrize(
    "filters",
    [
        {"event_name": "auth.login_failed"},
        {"event_name": "data.download"},
        {"actor_id": "user-3"},
        {"severity": "info"},
        {"severity": "warning"},
        {"severity": "critical"},
        {"event_name": "auth.login_success", "actor_id": "user-1", "severity": "info"},
        {"event_name": "auth.nothing"},
        {"actor_id": "user-3@shop.example"},
    ],
)
def test_filters(api: TenantApi, filters: dict[str, str]) -> None:
    rows = n8n_return_all(lambda limit, offset: api.events(limit=limit, offset=offset))
    wanted = [row["id"] for row in rows if all(row[name] == value for name, value in filters.items())]
    answer = api.events(limit=100, **filters)

    assert answer["pagination"]["total"] == len(wanted)
    assert [row["id"] for row in answer["data"]] == wanted[:100]


@pytest.mark.parametrize(
    ("params", "limit", "offset", "rows"),
    [
        ({"limit": 20}, 20, 0, 20),
        ({"limit": 1000}, 100, 0, 100),
        ({"limit": 101}, 100, 0, 100),
        ({"limit": 10, "offset": 225}, 10, 225, 5),
        ({"offset": 1000}, 50, 1000, 0),
        ({"limit": "", "offset": "", "severity": "", "event_name": "", "actor_id": ""}, 50, 0, 50),
        ({"start_date": "2999-01-01", "end_date": "1990-01-01"}, 50, 0, 50),  # contract 9, row 24: not for events
        ({"surprise": "1"}, 50, 0, 50),
    ],
)
def test_pages(api: TenantApi, params: Json, limit: int, offset: int, rows: int) -> None:
    body = api.events(**params)

    assert len(node_list(body)) == rows
    assert body["pagination"] == {
        "total": TOTAL,
        "limit": limit,
        "offset": offset,
        "has_more": offset + rows < TOTAL and rows > 0,
    }


@pytest.mark.parametrize(
    "params",
    [{"severity": "low"}, {"severity": "high"}, {"limit": "ten"}, {"offset": "x"}, {"offset": -1}, {"limit": "1.5"}],
)
def test_values_that_are_none_of_the_list(api: TenantApi, params: Json) -> None:
    answer = api.page("/events", **params)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert next(iter(params)) in answer.json()["error"]


def test_one_event(api: TenantApi) -> None:
    listed = api.events(limit=1)["data"][0]
    body = api.page(f"/events/{listed['id']}").json()

    assert body["success"] is True
    assert node_single(body) == listed
    assert body["meta"] == {"plan": "enterprise", "retention_days": 400, "redacted": False}
    assert api.page(f"/events/{listed['id'].upper()}").json()["data"] == listed


def test_an_unknown_event(api: TenantApi) -> None:
    assert api.page(f"/events/{uuid.uuid4()}").json()["code"] == "NOT_FOUND"


def test_what_is_older_than_the_retention_is_out_of_sight(shared_server: LiveServer) -> None:
    wide = create_tenants(shared_server, Tenant(name="archive", scopes="ingest,read,manage,backfill"))[0]
    now = datetime.now(UTC)
    for days in (0, 6, 8, 100):
        at = (now - timedelta(days=days)).isoformat()
        assert wide.collect(failed_login("129.240.118.130", f"day-{days}", timestamp=at)).status_code == 202
    seen = {row["actor_id"]: row for row in wide.wait_for_events(4)}
    assert datetime.fromisoformat(seen["day-100"]["created_at"]) < now - timedelta(days=99)

    narrow = create_tenants(shared_server, Tenant(name="archive", org_id=wide.org_id, retention_days=7))[0]
    answer = narrow.page("/events")
    assert {row["actor_id"] for row in answer.json()["data"]} == {"day-0", "day-6"}
    assert answer.json()["pagination"]["total"] == 2
    assert answer.headers["X-LiteSOC-Retention"] == "7 days"
    assert [narrow.page(f"/events/{seen[f'day-{days}']['id']}").status_code for days in (6, 8, 100)] == [200, 404, 404]
