"""Base paths, authentication, methods, preflight and health, as clients write them (contract 1.1 to 1.3, 2.6, 2.8, 8.4)."""

import re
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from client_readings import COLLECT_READERS, n8n_error, read_error_as_everybody
from http_client import failed_login
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

SPELLINGS = ("{}", "{}/", "/{}", "//{}", "/v1{}", "/v1{}/", "///v1/{}/", "/api/v1{}", "//api//v1/{}//", "/api/v1/{}")
EVENT = {"event": "data.download", "actor": {"id": "paths"}}
UNKNOWN_ID = "3d0c6f5e-7d0e-7a0b-9a33-0c8a5f1d2b10"


@pytest.fixture(scope="module")
def tenants(shared_server: LiveServer) -> dict[str, TenantApi]:
    """Keys that work in part or not at all, by name."""
    made = create_tenants(
        shared_server,
        Tenant(name="suspended", is_suspended=True),
        Tenant(name="expired", key_is_expired=True),
        Tenant(name="revoked", key_is_revoked=True),
        Tenant(name="ingest", scopes="ingest"),
        Tenant(name="read", scopes="read"),
        Tenant(name="manage", scopes="manage"),
    )
    return {api.tenant.name: api for api in made}


@pytest.fixture(scope="module")
def alert_id(shop: TenantApi) -> str:
    shop.collect({"event": "data.bulk_delete", "actor": {"id": "paths-deleter"}})
    return str(shop.wait_for_alert(actor_id="paths-deleter")["id"])


