from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory, database_down, make_suppression
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.models import StoredPolicy, Suppression
from litesoc_server.orgs.policy_changes import stored_policy
from litesoc_server.orgs.policy_values import settings
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.wire.moments import iso_utc
from management_api import Tenant, call

SETTING = "brute_force_address_failures_count"
PATCH: dict[str, Any] = {"version": 1, "settings": {SETTING: 8}, "note": "noisy office", "changed_by": "mira"}


def tomorrow() -> str:
    return iso_utc(timezone.now() + timedelta(days=1))


def find_setting(tenant: Tenant, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in tenant.get("/detection/policy")["data"]["settings"] if one["name"] == name)
    return found


# --- the policy


def test_the_policy_shows_every_setting_with_what_it_may_be(tenant: Tenant) -> None:
    answer = tenant.get("/detection/policy")
    assert answer["data"]["version"] == 1
    assert answer["data"]["not_in_force"] == []
    assert [setting["name"] for setting in answer["data"]["settings"]] == list(settings())
    assert find_setting(tenant, SETTING) == {
        "name": SETTING,
        "detector": "brute_force_address",
        "value": 5,
        "default": 5,
        "is_overridden": False,
        "description": "Failed logins from one address.",
        "must_be": "a whole number from 1 to 4,000",
        "value_schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": 4000,
            "description": "Failed logins from one address.",
        },
    }
    assert find_setting(tenant, "allowed_addresses")["detector"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "/detection/policy", {**PATCH, "note": "a\x00b"}, "note"),
        ("PATCH", "/detection/policy", {**PATCH, "changed_by": "\x00"}, "changed_by"),
        ("PATCH", "/detection/policy", {**PATCH, "settings": {"allowed_actors": ["ann", "b\x00b"]}}, "allowed_actors"),
        ("POST", "/detection/suppressions", {"reason": "r", "actor_id": "a\x00"}, "actor_id"),
        ("POST", "/detection/suppressions", {"reason": "r", "actor_id": "a", "owner": "o\x00"}, "owner"),
    ],
)
def test_a_text_with_a_nul_is_refused_by_name(
    tenant: Tenant, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    if method == "POST":
        body = {**body, "expires_at": tomorrow()}
    response = tenant.call(method, path, body)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_FAILED")
    assert response.json()["message"].startswith(f"{field} holds the character U+0000")
    assert (StoredPolicy.objects.count(), Suppression.objects.count()) == (0, 0)


def test_a_change_is_answered_with_what_is_in_force_and_kept_in_the_history(tenant: Tenant) -> None:
    response = tenant.call("PATCH", "/detection/policy", PATCH)
    assert response.status_code == 200, response.content
    data = response.json()["data"]
    assert data["version"] == 2
    changed = next(setting for setting in data["settings"] if setting["name"] == SETTING)
    assert (changed["value"], changed["is_overridden"]) == (8, True)

    reset = {"version": 2, "settings": {SETTING: None}}
    assert tenant.call("PATCH", "/detection/policy", reset).json()["data"]["version"] == 3
    assert not find_setting(tenant, SETTING)["is_overridden"]

    history = tenant.get("/detection/policy/history")
    assert history["pagination"] == {"total": 2, "limit": 20, "offset": 0, "has_more": False}
    newest, first = history["data"]
    assert first.pop("changed_at").endswith("Z")
    assert first == {
        "version": 2,
        "changes": [{"setting": SETTING, "before": 5, "after": 8}],
        "note": "noisy office",
        "changed_by": "mira",
        "principal": f"key:{tenant.key_id}",
    }
    assert (newest["changed_by"], newest["changes"][0]["after"]) == ("test key", 5)
    assert [one["version"] for one in tenant.get("/detection/policy/history", limit=1, offset=1)["data"]] == [2]


def test_a_change_for_an_older_version_is_a_conflict_that_names_the_newest(tenant: Tenant) -> None:
    tenant.call("PATCH", "/detection/policy", PATCH)
    response = tenant.call("PATCH", "/detection/policy", {**PATCH, "settings": {SETTING: 9}})
    body = response.json()
    assert (response.status_code, body["code"], body["version"]) == (409, "POLICY_CONFLICT", 2)
    assert "version 2" in body["message"]
    assert find_setting(tenant, SETTING)["value"] == 8


def test_every_mistake_is_named_with_its_fix(tenant: Tenant) -> None:
    mistakes = {"history_cuont": 5, SETTING: 0, "blocked_countries": ["XX"], "allowed_addresses": ["10.0.0.300"]}
    response = tenant.call("PATCH", "/detection/policy", {"version": 1, "settings": mistakes})
    body = response.json()
    assert (response.status_code, body["code"]) == (400, "VALIDATION_FAILED")
    assert [error["field"] for error in body["errors"]] == list(mistakes)
    assert "did you mean history_count" in body["message"]
    assert "and 1 more" in body["message"]
    assert not StoredPolicy.objects.exists()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"settings": {}}, "version"),
        ({"version": 1}, "settings"),
        ({"version": "1", "settings": {}}, "version"),
        ({"version": 0, "settings": {}}, "version"),
        ({"version": 1, "settings": []}, "settings"),
        ({"version": 1, "settings": {}, "notes": "x"}, "notes"),
        ({"version": 1, "settings": {}, "note": "x" * 2_001}, "note"),
    ],
)
def test_a_wrong_body_is_refused_with_the_field(tenant: Tenant, body: dict[str, Any], named: str) -> None:
    response = tenant.call("PATCH", "/detection/policy", body)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_FAILED")
    assert named in response.json()["message"]


