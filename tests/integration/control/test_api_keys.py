"""Keys and access rules over the management API: what a key may hand out, and that its secret is answered once."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory
from litesoc_server import backend
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import Scope
from litesoc_server.wire.moments import iso_utc
from management_api import Tenant

TILL = {"name": "till", "scopes": ["ingest"]}


@pytest.fixture
def manager(keys: KeyDirectory) -> Tenant:
    """Return a key that may send events and manage."""
    return Tenant(OrganizationFactory(), {"scopes": {Scope.INGEST, Scope.MANAGE}})


def body_of(tenant: Tenant, method: str, path: str, body: object = None, *, status: int = 200) -> dict:
    response = tenant.call(method, path, body)
    assert response.status_code == status, response.content
    found: dict = response.json()
    return found


def test_a_key_is_made_used_changed_rotated_and_revoked(manager: Tenant) -> None:
    soon = iso_utc(timezone.now() + timedelta(days=1))
    made = body_of(manager, "POST", "/keys", {**TILL, "rate_limit_per_minute": 60, "expires_at": soon})["data"]
    assert made["api_key"].startswith("lsoc_live_")
    assert (made["name"], made["scopes"], made["state"], made["rate_limit_per_minute"]) == ("till", ["ingest"], "active", 60)
    assert backend.current().key_directory.lookup_blocking(made["api_key"].encode()) is not None

    path = f"/keys/{made['id']}"
    changed = body_of(manager, "PATCH", path, {"name": "shop till", "expires_at": None, "allow_list": "203.0.113.7"})["data"]
    assert (changed["name"], changed["expires_at"], changed["allow_list"]) == ("shop till", None, "203.0.113.7")
    assert changed["rate_limit_per_minute"] == 60

    rotated = body_of(manager, "POST", f"{path}/rotate", {"overlap_s": 3600})["data"]
    assert (rotated["replaces"], rotated["name"]) == (made["id"], "shop till")
    assert body_of(manager, "DELETE", path)["data"]["state"] == "revoked"
    refused = body_of(manager, "PATCH", path, {"name": "x"}, status=409)
    assert refused["code"] == "KEY_CONFLICT"

    listed = body_of(manager, "GET", "/keys")["data"]
    assert [one["id"] for one in listed] == [rotated["id"], made["id"], str(manager.key_id)]
    secrets = [manager.secret, made["api_key"], rotated["api_key"]]
    assert not any(secret in json.dumps(listed) for secret in secrets)
    entries = AuditEntry.objects.filter(org_id=manager.org.id, principal=f"key:{manager.key_id}").order_by("seq")
    assert [entry.action for entry in entries] == [
        "api_key.created", "ip_whitelist.updated", "api_key.updated", "api_key.regenerated", "api_key.revoked",
    ]  # fmt: skip


def test_a_key_hands_out_no_scope_that_it_lacks(manager: Tenant) -> None:
    reader = Tenant(manager.org, {"scopes": {Scope.READ}})
    for method, path, body in [
        ("POST", "/keys", {"name": "x", "scopes": ["ingest", "read"]}),
        ("POST", "/keys", {"name": "x", "scopes": ["backfill"]}),
        ("PATCH", f"/keys/{manager.key_id}", {"scopes": ["ingest", "manage", "read"]}),
        ("POST", f"/keys/{reader.key_id}/rotate", {"overlap_s": 0}),
    ]:
        refused = body_of(manager, method, path, body, status=403)
        assert refused["code"] == "FORBIDDEN"
    assert ApiKey.objects.filter(org=manager.org).count() == 2


def test_a_test_key_knows_test_keys_only(manager: Tenant) -> None:
    tester = Tenant(manager.org, {"environment": Environment.TEST})
    assert body_of(tester, "POST", "/keys", TILL)["data"]["environment"] == "test"
    assert body_of(tester, "POST", "/keys", {**TILL, "environment": "live"}, status=403)["code"] == "FORBIDDEN"
    assert {one["environment"] for one in body_of(tester, "GET", "/keys")["data"]} == {"test"}
    for method, path, body in [
        ("PATCH", f"/keys/{manager.key_id}", {"name": "x"}),
        ("POST", f"/keys/{manager.key_id}/rotate", {"overlap_s": 0}),
        ("DELETE", f"/keys/{manager.key_id}", None),
    ]:
        assert body_of(tester, method, path, body, status=404)["code"] == "NOT_FOUND"
    for path, body in [("/access/origins", {"origins": []}), ("/access/allow-list", {"is_on": False, "allow_list": ""})]:
        assert body_of(tester, "PATCH", path, body, status=403)["code"] == "FORBIDDEN"
    assert body_of(manager, "POST", "/keys", {**TILL, "environment": "test"})["data"]["environment"] == "test"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/keys", {"name": " ", "scopes": ["ingest"]}),
        ("POST", "/keys", {"name": "x", "scopes": []}),
        ("POST", "/keys", {"name": "x", "scopes": ["everything"]}),
        ("POST", "/keys", {"name": "x", "scopes": ["ingest"], "expires_at": "2020-01-01T00:00:00Z"}),
        ("POST", "/keys", {"name": "x", "scopes": ["ingest"], "expires_at": "soon"}),
        ("POST", "/keys", {"name": "x", "scopes": ["ingest"], "rate_limit_per_minute": 0}),
        ("PATCH", "/keys/{key}", {"allow_list": "nonsense"}),
        ("PATCH", "/keys/{key}", {"name": ""}),
        ("POST", "/keys/{key}/rotate", {"overlap_s": -1}),
        ("POST", "/keys/{key}/rotate", {"overlap_s": 31 * 86_400}),
        ("PATCH", "/access/allow-list", {"is_on": True, "allow_list": ""}),
        ("PATCH", "/access/allow-list", {"is_on": True, "allow_list": "127.0.0.1\nnonsense"}),
        ("PATCH", "/access/origins", {"origins": ["shop.example"]}),
    ],
)
def test_mistakes_are_named(manager: Tenant, method: str, path: str, body: object) -> None:
    refused = body_of(manager, method, path.replace("{key}", str(manager.key_id)), body, status=400)
    assert refused["code"] == "VALIDATION_FAILED"


def test_a_list_that_locks_its_caller_out_has_to_be_insisted_on(manager: Tenant) -> None:
    wanted = {"is_on": True, "allow_list": "203.0.113.7"}
    refused = body_of(manager, "PATCH", "/access/allow-list", wanted, status=409)
    assert (refused["code"], refused["locked_out"]) == ("WOULD_LOCK_OUT", [{"key_id": None, "address": "127.0.0.1"}])
    kept = body_of(manager, "PATCH", "/access/allow-list", {**wanted, "allow_list": "127.0.0.1 # here"})["data"]
    assert kept == {"is_allow_list_on": True, "allow_list": "127.0.0.1 # here", "origins": []}
    own = body_of(manager, "PATCH", f"/keys/{manager.key_id}", {"allow_list": "203.0.113.7"}, status=409)
    assert own["code"] == "WOULD_LOCK_OUT"
    assert body_of(manager, "PATCH", "/access/allow-list", {**wanted, "insist": True})["data"]["is_allow_list_on"]
    backend.current().key_directory.refresh()
    assert body_of(manager, "PATCH", "/access/allow-list", wanted, status=403)["code"] == "IP_NOT_ALLOWED"


def test_origins_are_set_and_read(manager: Tenant) -> None:
    kept = body_of(manager, "PATCH", "/access/origins", {"origins": ["https://App.shop.example/", "https://*.shop.example"]})
    assert kept["data"]["origins"] == ["https://app.shop.example", "https://*.shop.example"]
    reader = Tenant(manager.org, {"scopes": {Scope.READ}})
    assert reader.get("/access")["data"] == kept["data"]
