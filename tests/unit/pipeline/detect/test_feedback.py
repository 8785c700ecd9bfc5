"""Feedback on logins: what "this was me" and "this was not me" change, and who may say so."""

from typing import Any

import msgspec
import pytest

from detection_streams import new_runner
from factories import event_id, make_event
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Device, Event, Network
from litesoc_server.pipeline.detect.labels import device_label, network_label

HOME: dict[str, Any] = {"ip": "81.166.1.7", "geo": "Oslo", "asn": 2119, "ua": "Firefox/Linux"}
TOKYO: dict[str, Any] = {"ip": "133.11.93.1", "geo": "Tokyo", "asn": 2501, "ua": "Chrome/Windows"}
DAY_S = 86_400.0
TRIP = 30  # number of the login from Tokyo


def login(number: int, at: float, origin: dict[str, Any]) -> Event:
    return make_event(name="auth.login_success", number=number, at=at, **origin)


def history() -> list[Event]:
    return [login(day, (day - 9) * DAY_S, HOME) for day in range(1, 10)]


def feedback(name: str, number: int, about: Event, source: str = "feedback") -> Event:
    return msgspec.structs.replace(
        about,
        event_id=event_id(number),
        name=name,
        source=source,
        metadata=msgspec.Raw(msgspec.json.encode({"event_id": about.event_id})),
    )


def confirmed(number: int, about: Event, source: str = "feedback") -> Event:
    return feedback("litesoc.login_confirmed", number, about, source)


def denied(number: int, about: Event, source: str = "feedback") -> Event:
    return feedback("litesoc.login_denied", number, about, source)


def travels(detections: list[Detection]) -> list[Detection]:
    return [found for found in detections if found.detector == "impossible_travel"]


def test_a_confirmed_login_makes_network_and_device_familiar() -> None:
    trip, next_trip = login(TRIP, 1800, TOKYO), login(TRIP + 2, 2 * DAY_S + 1800, TOKYO)
    home_again = login(TRIP + 1, 2 * DAY_S, HOME)
    runner = new_runner()
    assert len(travels(runner.run([*history(), trip]).detections)) == 1
    assert travels(runner.run([confirmed(90, trip), home_again, next_trip]).detections) == []

    runner = new_runner()
    runner.run([*history(), trip])
    assert len(travels(runner.run([home_again, next_trip]).detections)) == 1


def test_the_last_word_counts() -> None:
    trip = login(TRIP, 1800, TOKYO)
    later = [login(TRIP + 1, 2 * DAY_S, HOME), login(TRIP + 2, 2 * DAY_S + 1800, TOKYO)]
    runner = new_runner()
    runner.run([*history(), trip, confirmed(90, trip), denied(91, trip)])
    assert len(travels(runner.run(later).detections)) == 1


@pytest.mark.parametrize("source", ["collect", "webhook-1"])
def test_senders_cannot_clear_what_they_did(source: str) -> None:
    trip = login(TRIP, 1800, TOKYO)
    later = [login(TRIP + 1, 2 * DAY_S, HOME), login(TRIP + 2, 2 * DAY_S + 1800, TOKYO)]
    runner = new_runner()
    runner.run([*history(), trip, confirmed(90, trip, source)])
    assert len(travels(runner.run(later).detections)) == 1


def test_what_follows_a_denied_login_is_suspect() -> None:
    quiet = login(TRIP, 0, HOME)
    grant = make_event(
        name="authz.permission_granted", number=50, at=600, metadata={"target_id": "eve", "permission": "admin"}
    )
    runner = new_runner()
    assert runner.run([*history(), quiet, grant]).detections == []
    (found,) = runner.run([denied(90, quiet)]).detections
    assert found.detector == "privilege_escalation"
    assert quiet.event_id in found.event_ids
    assert "denied by its owner" in " ".join(found.reasons)


def test_what_follows_a_confirmed_login_is_not() -> None:
    trip = login(TRIP, 1800, TOKYO)
    grant = make_event(
        name="authz.permission_granted", number=50, at=2400, metadata={"target_id": "eve", "permission": "admin"}
    )
    runner = new_runner()
    runner.run([*history(), trip, confirmed(90, trip)])
    assert runner.run([grant]).detections == []


def test_a_rebuilt_state_has_heard_the_feedback() -> None:
    trip = login(TRIP, 1800, TOKYO)
    runner = new_runner()
    runner.rebuild([*history(), trip, confirmed(90, trip)])
    later = [login(TRIP + 1, 2 * DAY_S, HOME), login(TRIP + 2, 2 * DAY_S + 1800, TOKYO)]
    assert travels(runner.run(later).detections) == []


@pytest.mark.parametrize("metadata", [b"{}", b'{"event_id": 7}', b'{"event_id": null}'])
def test_feedback_that_names_no_login_changes_nothing(metadata: bytes) -> None:
    trip = login(TRIP, 1800, TOKYO)
    nameless = msgspec.structs.replace(confirmed(90, trip), metadata=msgspec.Raw(metadata))
    runner = new_runner()
    runner.run([*history(), trip, nameless])
    later = [login(TRIP + 1, 2 * DAY_S, HOME), login(TRIP + 2, 2 * DAY_S + 1800, TOKYO)]
    assert len(travels(runner.run(later).detections)) == 1


def test_a_device_is_known_by_the_senders_id_before_its_browser() -> None:
    one, other = Device(browser="Chrome", os="Windows", id="d-1"), Device(browser="Chrome", os="Windows", id="d-2")
    assert device_label(one) != device_label(other)
    assert device_label(one) == device_label(Device(browser="Firefox", os="Windows", id="d-1"))
    assert "d-1" not in device_label(one)
    assert device_label(Device(browser="Chrome", os="Windows")) == "Chrome/Windows"


def test_all_exits_of_tor_are_one_network() -> None:
    assert network_label(Network(asn=1, is_tor=True)) == network_label(Network(asn=2, is_tor=True))
    assert network_label(Network(asn=1, is_vpn=True)) != network_label(Network(asn=2, is_vpn=True))