def test_what_another_release_stored_is_shown_as_not_in_force(tenant: Tenant) -> None:
    StoredPolicy.objects.create(org=tenant.org, version=2, overrides={"gone_count": 1, SETTING: 8})
    data = tenant.get("/detection/policy")["data"]
    assert [one["name"] for one in data["not_in_force"]] == ["gone_count"]
    assert find_setting(tenant, SETTING)["value"] == 8


# --- suppressions


def test_a_suppression_from_its_beginning_to_its_end(tenant: Tenant) -> None:
    expires_at = tomorrow()
    wanted = {"reason": "load test", "expires_at": expires_at, "detector": "brute_force_address", "address": "10.1.0.0/16"}
    response = tenant.call("POST", "/detection/suppressions", wanted)
    assert response.status_code == 200, response.content
    made = response.json()["data"]
    assert made.pop("created_at").endswith("Z")
    suppression_id = made.pop("id")
    assert made == {
        **wanted,
        "state": "active",
        "owner": "test key",
        "actor_id": None,
        "ended_at": None,
        "hit_count": 0,
        "last_hit_at": None,
    }
    assert [one["id"] for one in tenant.get("/detection/suppressions", state="active")["data"]] == [suppression_id]

    first = tenant.call("DELETE", f"/detection/suppressions/{suppression_id}").json()["data"]
    again = tenant.call("DELETE", f"/detection/suppressions/{suppression_id}").json()["data"]
    assert first == again
    assert first["state"] == "ended"
    assert tenant.get("/detection/suppressions", state="active")["data"] == []
    assert [one["state"] for one in tenant.get("/detection/suppressions")["data"]] == ["ended"]


def test_expired_ones_stay_in_the_list(tenant: Tenant) -> None:
    make_suppression(tenant.org)
    Suppression.objects.update(expires_at=timezone.now())
    assert [one["state"] for one in tenant.get("/detection/suppressions", state="expired")["data"]] == ["expired"]
    assert tenant.get("/detection/suppressions", state="active")["pagination"]["total"] == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"detector": None}, "at least one of detector, actor and address"),
        ({"detector": "brute_force"}, "did you mean"),
        ({"address": "everywhere"}, "no address and no CIDR range"),
        ({"expires_at": "tomorrow"}, "RFC 3339"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "in the future"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "at most 366 days away"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at must be in the future and at most 366 days away"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at must be in the future and at most 366 days away"),
        ({"expires_at": 1_900_000_000}, "expires_at"),
        ({"reason": ""}, "reason"),
        ({"until": "x"}, "until"),
    ],
)
def test_a_wrong_suppression_is_refused_with_the_field(tenant: Tenant, changes: dict[str, Any], named: str) -> None:
    wanted = {"reason": "load test", "expires_at": tomorrow(), "detector": "brute_force_address", **changes}
    response = tenant.call("POST", "/detection/suppressions", wanted)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_FAILED")
    assert named in response.json()["message"]
    assert not Suppression.objects.exists()


# --- the catalogue


