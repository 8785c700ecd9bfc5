"""Feedback on logins: from the request into the stream, and with an alert that is marked safe."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from django.db import OperationalError

from control_factories import OrganizationFactory, make_alert
from litesoc_server import backend
from litesoc_server.alerts import lifecycle
from litesoc_server.alerts.models import Alert, AlertTransition
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import ENVELOPE_DECODER, Envelope, Environment
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.event import Actor, Device, Event
from litesoc_server.events.ids import event_id_at
from litesoc_server.ingest import limits
from litesoc_server.ingest.keys import Scope
from litesoc_server.pipeline.normalise.event import normalise
from litesoc_server.sources.registry import translate
from litesoc_server.store.base import EventStore, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events

SAFE = {"action": "mark_safe", "resolved_by": "ops@shop.example"}


def make_login(tenant: Tenant, **changes: Any) -> Event:
    defaults = {
        "name": "auth.login_success",
        "session_id": "session-1",
        "device": Device(user_agent="Mozilla/5.0", id="device-1"),
    }
    return make_event(tenant.org, **{**defaults, **changes})


def published(stream: Stream) -> list[Envelope]:
    return [ENVELOPE_DECODER.decode(message.payload) for message in stream.consumer(Subject.RAW).fetch(100, 0)]


def events_in(envelopes: Sequence[Envelope]) -> list[Event]:
    return [normalise(envelope, 0, translate(envelope.source, envelope.body)[0]) for envelope in envelopes]


class BrokenPublisher:
    """A stream that takes nothing."""

    def append(self, *_: object) -> None:
        raise AssertionError("not for threads")

    def publish(self, subject: Subject, payloads: Sequence[bytes]) -> None:
        raise StreamUnavailable("the disk is gone")


class BrokenStream:
    publisher = BrokenPublisher()


def break_stream() -> None:
    backend.use(dataclasses.replace(backend.current(), stream=BrokenStream()))


# --- a login


@pytest.mark.parametrize(("verdict", "name"), [("confirmed", "litesoc.login_confirmed"), ("denied", "litesoc.login_denied")])
def test_feedback_becomes_an_event_of_the_logins_time(
    tenant: Tenant, store: EventStore, stream: Stream, verdict: str, name: str
) -> None:
    login = make_login(tenant)
    store_events(store, login)
    body = {"verdict": verdict, "note": "on a trip", "given_by": "mira"}
    response = tenant.call("POST", f"/events/{login.event_id}/feedback", body)
    assert response.status_code == 200, response.content

    (envelope,) = published(stream)
    (said,) = events_in([envelope])
    assert response.json()["data"] == {
        "event_id": login.event_id,
        "verdict": verdict,
        "feedback_event_id": event_id_at(envelope.event_id_base, 0),
    }
    assert (said.name, said.source, said.key_id) == (name, "feedback", str(tenant.key_id))
    assert (said.occurred_at_ms, said.org_id, said.environment) == (login.occurred_at_ms, login.org_id, login.environment)
    assert (said.actor, said.user_ip, said.session_id) == (login.actor, login.user_ip, login.session_id)
    assert msgspec.json.decode(said.metadata) == {
        "event_id": login.event_id,
        "by": "mira",
        "alert_id": None,
        "note": "on a trip",
    }


def test_what_is_said_twice_has_two_ids_and_the_later_one_is_greater(
    tenant: Tenant, store: EventStore, stream: Stream
) -> None:
    login = make_login(tenant)
    store_events(store, login)
    path = f"/events/{login.event_id}/feedback"
    said = [tenant.call("POST", path, {"verdict": verdict}).json()["data"] for verdict in ("confirmed", "denied")]
    assert said[0]["feedback_event_id"] != said[1]["feedback_event_id"]
    assert len(published(stream)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "auth.login_failed"},
        {"name": "litesoc.login_confirmed", "source": "feedback"},
        {"actor": None},
        {"actor": Actor("[REDACTED]", is_redacted=True)},
    ],
)
def test_only_logins_of_somebody_get_feedback(
    tenant: Tenant, store: EventStore, stream: Stream, changes: dict[str, Any]
) -> None:
    event = make_login(tenant, **changes)
    store_events(store, event)
    response = tenant.call("POST", f"/events/{event.event_id}/feedback", {"verdict": "confirmed"})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_FAILED")
    assert published(stream) == []


def test_strangers_logins_do_not_exist(tenant: Tenant, store: EventStore, stream: Stream) -> None:
    login = make_login(Tenant(OrganizationFactory()))
    test_login = make_login(tenant, environment=Environment.TEST)
    store_events(store, login, test_login)
    for event_id in (login.event_id, test_login.event_id, "nonsense"):
        assert tenant.call("POST", f"/events/{event_id}/feedback", {"verdict": "denied"}).status_code == 404
    assert published(stream) == []


@pytest.mark.parametrize("body", [{}, {"verdict": "maybe"}, {"verdict": "denied", "x": 1}, {"verdict": "denied", "note": 5}])
def test_a_wrong_body_is_refused(tenant: Tenant, store: EventStore, body: dict[str, Any]) -> None:
    login = make_login(tenant)
    store_events(store, login)
    assert tenant.call("POST", f"/events/{login.event_id}/feedback", body).status_code == 400


def test_feedback_needs_the_scope_manage(keys: object) -> None:
    reader = Tenant(key_changes={"scopes": frozenset({Scope.READ, Scope.INGEST})})
    response = reader.call("POST", "/events/0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01/feedback", {"verdict": "denied"})
    assert (response.status_code, response.json()["required_scope"]) == (403, "manage")


def test_a_stream_that_is_away_is_a_503(tenant: Tenant, store: EventStore) -> None:
    login = make_login(tenant)
    store_events(store, login)
    break_stream()
    response = tenant.call("POST", f"/events/{login.event_id}/feedback", {"verdict": "denied"})
    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert response["Retry-After"]


def test_feedback_counts_against_no_quota(tenant: Tenant, store: EventStore) -> None:
    login = make_login(tenant)
    said = make_login(tenant, name="litesoc.login_confirmed", source="feedback")
    store_events(store, login, said)
    counted = store.count_received(org_id=login.org_id, from_ms=0, to_ms=login.received_at_ms + 1)
    assert counted == 1


def test_too_much_feedback_is_refused_until_the_next_hour(
    tenant: Tenant, store: EventStore, stream: Stream, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FEEDBACK_PER_HOUR_MAX", 2)
    login = make_login(tenant)
    store_events(store, login)
    alert = make_alert_about(tenant, login)
    path, denied = f"/events/{login.event_id}/feedback", {"verdict": "denied"}
    assert tenant.call("POST", path, {"verdict": "maybe"}).status_code == 400  # does not count
    assert [tenant.call("POST", path, denied).status_code for _ in range(2)] == [200, 200]

    for refused in (tenant.call("POST", path, denied), tenant.call("PATCH", f"/alerts/{alert.id}", SAFE)):
        body = refused.json()
        assert (refused.status_code, body["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert "feedback limit exceeded: 2 an hour" in body["error"]
        assert refused["Retry-After"] == str(body["retry_after"])
    alert.refresh_from_db()
    assert alert.status == "open"
    assert len(published(stream)) == 2
    assert tenant.call("PATCH", f"/alerts/{alert.id}", {"action": "acknowledge"}).status_code == 200

    clock.advance_ms(1000 * body["retry_after"])
    assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).status_code == 200


# --- an alert that is marked safe


def make_alert_about(tenant: Tenant, *events: Event, **changes: Any) -> Alert:
    ids = tuple(event.event_id for event in events)
    return make_alert(tenant.org, event_ids=ids, trigger_event_id=ids[-1], **changes)


def test_marking_safe_confirms_the_logins_among_the_evidence(tenant: Tenant, store: EventStore, stream: Stream) -> None:
    failed = make_login(tenant, name="auth.login_failed")
    login = make_login(tenant)
    nobodys = make_login(tenant, actor=None)
    store_events(store, failed, login, nobodys)
    alert = make_alert_about(tenant, failed, nobodys, login)
    assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).json()["data"]["status"] == "dismissed"

    (said,) = events_in(published(stream))
    assert (said.name, said.occurred_at_ms, said.actor) == ("litesoc.login_confirmed", login.occurred_at_ms, login.actor)
    assert msgspec.json.decode(said.metadata) == {
        "event_id": login.event_id,
        "by": "ops@shop.example",
        "alert_id": str(alert.id),
        "note": None,
    }


def test_the_same_request_again_says_nothing_more(tenant: Tenant, store: EventStore, stream: Stream) -> None:
    login = make_login(tenant)
    store_events(store, login)
    alert = make_alert_about(tenant, login)
    for _ in range(2):
        assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).status_code == 200
    assert len(published(stream)) == 1


@pytest.mark.parametrize("change", [{"action": "acknowledge"}, {"action": "resolve", "resolution_type": "contacted_user"}])
def test_other_decisions_say_nothing_about_logins(
    tenant: Tenant, store: EventStore, stream: Stream, change: dict[str, str]
) -> None:
    login = make_login(tenant)
    store_events(store, login)
    alert = make_alert_about(tenant, login)
    assert tenant.call("PATCH", f"/alerts/{alert.id}", change).status_code == 200
    assert published(stream) == []


def test_an_alert_without_logins_needs_no_stream(tenant: Tenant, store: EventStore) -> None:
    failed = make_login(tenant, name="auth.login_failed")
    store_events(store, failed)
    alert = make_alert_about(tenant, failed)
    break_stream()
    assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).status_code == 200


def test_while_the_stream_is_away_nothing_is_half_done(tenant: Tenant, store: EventStore) -> None:
    login = make_login(tenant)
    store_events(store, login)
    alert = make_alert_about(tenant, login)
    break_stream()
    response = tenant.call("PATCH", f"/alerts/{alert.id}", SAFE)
    assert (response.status_code, response.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    alert.refresh_from_db()
    assert alert.status == "open"
    assert not AlertTransition.objects.exists()


def test_while_the_store_is_away_nothing_is_half_done(
    tenant: Tenant, store: EventStore, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = make_login(tenant)
    store_events(store, login)
    alert = make_alert_about(tenant, login)

    def fail(**_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "get_events", fail)
    assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).status_code == 503
    alert.refresh_from_db()
    assert alert.status == "open"
    assert published(stream) == []


def test_a_change_that_fails_after_it_is_said_leads_to_the_same_ids_again(
    tenant: Tenant, store: EventStore, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = make_login(tenant)
    store_events(store, login)
    alert = make_alert_about(tenant, login)

    def fail(*_args: object, **_names: object) -> bool:
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "set_if_unchanged", fail)
        assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).status_code == 503
    assert tenant.call("PATCH", f"/alerts/{alert.id}", SAFE).status_code == 200
    first, second = published(stream)
    assert first.event_id_base == second.event_id_base
    assert first.is_repeat  # the pipeline asks the store before it takes the second
    assert second.is_repeat
