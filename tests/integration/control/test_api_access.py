"""Who may do what: one walk over every address as a stranger, and each reason for a refusal."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.utils import timezone

import signed_source
from control_factories import (
    NOW_MS,
    MembershipFactory,
    OrganizationFactory,
    database_down,
    make_alert,
    make_key,
    make_suppression,
)
from litesoc_server import backend
from litesoc_server.api.app import api
from litesoc_server.apikeys.models import AccessRules, ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.audit.by import By
from litesoc_server.clock import ManualClock
from litesoc_server.database import fresh_connections
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.forwarding.changes import add_forwarder, remove_forwarder
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.ingest.key_directory import STALE_MAX_MS, KeyDirectory
from litesoc_server.ingest.keys import Scope
from litesoc_server.notify.channel_changes import remove_channel
from litesoc_server.notify.route_changes import add_rule
from litesoc_server.orgs.invitations import invite
from litesoc_server.orgs.member_changes import Acting
from litesoc_server.orgs.models import Invitation, Organization, Role
from litesoc_server.servers.models import Server
from litesoc_server.store.base import EventStore
from litesoc_server.wire.moments import iso_utc
from management_api import Tenant, call, make_event, store_events
from notify_factories import LOOPBACK, NOBODY, WHO, make_channel

RESOLVE = {"action": "resolve", "resolution_type": "other"}
# Each address with how it is called when it works; {event}, {alert}, {suppression} and {key} are objects of the tenant.
ADDRESSES: dict[tuple[str, str], tuple[str, dict[str, object] | None]] = {
    ("GET", "/events"): ("/events", None),
    ("GET", "/events/{event_id}"): ("/events/{event}", None),
    ("GET", "/alerts"): ("/alerts", None),
    ("GET", "/alerts/list"): ("/alerts/list", None),
    ("GET", "/alerts/{alert_id}"): ("/alerts/{alert}", None),
    ("PATCH", "/alerts/{alert_id}"): ("/alerts/{alert}", RESOLVE),
    ("POST", "/alerts/resolve"): ("/alerts/resolve", {"alert_id": "{alert}"}),
    ("POST", "/alerts/safe"): ("/alerts/safe", {"alert_id": "{alert}"}),
    ("POST", "/alerts/{alert_id}/resolve"): ("/alerts/{alert}/resolve", {}),
    ("POST", "/alerts/{alert_id}/safe"): ("/alerts/{alert}/safe", {}),
    ("POST", "/events/{event_id}/feedback"): ("/events/{event}/feedback", {"verdict": "denied"}),
    # What these answer is about the caller's own organisation, whoever calls.
    ("GET", "/health/instrumentation"): ("/health/instrumentation", None),
    ("GET", "/ip-data"): ("/ip-data", None),
    ("GET", "/audit"): ("/audit", None),
    ("GET", "/usage"): ("/usage", None),
    ("GET", "/privacy"): ("/privacy", None),
    ("GET", "/sources"): ("/sources", None),
    ("GET", "/sources/{source_id}"): ("/sources/auth0", None),
    ("PATCH", "/sources/{source_id}"): ("/sources/auth0", {"keeps_unknown": True}),
    ("DELETE", "/sources/{source_id}"): ("/sources/auth0", None),
    ("POST", "/sources/{source_id}/secret"): ("/sources/signed_vendor/secret", {"secret": "whsec_1"}),
    ("DELETE", "/sources/{source_id}/secret"): ("/sources/auth0/secret", None),
    ("PATCH", "/privacy"): ("/privacy", {"redacted_keys": ["iban"]}),
    ("GET", "/privacy/actors"): ("/privacy/actors?actor=usr_1", None),
    ("GET", "/privacy/actors/export"): ("/privacy/actors/export?actor=usr_1", None),
    ("GET", "/privacy/erasures"): ("/privacy/erasures", None),
    ("POST", "/privacy/erasures"): ("/privacy/erasures", {"actor": "usr_1", "confirm": "usr_1"}),
    ("GET", "/test-environment"): ("/test-environment", None),
    ("DELETE", "/test-environment"): ("/test-environment", None),
    ("GET", "/organization"): ("/organization", None),
    ("PATCH", "/organization"): ("/organization", {"name": "Shop"}),
    ("GET", "/members"): ("/members", None),
    ("PATCH", "/members/{member_id}"): ("/members/{member}", {"role": "viewer"}),
    ("DELETE", "/members/{member_id}"): ("/members/{member}", None),
    ("GET", "/members/invitations"): ("/members/invitations", None),
    ("POST", "/members/invitations"): ("/members/invitations", {"email": "new@shop.example", "role": "viewer"}),
    ("POST", "/members/invitations/{invitation_id}/resend"): ("/members/invitations/{invitation}/resend", None),
    ("DELETE", "/members/invitations/{invitation_id}"): ("/members/invitations/{invitation}", None),
    ("GET", "/actors/{path:actor_id}/risk"): ("/actors/usr_8841/risk", None),
    ("GET", "/detectors"): ("/detectors", None),
    ("GET", "/detection/policy"): ("/detection/policy", None),
    ("PATCH", "/detection/policy"): ("/detection/policy", {"version": 1, "settings": {"history_count": 5}}),
    ("GET", "/detection/policy/history"): ("/detection/policy/history", None),
    ("GET", "/detection/suppressions"): ("/detection/suppressions", None),
    ("POST", "/detection/suppressions"): (
        "/detection/suppressions",
        {"reason": "load test", "actor_id": "mira", "expires_at": "{soon}"},
    ),
    ("DELETE", "/detection/suppressions/{suppression_id}"): ("/detection/suppressions/{suppression}", None),
    ("GET", "/keys"): ("/keys", None),
    ("POST", "/keys"): ("/keys", {"name": "till", "scopes": ["ingest"]}),
    ("PATCH", "/keys/{key_id}"): ("/keys/{key}", {"name": "till"}),
    ("POST", "/keys/{key_id}/rotate"): ("/keys/{key}/rotate", {"overlap_s": 60}),
    ("DELETE", "/keys/{key_id}"): ("/keys/{key}", None),
    ("GET", "/access"): ("/access", None),
    ("PATCH", "/access/allow-list"): ("/access/allow-list", {"is_on": False, "allow_list": "203.0.113.7"}),
    ("PATCH", "/access/origins"): ("/access/origins", {"origins": ["https://app.shop.example"]}),
    ("GET", "/notifications/kinds"): ("/notifications/kinds", None),
    ("GET", "/notifications/channels"): ("/notifications/channels", None),
    ("POST", "/notifications/channels"): (
        "/notifications/channels",
        {"kind": "webhook", "name": "Till", "settings": {"url": NOBODY}},
    ),
    ("GET", "/notifications/channels/{channel_id}"): ("/notifications/channels/{channel}", None),
    ("PATCH", "/notifications/channels/{channel_id}"): ("/notifications/channels/{channel}", {"name": "On call"}),
    ("DELETE", "/notifications/channels/{channel_id}"): ("/notifications/channels/{channel}", None),
    ("POST", "/notifications/channels/{channel_id}/restore"): ("/notifications/channels/{removed_channel}/restore", None),
    ("POST", "/notifications/channels/{channel_id}/test"): ("/notifications/channels/{channel}/test", None),
    ("POST", "/notifications/channels/{channel_id}/rotate-secret"): (
        "/notifications/channels/{channel}/rotate-secret",
        None,
    ),
    ("POST", "/notifications/channels/{channel_id}/replay"): (
        "/notifications/channels/{channel}/replay",
        {"since": "2026-05-01T00:00:00Z"},
    ),
    ("GET", "/notifications/routes"): ("/notifications/routes", None),
    ("POST", "/notifications/routes"): ("/notifications/routes", {"channel_id": "{channel}"}),
    ("PATCH", "/notifications/routes/{route_id}"): ("/notifications/routes/{route}", {"min_severity": "high"}),
    ("DELETE", "/notifications/routes/{route_id}"): ("/notifications/routes/{route}", None),
    ("GET", "/notifications/escalations"): ("/notifications/escalations", None),
    ("POST", "/notifications/escalations"): (
        "/notifications/escalations",
        {"channel_id": "{channel}", "after_minutes": 5},
    ),
    ("PATCH", "/notifications/escalations/{escalation_id}"): ("/notifications/escalations/{rule}", {"after_minutes": 9}),
    ("DELETE", "/notifications/escalations/{escalation_id}"): ("/notifications/escalations/{rule}", None),
    ("GET", "/events/export"): ("/events/export", None),
    ("GET", "/forwarders"): ("/forwarders", None),
    ("POST", "/forwarders"): (
        "/forwarders",
        {"kind": "http", "name": "New", "settings": {"url": "https://127.0.0.1:1/"}},
    ),
    ("GET", "/forwarders/{forwarder_id}"): ("/forwarders/{forwarder}", None),
    ("PATCH", "/forwarders/{forwarder_id}"): ("/forwarders/{forwarder}", {"name": "Archive"}),
    ("POST", "/forwarders/{forwarder_id}/test"): ("/forwarders/{forwarder}/test", None),
    ("GET", "/forwarders/{forwarder_id}/rejected"): ("/forwarders/{forwarder}/rejected", None),
    ("DELETE", "/forwarders/{forwarder_id}"): ("/forwarders/{forwarder}", None),
    ("POST", "/forwarders/{forwarder_id}/restore"): ("/forwarders/{removed_forwarder}/restore", None),
    ("GET", "/servers"): ("/servers", None),
    ("GET", "/servers/{server_id}"): ("/servers/{server}", None),
    ("PATCH", "/servers/{server_id}"): ("/servers/{server}", {"name": "shop"}),
    ("DELETE", "/servers/{server_id}"): ("/servers/{server}", None),
    ("POST", "/agent/heartbeat"): ("/agent/heartbeat", {"hostname": "web-3"}),
    ("GET", "/notifications/deliveries"): ("/notifications/deliveries", None),
    ("GET", "/notifications/deliveries/{delivery_id}"): ("/notifications/deliveries/{delivery}", None),
    ("POST", "/notifications/deliveries/{delivery_id}/replay"): ("/notifications/deliveries/{delivery}/replay", None),
}


@pytest.fixture(scope="module", autouse=True)
def _a_source_that_signs() -> Iterator[None]:
    with signed_source.registered():
        yield


FOR_INGEST_KEYS = {"POST /agent/heartbeat"}
LISTS = {"/events", "/alerts", "/alerts/list"}
# The one tells nothing of anybody's events, the other is what somebody has a right to.
WHOLE_ON_EVERY_PLAN = {"/ip-data", "/privacy/actors/export", "/events/export", "/agent/heartbeat"}  # places are withheld


def _invitation(tenant: Tenant) -> Invitation:
    """Make one that may be sent again."""
    invitation = invite(tenant.org, "open@shop.example", Role.VIEWER, acting=Acting.operator()).invitation
    invitation.sent_at -= timedelta(minutes=5)
    invitation.save()
    return invitation


def make_forwarder(org: Organization, name: str = "SIEM") -> Forwarder:
    return add_forwarder(
        org,
        Environment.LIVE,
        kind="http",
        name=name,
        settings={"url": "https://127.0.0.1:1/"},
        store_now_s=0,
        by=By.operator(),
    )


Send = Callable[..., HttpResponse]  # calls one address with the key of whoever asks, or with none, and with headers


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Any) -> None:
    settings.EGRESS_POLICY = LOOPBACK


def visits(tenant: Tenant, store: EventStore) -> dict[str, Send]:
    """Return a call for each address, about objects of the tenant that are made here."""
    channel = make_channel(tenant.org)
    rule = add_rule(channel, min_severity=AlertSeverity.HIGH, after_minutes=15, who=WHO)
    event, alert = make_event(tenant.org, name="auth.login_success"), make_alert(tenant.org)
    suppression, soon = make_suppression(tenant.org), iso_utc(timezone.now() + timedelta(hours=1))
    key = make_key(tenant.org).record
    member, invitation = MembershipFactory(org=tenant.org), _invitation(tenant)
    store_events(store, event)
    removed_forwarder = make_forwarder(tenant.org, "Removed")
    remove_forwarder(removed_forwarder, by=By.operator())
    removed_channel = make_channel(tenant.org, name="Removed")
    remove_channel(removed_channel, who=WHO)

    ours = {
        "channel": channel,
        "route": channel.routes.get(),
        "delivery": channel.deliveries.get(),
        "rule": rule,
        "forwarder": make_forwarder(tenant.org),
        "removed_forwarder": removed_forwarder,
        "removed_channel": removed_channel,
        "server": Server.objects.create(org=tenant.org, environment=Environment.LIVE, hostname="web-1"),
    }

    def fill(text: str) -> str:
        for name, row in ours.items():
            text = text.replace(f"{{{name}}}", str(row.pk))
        filled = text.replace("{event}", event.event_id).replace("{alert}", str(alert.id))
        filled = filled.replace("{suppression}", str(suppression.id)).replace("{soon}", soon).replace("{key}", str(key.id))
        return filled.replace("{member}", str(member.user_id)).replace("{invitation}", str(invitation.id))

    def visit(method: str, path: str, body: dict[str, object] | None) -> Send:
        filled = body and {name: fill(value) if isinstance(value, str) else value for name, value in body.items()}

        def send(secret: str | None, **headers: str) -> HttpResponse:
            key = {} if secret is None else {"X-API-Key": secret}
            return _whole(call(method, fill(path), filled, **key, **headers))

        return send

    return {" ".join(address): visit(address[0], *ADDRESSES[address]) for address in ADDRESSES}


@pytest.fixture
def walk(tenant: Tenant, store: EventStore) -> dict[str, Send]:
    """All addresses about one tenant: what is refused changes nothing, so one set-up does for all."""
    return visits(tenant, store)


def refusals(walk: dict[str, Send], secret: str | None, **headers: str) -> dict[str, tuple[int, str]]:
    """Return status and code of each address, "" where it is not refused."""
    answers = {address: send(secret, **headers) for address, send in walk.items()}
    return {address: (answer.status_code, answer.json().get("code", "")) for address, answer in answers.items()}


def everywhere(status: int, code: str) -> dict[str, tuple[int, str]]:
    return {" ".join(address): (status, code) for address in ADDRESSES}


def _whole(response: Any) -> HttpResponse:
    """Return an answer that streams as one that has arrived."""
    if not response.streaming:
        assert isinstance(response, HttpResponse)
        return response

    async def pieces() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    arrived: Any = HttpResponse(async_to_sync(pieces)(), status=response.status_code, headers=dict(response.items()))
    arrived.request = response.request
    arrived.json = lambda: json.loads(arrived.content or b"{}")
    assert isinstance(arrived, HttpResponse)
    return arrived


def test_every_address_is_in_the_walk() -> None:
    known = {
        (method, path)
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }
    assert known == set(ADDRESSES)


def test_the_owner_may_read(walk: dict[str, Send], tenant: Tenant) -> None:
    reading = [address for address in walk if address.startswith("GET ")]
    for number, address in enumerate(reading, 1):
        assert_answered(walk[address](tenant.secret), address, calls=number)


@pytest.mark.parametrize("address", [" ".join(address) for address in ADDRESSES if address[0] != "GET"])
def test_the_owner_may_change(address: str, walk: dict[str, Send], tenant: Tenant) -> None:
    assert_answered(walk[address](tenant.secret), address, calls=1)


def assert_answered(response: HttpResponse, address: str, *, calls: int) -> None:
    assert response.status_code == 200, (address, response.content)
    assert response["X-LiteSOC-Plan"] == "enterprise", address
    assert response["X-LiteSOC-Retention"] == "90 days", address
    assert response["X-LiteSOC-Cutoff"] == "2026-02-27T20:26:40.000Z", address
    assert "X-LiteSOC-Quota-Limit" not in response, address
    assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("1200", str(1200 - calls)), address
    assert response["Cache-Control"] == "no-store", address


def test_a_stranger_sees_nothing_and_changes_nothing(walk: dict[str, Send], tenant: Tenant) -> None:
    for address, send in walk.items():
        response = send(Tenant().secret)
        if response.status_code == 200 and "pagination" in response.json():
            assert response.json()["data"] == [], address
            assert response.json()["pagination"]["total"] == 0, address
        elif response.status_code == 200:
            assert str(tenant.org.id) not in response.content.decode(), address
        else:
            assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND"), address
            assert response["X-LiteSOC-Plan"] == "enterprise"
        assert_unchanged(tenant, after=address)


def assert_unchanged(tenant: Tenant, *, after: str) -> None:
    assert tenant.get("/alerts")["data"][0]["status"] == "open", after
    assert tenant.get("/detection/policy")["data"]["version"] == 1, after
    assert [one["state"] for one in tenant.get("/detection/suppressions")["data"]] == ["active"], after


def test_without_a_good_key_nobody_gets_in(walk: dict[str, Send]) -> None:
    for secret in (None, "", "lsoc_live_wrong", "é" * 40, "x" * 5_000, "\x7f"):
        assert refusals(walk, secret) == everywhere(401, "UNAUTHORIZED")
        body = (response := walk["GET /events"](secret)).json()
        assert body["success"] is False
        assert body["error"] == body["message"]
        assert "X-LiteSOC-Plan" not in response


def test_a_key_without_the_scope_is_told_which_one(walk: dict[str, Send], tenant: Tenant) -> None:
    ingesting = Tenant(tenant.org, {"scopes": {Scope.INGEST, Scope.BACKFILL}}).secret
    reading = Tenant(tenant.org, {"scopes": {Scope.READ}}).secret
    for address, send in walk.items():
        is_for_ingest = address in FOR_INGEST_KEYS
        response = send(reading if is_for_ingest else ingesting)
        assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN"), address
        wanted = ("ingest",) if is_for_ingest else ("read", "manage")
        assert any(scope in response.json()["message"] for scope in wanted), address
        assert response["X-LiteSOC-Plan"] == "enterprise"


def test_reading_keys_change_nothing(walk: dict[str, Send], tenant: Tenant) -> None:
    secret = Tenant(tenant.org, {"scopes": {Scope.READ}}).secret
    for address, send in walk.items():
        assert send(secret).status_code in (200, 403), address
        assert_unchanged(tenant, after=address)


def test_a_suspended_organisation_is_refused(walk: dict[str, Send], tenant: Tenant) -> None:
    tenant.org.is_suspended = True
    tenant.org.save()
    assert refusals(walk, tenant.secret) == everywhere(403, "ACCOUNT_SUSPENDED")
    assert "suspended" in walk["GET /events"](tenant.secret).json()["message"]


def test_a_key_is_refused_from_addresses_that_are_not_on_its_lists(walk: dict[str, Send], tenant: Tenant) -> None:
    rules = AccessRules.objects.create(org=tenant.org, allow_list="203.0.113.7", is_allow_list_on=True)
    assert refusals(walk, tenant.secret) == everywhere(403, "IP_NOT_ALLOWED")
    response = walk["GET /events"](tenant.secret)
    assert "127.0.0.1" in response.json()["error"]
    assert response["X-LiteSOC-Plan"] == "enterprise"
    rules.allow_list = "203.0.113.7\n127.0.0.0/8  # here"
    rules.save()
    backend.current().key_directory.refresh()
    assert 403 not in {status for status, _ in refusals(walk, tenant.secret).values()}
    ApiKey.objects.update(allow_list="203.0.113.7")
    backend.current().key_directory.refresh()
    assert refusals(walk, tenant.secret) == everywhere(403, "IP_NOT_ALLOWED")


def test_pages_of_others_may_not_use_a_key(walk: dict[str, Send], tenant: Tenant) -> None:
    foreign = "https://app.shop.example"
    assert refusals(walk, tenant.secret, Origin=foreign) == everywhere(403, "ORIGIN_NOT_AUTHORIZED")
    response = walk["GET /events"](tenant.secret, Origin=foreign)
    assert response.json()["error"] == "Origin not authorized"
    assert response["Access-Control-Allow-Origin"] == foreign
    own = refusals(walk, tenant.secret, Origin="http://testserver", Host="testserver")
    assert 403 not in {status for status, _ in own.values()}
    AccessRules.objects.update_or_create(org=tenant.org, defaults={"origins": ["https://*.shop.example"]})
    backend.current().key_directory.refresh()
    assert 403 not in {status for status, _ in refusals(walk, tenant.secret, Origin=foreign).values()}


def test_the_free_plan_has_events_and_no_alerts(walk: dict[str, Send], tenant: Tenant) -> None:
    tenant.org.plan = "free"
    tenant.org.rate_per_minute_override = 1_200  # the walk is longer than the plan's minute
    tenant.org.save()
    for address, send in walk.items():
        response = send(tenant.secret)
        assert response["X-LiteSOC-Plan"] == "free", address
        path = response.request["PATH_INFO"]
        if response.status_code == 403:
            body = response.json()
            plan = "Enterprise" if path == "/access/allow-list" else "Pro"
            missing = {"/access/allow-list": "the IP allow-list", "/audit": "the audit log"}.get(
                path, "notifications" if path.startswith("/notifications/") else "alerts"
            )
            assert (body["code"], body["required_plan"]) == ("PLAN_RESTRICTED", plan), address
            assert body["upgrade_url"] == body["upgrade_link"] == "http://testserver/admin/orgs/organization/"
            assert missing in body["message"], address
        elif path in WHOLE_ON_EVERY_PLAN:
            assert response.status_code == 200, address
        else:
            assert response.json()["meta"]["redacted"] is True, address


# --- keys


@pytest.mark.parametrize(
    "header",
    ["X-API-Key", "x-api-key", "X-API-KEY", "Authorization: Bearer", "authorization: bearer", "AUTHORIZATION: BEARER"],
)
def test_a_key_is_taken_from_either_header_in_any_case(tenant: Tenant, header: str) -> None:
    name, _, scheme = header.partition(": ")
    assert call("GET", "/events", **{name: f"{scheme} {tenant.secret}".strip()}).status_code == 200


def test_other_ways_to_send_a_key_are_none(tenant: Tenant) -> None:
    assert call("GET", f"/events?api_key={tenant.secret}").status_code == 401
    assert call("GET", "/events", Authorization=f"Basic {tenant.secret}").status_code == 401
    assert call("GET", "/events", Authorization=tenant.secret).status_code == 401


def test_revoked_and_expired_keys_stop_working(tenant: Tenant, keys: KeyDirectory) -> None:
    record = ApiKey.objects.get(id=tenant.key_id)
    expired = Tenant(tenant.org, {"expires_at": timezone.now() - timedelta(seconds=1)})
    assert expired.call("GET", "/events").status_code == 401
    assert tenant.call("GET", "/events").status_code == 200
    revoke_key(record, by=By.operator())
    keys.refresh()
    assert tenant.call("GET", "/events").status_code == 401


def test_while_keys_cannot_be_checked_nobody_new_gets_in(
    tenant: Tenant, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litesoc_server.apikeys import key_source  # noqa: PLC0415 # patched where it is used

    tenant.get("/events")
    clock.advance_ms(STALE_MAX_MS + 1)

    @contextmanager
    def no_connections() -> Iterator[None]:
        with fresh_connections(), database_down():
            yield

    monkeypatch.setattr(key_source, "fresh_connections", no_connections)
    response = tenant.call("GET", "/events")
    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert response["Retry-After"].isdigit()
    assert "secret" not in response.content.decode()


# --- limits


def test_requests_count_against_the_minute(keys: KeyDirectory, clock: ManualClock) -> None:
    slow = Tenant(OrganizationFactory(rate_per_minute_override=2))
    clock.advance_ms(10_000)
    answers = [slow.call("GET", "/events") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    refused = answers[2]
    seconds_left = 60 - (NOW_MS // 1_000 + 10) % 60
    assert (refused["Retry-After"], refused.json()["retry_after"]) == (str(seconds_left), seconds_left)
    assert refused.json()["code"] == "RATE_LIMIT_EXCEEDED"
    assert "quota" not in refused.json()["message"]
    clock.advance_ms(60_000)
    assert slow.call("GET", "/events").status_code == 200


def test_a_quota_is_shown_and_not_used(keys: KeyDirectory) -> None:
    response = Tenant(OrganizationFactory(monthly_events_override=10)).call("GET", "/events")
    quota = [response[f"X-LiteSOC-Quota-{name}"] for name in ("Limit", "Remaining", "Used")]
    assert quota == ["10", "10", "0"]


def test_without_limits_there_are_no_limit_headers(keys: KeyDirectory) -> None:
    org = OrganizationFactory(rate_per_minute_override=0, monthly_events_override=0, retention_days_override=400)
    response = Tenant(org).call("GET", "/events")
    assert response["X-LiteSOC-Retention"] == "400 days"
    assert not [name for name in response.headers if "Quota" in name or "RateLimit" in name]


# --- addresses that do not exist, methods that do not


@pytest.mark.parametrize("path", ["/nothing", "/alerts/1/2/3", "/events/", "/v1/events", "/%00", "/api"])
def test_unknown_addresses_are_flat_errors(db: None, path: str) -> None:
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/plain"}):
        response = call("GET", path, **accept)
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path", "allowed"), [("DELETE", "/events", "GET"), ("PUT", "/alerts/1", "GET, PATCH")])
def test_unknown_methods_are_flat_errors(db: None, method: str, path: str, allowed: str) -> None:
    response = call(method, path)
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert sorted(response["Allow"].split(", ")) == allowed.split(", ")


def test_a_bug_of_ours_is_a_flat_error_without_details(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    from litesoc_server.api.v1 import events  # noqa: PLC0415 # patched where it is used

    def fail(*_args: object, **_names: object) -> None:
        raise RuntimeError("mira@shop.example")

    monkeypatch.setattr(events, "list_meta", fail)
    response = tenant.call("GET", "/events")
    assert (response.status_code, response.json()["code"]) == (500, "SERVER_ERROR")
    assert "mira" not in response.content.decode()
    assert response["X-LiteSOC-Plan"] == "enterprise"


def test_pages_of_browsers_may_read_answers_and_refusals(tenant: Tenant) -> None:
    for response in (
        call("GET", "/events", Origin="https://app.shop.example"),
        tenant.call("GET", "/events", Origin="http://localhost:3000"),
    ):
        assert response["Access-Control-Allow-Origin"] in ("https://app.shop.example", "http://localhost:3000")
        assert "Origin" in response["Vary"]
        assert "Access-Control-Allow-Credentials" not in response
    assert "Access-Control-Allow-Origin" not in tenant.call("GET", "/events")