def test_the_catalogue_has_every_detector_and_what_was_decided_about_it(tenant: Tenant) -> None:
    decided = {"muted_detectors": ["instant_alert"], "severities": {"brute_force_address": "low"}, SETTING: 8}
    tenant.call("PATCH", "/detection/policy", {"version": 1, "settings": decided})
    by_id = {one["id"]: one for one in tenant.get("/detectors")["data"]}
    assert list(by_id) == [detector.id for detector in DETECTORS]
    assert (by_id["instant_alert"]["state"], by_id["impossible_travel"]["state"]) == ("muted", "on")
    brute_force = by_id["brute_force_address"]
    assert (brute_force["severity_override"], by_id["instant_alert"]["severity_override"]) == ("low", None)
    assert {setting["name"]: setting["value"] for setting in brute_force["settings"]}[SETTING] == 8
    assert brute_force["techniques"][0]["url"].startswith("https://attack.mitre.org/techniques/T1110/")
    for one in by_id.values():
        assert one["description"]
        assert one["false_positives"]
        assert one["actions"]


def test_the_catalogue_says_what_the_plan_leaves_out(keys: object) -> None:
    states = {one["id"]: one["state"] for one in Tenant(OrganizationFactory(plan="free")).get("/detectors")["data"]}
    assert (states["impossible_travel"], states["brute_force_address"]) == ("not_in_plan", "on")


# --- who may

READS = ("/detection/policy", "/detection/policy/history", "/detection/suppressions", "/detectors")
WRITES = (
    ("PATCH", "/detection/policy", PATCH),
    ("POST", "/detection/suppressions", {"reason": "r", "expires_at": "2030-01-01T00:00:00Z", "actor_id": "mira"}),
    ("DELETE", "/detection/suppressions/0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01", None),
)


@pytest.mark.parametrize("path", READS)
def test_reading_needs_the_scope_read(keys: object, path: str) -> None:
    stranger = Tenant(key_changes={"scopes": frozenset({Scope.INGEST, Scope.MANAGE})})
    assert (stranger.call("GET", path).status_code, call("GET", path).status_code) == (403, 401)


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_writing_needs_the_scope_manage(keys: object, method: str, path: str, body: object) -> None:
    reader = Tenant(key_changes={"scopes": frozenset({Scope.READ, Scope.INGEST})})
    response = reader.call(method, path, body)
    assert (response.status_code, response.json()["required_scope"]) == (403, "manage")
    assert call(method, path, body).status_code == 401


def test_another_organisation_sees_and_ends_nothing(tenant: Tenant) -> None:
    tenant.call("PATCH", "/detection/policy", PATCH)
    suppression = make_suppression(tenant.org)
    stranger = Tenant()
    assert stranger.get("/detection/policy")["data"]["version"] == 1
    assert stranger.get("/detection/policy/history")["data"] == []
    assert stranger.get("/detection/suppressions")["data"] == []
    assert stranger.call("DELETE", f"/detection/suppressions/{suppression.id}").status_code == 404
    assert stranger.call("DELETE", "/detection/suppressions/nonsense").status_code == 404
    assert stored_policy(tenant.org).version == 2
    suppression.refresh_from_db()
    assert suppression.state == "active"


@pytest.mark.parametrize("path", READS)
def test_a_database_that_is_away_is_a_503(tenant: Tenant, path: str) -> None:
    tenant.get(path)  # the key is known from here on
    with database_down():
        response = tenant.call("GET", path)
    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")


def test_an_organisation_that_is_deleted_at_this_moment_is_not_found(tenant: Tenant) -> None:
    tenant.get("/detectors")
    tenant.org.delete()
    assert tenant.call("GET", "/detectors").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/detection/policy", PATCH),
        ("POST", "/detection/suppressions", {"detector": "brute_force_address", "reason": "ours", "expires_at": ""}),
        ("DELETE", "/detection/suppressions/0197c2a4-0000-7000-8000-000000000000", None),
    ],
)
def test_a_test_key_changes_nothing_of_live_detection(tenant: Tenant, method: str, path: str, body: object) -> None:
    tester = Tenant(tenant.org, {"environment": Environment.TEST})
    response = tester.call(method, path, body)
    assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")
    assert "live key" in response.json()["error"]
    assert tester.get("/detection/policy")["data"]["version"] == 1
