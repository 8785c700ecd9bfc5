"""The runner: who is handed what, and what happens when a detector or the state fails."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from detection_streams import Policies, detect, incidents, new_runner
from factories import make_event
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.detectors import brute_force_address
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import Answer, Request, StateStore, StateUnavailable, Steps, count, remember
from litesoc_server.pipeline.state.memory import MemoryState


def attack(number: int) -> list[Event]:
    return [make_event(at=n, number=n) for n in range(number)]


def errors_of(detector: str) -> float:
    return REGISTRY.get_sample_value("litesoc_detector_errors_total", {"detector": detector}) or 0.0


def broken(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    raise ValueError("mira@shop.example")
    yield


class BatchesOnly:
    """A state that can only be asked in batches, as one across a network."""

    def __init__(self) -> None:
        self._state = MemoryState()

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        return self._state.answer(requests)

    def rebuilding(self) -> AbstractContextManager[bool]:
        return self._state.rebuilding()


class Away(BatchesOnly):
    """A state that cannot be reached."""

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        raise StateUnavailable("no connection")


def test_a_muted_detector_says_nothing() -> None:
    assert detect(attack(5), muted_detectors=frozenset({"brute_force_address"})) == []


def test_events_that_no_detector_wants_leave_no_trace() -> None:
    state = MemoryState()
    DetectionRunner(state, DETECTORS, Policies()).run([make_event(name="data.download"), make_event(name="shop.sold")])
    assert len(state) == 0


def test_a_detector_that_raises_is_counted_and_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sound = brute_force_address.DETECTOR
    before = errors_of("broken")
    runner = DetectionRunner(MemoryState(), (replace(sound, id="broken", examine=broken), sound), Policies())
    found = runner.run(attack(5)).detections
    assert [detection.detector for detection in found] == ["brute_force_address"]
    assert errors_of("broken") == before + 5
    assert "mira" not in caplog.text


def confused(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    yield from remember(key=f"{event.org_id}|confused", at_ms=event.occurred_at_ms, member="m", value="v", ttl_ms=1_000)
    yield from count(key=f"{event.org_id}|confused", window_ms=1_000, at_ms=event.occurred_at_ms, member="m")
    return ()


@pytest.mark.parametrize("make_state", [MemoryState, BatchesOnly])
def test_a_detector_that_takes_a_key_of_another_primitive_is_skipped(make_state: Callable[[], StateStore]) -> None:
    before = errors_of("confused")
    one = replace(brute_force_address.DETECTOR, id="confused", examine=confused)
    found = DetectionRunner(make_state(), (one, *DETECTORS), Policies()).run(attack(6)).detections
    assert incidents(found) == incidents(detect(attack(6))) != set()
    assert errors_of("confused") == before + 6


def test_a_detector_that_wants_sessions_sees_every_event_that_names_one() -> None:
    seen: list[str] = []

    def note(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
        seen.append(event.name)
        return ()
        yield

    wanting = replace(brute_force_address.DETECTOR, id="wanting", event_names=frozenset(), examine=note, wants_sessions=True)
    events = [
        make_event(name=name, session_id=sent) for name in ("shop.sold", "auth.login_failed") for sent in ("s-1", None)
    ]
    DetectionRunner(MemoryState(), (wanting,), Policies()).run(events)
    assert seen == ["shop.sold", "auth.login_failed"]


def test_an_event_that_a_detector_wants_for_two_reasons_is_seen_once() -> None:
    seen: list[str] = []

    def note(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
        seen.append(event.name)
        return ()
        yield

    wanting = replace(brute_force_address.DETECTOR, id="wanting", examine=note, wants_sessions=True)
    DetectionRunner(MemoryState(), (wanting,), Policies()).run([make_event(session_id="s-1"), make_event()])
    assert seen == ["auth.login_failed"] * 2


def test_a_state_that_is_away_stops_the_batch() -> None:
    with pytest.raises(StateUnavailable):
        DetectionRunner(Away(), DETECTORS, Policies()).run(attack(1))


def test_a_state_that_answers_in_batches_gives_the_same() -> None:
    in_batches = DetectionRunner(BatchesOnly(), DETECTORS, Policies()).run(attack(9)).detections
    one_by_one = detect(attack(9))
    assert incidents(in_batches) == incidents(one_by_one)
    assert in_batches[-1] == one_by_one[-1]


def test_a_rebuild_counts_events_and_announces_nothing() -> None:
    runner = new_runner()
    assert runner.rebuild(iter(attack(4))) == 4
    assert [detection.event_count for detection in runner.run([make_event(at=4, number=4)]).detections] == [5]


def test_a_long_attack_is_told_about_once_a_minute_and_as_it_grows() -> None:
    events = [make_event(at=n * 0.5, number=n) for n in range(1200)]  # ten minutes, two a second
    found = [detection for detection in detect(events) if detection.detector == "brute_force_address"]
    minutes, up_to_15, doublings = 10, 11, 6  # 5 to 15 one by one, then eight steps for each doubling up to 601
    assert len(found) <= minutes + up_to_15 + 8 * doublings
    last_minute = max(detection.last_seen_ms for detection in found) // 60_000
    assert {detection.last_seen_ms // 60_000 for detection in found} == set(range(last_minute - 9, last_minute + 1))


def test_what_actors_are_called_makes_no_two_primitives_meet() -> None:
    names = ("mira", *(f"mira|{family}" for family in ("origins", "unknown", "203.0.113.9", "0")))
    kinds = ("auth.login_success", "auth.login_failed", "authz.role_changed", "data.export", "auth.mfa_denied")
    events = [
        make_event(name=kind, actor_id=name, session_id="s-1", ua="Chrome/Linux", asn=64500 + n, at=n, metadata={"rows": 9})
        for n, (kind, name) in enumerate((kind, name) for _ in range(2) for name in names for kind in kinds)
    ]
    new_runner().run(events)
