"""Feedback from the control plane through translate and normalise: the login's own facts come back unchanged."""

import msgspec
import pytest

from factories import make_event
from litesoc_server.events.catalog import CATALOG, FEEDBACK_SOURCE, LOGIN_CONFIRMED, LOGIN_DENIED
from litesoc_server.events.envelope import Envelope, Environment
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.events.event import Device, Event
from litesoc_server.events.ids import OrgId, derive_event_id_base, event_id_time_ms
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.normalise.event import normalise
from litesoc_server.sources.feedback import About, feedback_body
from litesoc_server.sources.registry import translate

NOW_MS = 1_790_000_000_123


def envelope(body: bytes, *, source: str = FEEDBACK_SOURCE, received_at_ms: int = NOW_MS) -> Envelope:
    return Envelope(
        org_id=OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01"),
        key_id="7",
        environment=Environment.LIVE,
        source=source,
        received_at_ms=received_at_ms,
        event_id_base=derive_event_id_base(received_at_ms, "a"),
        server_ip=None,
        may_backdate=True,
        rejected=(),
        body=body,
    )


LOGIN = make_event(name="auth.login_success", actor_id="mira", email="mira@shop.example", ip="2001:db8::7")
DEVICE = Device(user_agent="Mozilla/5.0 (X11; Linux x86_64)", id="device-1")


@pytest.mark.parametrize("name", [LOGIN_CONFIRMED, LOGIN_DENIED])
@pytest.mark.parametrize(
    "login",
    [
        LOGIN,
        msgspec.structs.replace(LOGIN, device=DEVICE, session_id="session-1"),
        msgspec.structs.replace(LOGIN, user_ip=None, occurred_at_ms=LOGIN.occurred_at_ms + 7),
    ],
)
def test_the_event_is_the_logins_but_for_its_name_and_what_it_says(login: Event, name: str) -> None:
    body = feedback_body(login, name, About(event_id=login.event_id, by="mira", note="on a trip"))
    sent = envelope(body, received_at_ms=login.occurred_at_ms + 86_400_000)
    (item,) = translate(sent.source, sent.body)
    said = normalise(sent, 0, item)

    assert said.name == name
    assert said.source == FEEDBACK_SOURCE
    assert said.occurred_at_ms == login.occurred_at_ms
    assert (said.actor and said.actor.id) == (login.actor and login.actor.id)
    assert (said.user_ip, said.session_id) == (login.user_ip, login.session_id)
    assert (said.device and said.device.user_agent) == (login.device and login.device.user_agent)
    assert (said.device and said.device.id) == (login.device and login.device.id)
    assert msgspec.json.decode(said.metadata) == {
        "event_id": login.event_id,
        "by": "mira",
        "alert_id": None,
        "note": "on a trip",
    }


@pytest.mark.parametrize("body", [b"", b"{}", b'{"name":"auth.login_success","occurred_at":"x","about":{}}'])
def test_what_is_no_feedback_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidMessage, match="cannot be read"):
        translate(FEEDBACK_SOURCE, body)


def test_only_verdicts_are_feedback() -> None:
    body = b'{"name":"auth.login_success","occurred_at":"x","about":{"event_id":"a","by":"b"}}'
    with pytest.raises(InvalidMessage, match="unknown name"):
        translate(FEEDBACK_SOURCE, body)


@pytest.mark.parametrize("name", [LOGIN_CONFIRMED, "LiteSOC.Login Denied", "litesoc.login.confirmed", "litesoc.anything"])
def test_nobody_can_send_it(name: str) -> None:
    body = msgspec.json.encode({"event": name, "actor": "mira", "metadata": {"event_id": "a"}})
    forged = envelope(body, source="collect")
    (item,) = translate("collect", body)
    event = normalise(forged, 0, item)
    assert event.name.startswith("custom.litesoc.")
    assert event.name not in CATALOG
    assert msgspec.json.decode(event.metadata)["unrecognized_format"] is True


def test_no_detector_looks_at_confirmations() -> None:
    for detector in DETECTORS:
        assert LOGIN_CONFIRMED not in detector.event_names
    assert not CATALOG[LOGIN_DENIED].is_instant


def test_derived_ids_repeat_and_differ() -> None:
    base = derive_event_id_base(NOW_MS, "alert", "1", "login")
    assert base == derive_event_id_base(NOW_MS, "alert", "1", "login")
    assert base != derive_event_id_base(NOW_MS, "alert", "2", "login")
    assert base != derive_event_id_base(NOW_MS, "alert1", "", "login")
    assert event_id_time_ms(base.hex()) == NOW_MS
