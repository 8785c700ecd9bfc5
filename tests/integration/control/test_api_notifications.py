"""Channels, routes, escalations and deliveries over the management API: secrets once, errors with their field, replay."""

from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from control_factories import OrganizationFactory
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import Scope
from litesoc_server.notify.deliver import Deliverer
from management_api import Tenant
from notify_factories import LOOPBACK, NOW, fire
from webhook_receiver import Receiver, receiving


@pytest.fixture
def manager(keys: KeyDirectory, settings: Any) -> Tenant:
    """Return a key that may read and manage."""
    settings.EGRESS_POLICY = LOOPBACK
    return Tenant(OrganizationFactory(), {"scopes": {Scope.READ, Scope.MANAGE}})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def body_of(tenant: Tenant, method: str, path: str, body: object = None, *, status: int = 200) -> dict[str, Any]:
    response = tenant.call(method, f"/notifications{path}", body)
    assert response.status_code == status, response.content
    found: dict[str, Any] = response.json()
    return found


def added(tenant: Tenant, url: str) -> dict[str, Any]:
    wanted = {"kind": "webhook", "name": "On call", "settings": {"url": url}}
    channel: dict[str, Any] = body_of(tenant, "POST", "/channels", wanted)["data"]
    return channel


def test_a_webhook_is_added_tested_rotated_and_removed(manager: Tenant, receiver: Receiver) -> None:
    channel = added(manager, receiver.url)
    assert channel["webhook_secret"].startswith("whsec_")
    assert channel["webhook_public_key"].startswith("whpk_")
    path = f"/channels/{channel['id']}"
    tried = body_of(manager, "POST", f"{path}/test")["data"]
    assert (tried["is_success"], tried["status"]) == (True, 204)
    first = receiver.received[0]
    Webhook(channel["webhook_secret"]).verify(first.body, dict(first.headers))
    shown = body_of(manager, "GET", path)["data"]
    assert (shown["health"], shown["settings"]) == ("working", {"url": receiver.url})
    assert channel["webhook_secret"] not in str(shown)
    rotated = body_of(manager, "POST", f"{path}/rotate-secret")["data"]
    assert rotated["webhook_secret"] != channel["webhook_secret"]
    assert body_of(manager, "PATCH", path, {"is_enabled": False})["data"]["health"] == "off"
    body_of(manager, "POST", f"{path}/restore", status=404)  # it is there
    body_of(manager, "DELETE", path)
    body_of(manager, "GET", path, status=404)
    assert body_of(manager, "GET", "/routes")["data"] == []
    assert body_of(manager, "POST", f"{path}/restore")["data"]["health"] == "off"  # as it was
    assert [one["channel_id"] for one in body_of(manager, "GET", "/routes")["data"]] == [channel["id"]]


def test_a_secret_that_is_not_needed_any_more_is_removed(manager: Tenant) -> None:
    settings = {"server": "http://127.0.0.1:9", "topic": "alerts-x7", "token": "tk_one"}
    channel = body_of(manager, "POST", "/channels", {"kind": "ntfy", "name": "Push", "settings": settings})["data"]
    assert channel["settings"] == {**settings, "topic": None, "token": None}
    path = f"/channels/{channel['id']}"
    changed = body_of(manager, "PATCH", path, {"unset": ["token"]})["data"]
    assert changed["settings"] == {**settings, "topic": None, "token": ""}
    errors = body_of(manager, "PATCH", path, {"unset": ["topic"]}, status=400)["errors"]
    assert errors == [{"field": "topic", "message": "Topic is missing."}]
    hook = f"/channels/{added(manager, 'http://127.0.0.1:9/')['id']}"
    errors = body_of(manager, "PATCH", hook, {"unset": ["secret"]}, status=400)["errors"]
    assert errors[0]["field"] == "secret"


def test_who_may_only_read_sees_no_token_in_an_address(manager: Tenant, receiver: Receiver) -> None:
    path = f"/channels/{added(manager, receiver.url)['id']}"
    assert receiver.url.endswith("?token=hidden")
    reader = Tenant(manager.org, {"scopes": {Scope.READ}})
    for shown in (body_of(reader, "GET", path)["data"], *body_of(reader, "GET", "/channels")["data"]):
        assert shown["settings"] == {"url": receiver.url.partition("?")[0]}
    assert body_of(manager, "GET", path)["data"]["settings"] == {"url": receiver.url}