def _assert_flat(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert body["code"] == code
    assert body["error"] == body["message"]
    read_error_as_everybody(answer)
    return body


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_every_path_is_answered_without_a_redirect(
    shared_server: LiveServer, shop: TenantApi, alert_id: str, spelling: str
) -> None:
    def url(path: str) -> str:
        return shared_server.url + spelling.format(path)

    assert COLLECT_READERS["php"](shop.http.post(url("/collect"), json=EVENT)) == 1
    assert COLLECT_READERS["php"](shop.http.post(url("/collect"), json={"events": [EVENT, EVENT]})) == 2
    assert COLLECT_READERS["php"](shop.http.post(url("/collect/batch"), json={"events": [EVENT]})) == 1
    assert shop.http.get(url("/health")).json()["authenticated"] is True
    for path in ("/events", "/alerts", "/alerts/list"):
        assert shop.http.get(url(path), params={"limit": 1}).json()["pagination"]["limit"] == 1
    assert shop.http.get(url(f"/alerts/{alert_id}")).json()["data"]["id"] == alert_id
    assert shop.http.get(url(f"/events/{UNKNOWN_ID}")).json()["code"] == "NOT_FOUND"
    changed = shop.http.patch(url(f"/alerts/{alert_id}"), json={"action": "mark_safe"})
    assert changed.json()["data"]["status"] == "dismissed"


@pytest.mark.parametrize(
    ("headers", "is_accepted"),
    [
        ({"X-API-Key": "{key}"}, True),
        ({"x-api-key": "{key}"}, True),
        ({"X-API-KEY": "{key}"}, True),
        ({"Authorization": "Bearer {key}"}, True),
        ({"authorization": "bearer {key}"}, True),
        ({"Authorization": "BEARER {key}"}, True),
        ({}, False),
        ({"X-API-Key": ""}, False),
        ({"X-API-Key": "{key}x"}, False),
        ({"X-API-Key": "lsoc_live_0123456789abcdef0123456789abcdef"}, False),
        ({"X-API-Key": "x" * 5000}, False),
        ({"Authorization": "{key}"}, False),
        ({"Authorization": "Basic {key}"}, False),
        ({"Authorization": "Bearer"}, False),
    ],
)
def test_where_the_key_is_looked_for(
    shared_server: LiveServer, shop: TenantApi, headers: dict[str, str], is_accepted: bool
) -> None:
    sent = {name: value.format(key=shop.key) for name, value in headers.items()}
    with httpx.Client(base_url=shared_server.url, headers=sent, trust_env=False) as http:
        answers = [
            (http.post("/collect", json=EVENT), 202),
            (http.post("/collect/batch", json={"events": [EVENT]}), 202),
            (http.get("/events"), 200),
            (http.get("/alerts"), 200),
            (http.patch(f"/alerts/{UNKNOWN_ID}", json={"action": "mark_safe"}), 404),
        ]
    for answer, status in answers:
        if is_accepted:
            assert answer.status_code == status
        else:
            _assert_flat(answer, 401, "UNAUTHORIZED")
            assert not [name for name in answer.headers if name.lower().startswith("x-litesoc")]


def test_a_key_in_the_address_is_not_accepted(shared_server: LiveServer, shop: TenantApi) -> None:
    with httpx.Client(base_url=shared_server.url, params={"api_key": shop.key}, trust_env=False) as http:
        _assert_flat(http.post("/collect", json=EVENT), 401, "UNAUTHORIZED")
        _assert_flat(http.get("/events"), 401, "UNAUTHORIZED")
    assert shop.key not in shared_server.log_text()


@pytest.mark.parametrize("name", ["expired", "revoked"])
def test_keys_that_are_no_longer_good(tenants: dict[str, TenantApi], name: str) -> None:
    api = tenants[name]

    _assert_flat(api.collect(EVENT), 401, "UNAUTHORIZED")
    _assert_flat(api.page("/events"), 401, "UNAUTHORIZED")
    assert api.http.get("/health").status_code == 401


def test_a_suspended_organisation_is_told_so(tenants: dict[str, TenantApi]) -> None:
    api = tenants["suspended"]

    assert "quota" not in _assert_flat(api.collect(EVENT), 403, "ACCOUNT_SUSPENDED")["error"]
    _assert_flat(api.page("/events"), 403, "ACCOUNT_SUSPENDED")


def test_scopes(tenants: dict[str, TenantApi]) -> None:
    for name, api in tenants.items():
        if name not in ("ingest", "read", "manage"):
            continue
        for answer, scope, status in (
            (api.collect(EVENT), "ingest", 202),
            (api.page("/events"), "read", 200),
            (api.page("/alerts"), "read", 200),
            (api.http.patch(f"/alerts/{UNKNOWN_ID}", json={"action": "mark_safe"}), "manage", 404),
        ):
            if name == scope:
                assert answer.status_code == status
            else:
                assert scope in _assert_flat(answer, 403, "FORBIDDEN")["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/v1/nothing",
        "/api/v1",
        "/v1/",
        "/collects",
        "/v1/collect/batches",
        "/api/v2/collect",
        "/api/v1/events/1/2",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_unknown_paths_are_json(shared_server: LiveServer, shop: TenantApi, path: str, method: str) -> None:
    _assert_flat(shop.http.request(method, shared_server.url + path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/collect", {"POST"}),
        ("PUT", "/v1/collect", {"POST"}),
        ("DELETE", "/api/v1/collect/batch", {"POST"}),
        ("POST", "/health", {"GET"}),
        ("POST", "/events", {"GET"}),
        ("DELETE", f"/v1/events/{UNKNOWN_ID}", {"GET"}),
        ("POST", "/api/v1/alerts", {"GET"}),
        ("PUT", f"/alerts/{UNKNOWN_ID}", {"GET", "PATCH"}),
        ("DELETE", f"/alerts/{UNKNOWN_ID}", {"GET", "PATCH"}),
    ],
)
def test_wrong_methods_name_the_right_ones(shop: TenantApi, method: str, path: str, allowed: set[str]) -> None:
    answer = shop.http.request(method, path)

    _assert_flat(answer, 405, "METHOD_NOT_ALLOWED")
    assert allowed <= {name.strip() for name in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize("path", ["/collect", "/api/v1/collect/batch", "/v1/events", f"/alerts/{UNKNOWN_ID}", "/anything"])
def test_preflight(shared_server: LiveServer, path: str) -> None:
    with httpx.Client(base_url=shared_server.url, trust_env=False) as http:
        answer = http.options(
            path,
            headers={
                "Origin": "https://shop.example",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type,x-api-key",
            },
        )
    headers = answer.headers

    assert answer.status_code == 204
    assert answer.content == b""
    assert headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert _names(headers["Access-Control-Allow-Methods"]) >= {"get", "post", "patch", "options"}
    assert _names(headers["Access-Control-Allow-Headers"]) >= {"content-type", "x-api-key", "authorization"}
    assert "origin" in _names(headers["Vary"])
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_page_can_read_answers_and_errors(shop: TenantApi) -> None:
    origin = {"Origin": "http://localhost:3000"}  # authorised in every organisation
    answers = (
        shop.collect(EVENT, **origin),
        shop.http.post("/collect", content=b"{", headers=origin),
        shop.http.post("/collect", json=EVENT, headers={**origin, "X-API-Key": "wrong"}),
        shop.http.get("/events", headers=origin),
        shop.http.get("/events", params={"severity": "low"}, headers=origin),
        shop.http.get("/v1/nothing", headers=origin),
        shop.collect(EVENT, Origin="https://shop.example"),
    )
    assert [answer.status_code for answer in answers] == [202, 400, 401, 200, 400, 404, 403]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == answer.request.headers["Origin"]
        assert _names(answer.headers["Access-Control-Expose-Headers"]) >= {
            "x-litesoc-plan",
            "x-litesoc-retention",
            "x-litesoc-cutoff",
            "x-litesoc-quota-limit",
            "x-litesoc-quota-remaining",
            "x-litesoc-quota-used",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "retry-after",
        }
        assert "origin" in _names(answer.headers["Vary"])
        assert "Access-Control-Allow-Credentials" not in answer.headers


def _names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def test_health_without_a_key(shared_server: LiveServer) -> None:
    with httpx.Client(base_url=shared_server.url, trust_env=False) as http:
        answer = http.get("/health")

    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"status", "service", "version", "timestamp"}
    assert body["status"] == "ok"
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None


def test_health_with_a_key_names_the_organisation(shop: TenantApi) -> None:
    answer = shop.http.get("/api/v1/health")

    assert answer.status_code == 200
    assert answer.json()["organization"] == {"id": shop.org_id, "name": "Shop Example"}
    assert answer.json()["authenticated"] is True
    assert answer.headers["X-LiteSOC-Plan"] == "enterprise"


def test_health_with_a_wrong_key_fails_the_credential_test_of_n8n(shop: TenantApi) -> None:
    answer = shop.http.get("/health", headers={"X-API-Key": "lsoc_live_wrong"})

    assert n8n_error(answer) == 401
    assert answer.json()["status"] == "error"
    _assert_flat(answer, 401, "UNAUTHORIZED")


def test_a_key_issued_here_passes_the_agent_installers_check(shop: TenantApi) -> None:
    assert re.fullmatch(r"lsoc_(live|test)_[A-Za-z0-9_-]{32,}", shop.key)


@pytest.mark.parametrize("bad_id", ["1", "alert_abc123", "%00", "x" * 500, "..", "%F0%9F%99%82", "' OR 1=1"])
@pytest.mark.parametrize("resource", ["events", "alerts"])
def test_ids_that_are_none_are_not_found(shared_server: LiveServer, shop: TenantApi, resource: str, bad_id: str) -> None:
    _assert_flat(shop.http.get(f"{shared_server.url}/api/v1/{resource}/{bad_id}"), 404, "NOT_FOUND")


def test_test_keys_see_their_own_events_only(shared_server: LiveServer, shop: TenantApi) -> None:
    test_api = create_tenants(shared_server, Tenant(name="Shop Example", org_id=shop.org_id, environment="test"))[0]
    actor = uuid.uuid4().hex
    test_api.collect(failed_login("129.240.118.130", actor))
    test_api.wait_for_events(1, actor_id=actor)
    shop.collect(failed_login("129.240.118.130", f"live-{actor}"))
    shop.wait_for_events(1, actor_id=f"live-{actor}")

    assert shop.events(actor_id=actor)["pagination"]["total"] == 0
    assert test_api.events(actor_id=f"live-{actor}")["pagination"]["total"] == 0