def test_mistakes_name_the_field_and_the_fix(manager: Tenant, receiver: Receiver) -> None:
    for wanted, field in (
        ({"kind": "pigeon", "name": "x", "settings": {}}, "kind"),
        ({"kind": "webhook", "name": " ", "settings": {"url": receiver.url}}, "name"),
        ({"kind": "webhook", "name": "x", "settings": {}}, "url"),
        ({"kind": "webhook", "name": "x", "settings": {"url": receiver.url, "colour": "red"}}, "colour"),
        ({"kind": "webhook", "name": "x", "settings": {"url": "http://10.0.0.1/"}}, "url"),
    ):
        errors = body_of(manager, "POST", "/channels", wanted, status=400)["errors"]
        assert [one["field"] for one in errors] == [field]
    added(manager, receiver.url)
    body_of(
        manager, "POST", "/channels", {"kind": "webhook", "name": "On call", "settings": {"url": receiver.url}}, status=400
    )
    (route,) = body_of(manager, "GET", "/routes")["data"]
    for change, field in (
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"detectors": ["astrology"]}, "detectors"),
        ({"muted_until": "2999-01-01T00:00:00Z"}, "muted_until"),
    ):
        errors = body_of(manager, "PATCH", f"/routes/{route['id']}", change, status=400)["errors"]
        assert [one["field"] for one in errors] == [field]


def test_a_route_changes_only_in_what_is_sent(manager: Tenant, receiver: Receiver) -> None:
    added(manager, receiver.url)
    (route,) = body_of(manager, "GET", "/routes")["data"]
    quiet = {"quiet_from": "22:00", "quiet_until": "06:30", "time_zone": "Europe/Berlin", "min_severity": "high"}
    assert body_of(manager, "PATCH", f"/routes/{route['id']}", quiet)["data"] == {**route, **quiet}
    ended = {"quiet_from": None, "quiet_until": None}
    assert body_of(manager, "PATCH", f"/routes/{route['id']}", ended)["data"] == {**route, **quiet, **ended}


def test_the_log_shows_each_attempt_and_sends_again(manager: Tenant, receiver: Receiver, clock: ManualClock) -> None:
    channel = added(manager, receiver.url)
    alert = fire(manager.org)
    receiver.status = 410
    deliverer = Deliverer(clock=ManualClock(round(alert.updated_at.timestamp() * 1_000) + 60_000))
    deliverer.drain(alert.notifications.get().deliveries.get().channel_id)
    (row,) = body_of(manager, "GET", "/deliveries?status=failed")["data"]
    assert (row["occasion"], row["alert_id"], row["channel_id"]) == ("alert.created", str(alert.pk), channel["id"])
    detail = body_of(manager, "GET", f"/deliveries/{row['id']}")["data"]
    (attempt,) = detail["attempts"]
    assert (attempt["status"], attempt["is_success"]) == (410, False)
    assert f"webhook-id: {row['id']}" in attempt["request"]
    again = f"/deliveries/{row['id']}/replay"
    assert body_of(manager, "POST", again, status=400)["errors"][0]["field"] == "channel"
    receiver.status = 200
    body_of(manager, "PATCH", f"/channels/{channel['id']}", {"is_enabled": True})
    since = {"since": NOW.isoformat()}
    assert body_of(manager, "POST", f"/channels/{channel['id']}/replay", since)["data"] == {"deliveries_count": 1}
    deliverer.drain(alert.notifications.get().deliveries.get().channel_id)
    deliverer.close()
    assert body_of(manager, "GET", f"/deliveries/{row['id']}")["data"]["status"] == "delivered"
    assert receiver.ids == [row["id"], row["id"]]


def test_test_keys_see_nothing_of_what_live_alerts_sent(manager: Tenant) -> None:
    tester = Tenant(manager.org, {"environment": Environment.TEST})
    for path in ("/channels", "/deliveries", "/routes", "/escalations"):
        assert body_of(tester, "GET", path, status=403)["code"] == "FORBIDDEN"
