"""The pipeline's loop over a real stream and a real store: what is bad, repeated or refused harms nothing beside it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from prometheus_client import REGISTRY

from litesoc_server.events.detection import Detection
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Environment
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.detector_errors import Raised, read_detector_errors
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.store.base import EventFilter, RejectedRows, StoredEvent, StoreUnavailable
from litesoc_server.stream.subjects import Subject
from pipeline_line import NOW_MS, ORG, Line
from unpacked_ip_data import unpacked_ip_data


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return Enricher.open(unpacked_ip_data())


@pytest.fixture
def line(tmp_path: Path, enricher: Enricher) -> Iterator[Line]:
    opened = Line(tmp_path, enricher)
    yield opened
    opened.close()


def test_one_bad_event_becomes_a_dead_letter_and_its_neighbours_are_stored(line: Line) -> None:
    line.send({"event": "data.upload"}, {"event": "  "}, {"event": "data.download"})
    line.run()

    assert line.stored() == ["data.download", "data.upload"]
    assert [letter.reason for letter in line.stream.dead_letters.list(10)] == ["the event name is blank"]
    assert line.stream.backlog(Subject.RAW).messages == 0


def test_a_replayed_dead_letter_brings_its_own_event_and_no_neighbour(line: Line) -> None:
    line.faulty.before = _refuse("data.download")
    line.send({"event": "data.upload"}, {"event": "data.download"})
    line.run()
    assert line.stored() == ["data.upload"]

    line.faulty.before = lambda _rows: None
    letters = line.stream.dead_letters.list(10)
    assert line.stream.dead_letters.replay([letter.id for letter in letters]) == 1
    line.run()
    assert line.stored() == ["data.download", "data.upload"]


def test_what_was_stored_but_not_acknowledged_is_not_stored_again(line: Line) -> None:
    line.send(*[{"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "11.1.1.1"}] * 6)
    line.run(acknowledge=False)
    fired = {detection.detection_id for detection in line.detections()}
    line.restart()
    line.run()

    assert line.stored() == ["auth.login_failed"] * 6
    assert fired
    assert {detection.detection_id for detection in line.detections()} == fired
    assert line.stream.backlog(Subject.RAW).messages == 0


def test_what_was_detected_but_not_stored_fires_the_same_ids_again(line: Line) -> None:
    failure = {"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "11.1.1.1"}
    line.send(*[failure] * 3)
    line.run()
    line.send(*[failure] * 3)
    line.faulty.before = _unavailable
    line.run(acknowledge=False)
    assert line.stored() == ["auth.login_failed"] * 3
    fired = {detection.detection_id for detection in line.detections()}
    line.restart()
    line.run()

    assert fired
    assert {detection.detection_id for detection in line.detections()} == fired
    assert line.stored() == ["auth.login_failed"] * 6


def test_a_retry_right_behind_its_original_is_stored_once(line: Line) -> None:
    original = line.send({"event": "data.export"})
    line.stream.publisher.publish(Subject.RAW, [ENVELOPE_ENCODER.encode(msgspec.structs.replace(original, is_repeat=True))])
    line.run()

    assert line.stored() == ["data.export"]


def test_an_insert_whose_answer_was_lost_is_not_repeated(line: Line) -> None:
    accidents = iter([StoreUnavailable("the answer was lost"), None])

    def lose_the_first_answer() -> None:
        accident = next(accidents)
        if accident is not None:
            raise accident

    line.faulty.after = lose_the_first_answer
    line.send({"event": "data.export"}, {"event": "data.import"})
    line.run()

    assert line.stored() == ["data.export", "data.import"]


def test_a_refused_row_is_found_among_many(line: Line) -> None:
    line.faulty.before = _refuse("data.bulk_update")
    for _ in range(20):
        line.send({"event": "data.upload"}, {"event": "data.download"})
    line.send({"event": "data.bulk_update"}, {"event": "data.upload"})
    line.run()

    assert line.stored() == ["data.download"] * 20 + ["data.upload"] * 21
    assert line.stream.dead_letters.count() == 1


def test_a_message_that_no_step_survives_becomes_a_dead_letter_and_its_neighbours_go_on(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = DetectionRunner.run

    def run_into_a_bug(runner: DetectionRunner, events: Sequence[Event]) -> list[Detection]:
        if any(event.name == "data.shared" for event in events):
            raise ZeroDivisionError
        return run(runner, events)

    monkeypatch.setattr(DetectionRunner, "run", run_into_a_bug)
    line.send({"event": "data.upload"})
    line.send({"event": "data.shared"})
    line.send({"event": "data.download"})
    line.run()

    assert line.stored() == ["data.download", "data.upload"]
    assert [letter.reason for letter in line.stream.dead_letters.list(10)] == ["processing raised ZeroDivisionError"]
    assert line.stream.backlog(Subject.RAW).messages == 0


@pytest.mark.parametrize(
    ("timestamp", "why"),
    [
        ("1970-01-01T00:00:00Z", "too_old"),
        ("9999-12-31T23:59:59Z", "too_far_ahead"),
        ("the day before yesterday", "not_rfc3339"),
        ("2026-02-30T25:61:00Z", "not_rfc3339"),
    ],
)
def test_an_absurd_timestamp_costs_neither_the_event_nor_its_detection(line: Line, timestamp: str, why: str) -> None:
    failure = {"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "11.1.1.1", "timestamp": timestamp}
    line.send(*[failure] * 6, may_backdate=True)
    line.run()

    page = line.store.list_events(org_id=ORG, where=EventFilter(), limit=10, offset=0)
    assert {event.occurred_at_ms for event in page.events} == {NOW_MS}
    assert page.total == 6
    assert all(why.encode() in bytes(event.metadata) for event in page.events)
    assert "brute_force_address" in {detection.detector for detection in line.detections()}


@pytest.mark.parametrize(
    "address", ["fe80::1%eth0", "garbage", "host-7.shop.example", "999.1.1.1", "::ffff:", "\u2460.1.1.1"]
)
def test_an_address_of_no_family_is_set_aside_and_the_event_stored(line: Line, address: str) -> None:
    line.send(*[{"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": address}] * 12)
    line.run()

    assert line.stored() == ["auth.login_failed"] * 12
    assert line.stream.dead_letters.count() == 0
    assert "brute_force_account" in {detection.detector for detection in line.detections()}


def test_a_detector_that_raises_costs_no_event_and_is_counted_and_noted(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_at_once(*_: object) -> NoReturn:
        raise ZeroDivisionError

    before = _errors_count("broken")
    broken = replace(DETECTORS[0], id="broken", examine=raise_at_once, event_names=frozenset({"auth.login_failed"}))
    monkeypatch.setattr("pipeline_line.DETECTORS", (broken, *DETECTORS))
    line.send(*[{"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "11.1.1.1"}] * 6)
    line.run()

    assert line.stored() == ["auth.login_failed"] * 6
    assert "brute_force_address" in {detection.detector for detection in line.detections()}
    assert _errors_count("broken") == before + 6
    assert read_detector_errors(line.detector_errors_path) == {"broken": Raised(6, NOW_MS, NOW_MS)}


def _errors_count(detector: str) -> float:
    return REGISTRY.get_sample_value("litesoc_detector_errors_total", {"detector": detector}) or 0


def _refuse(name: str) -> Callable[[Sequence[StoredEvent]], None]:
    def check(rows: Sequence[StoredEvent]) -> None:
        if any(row.event.name == name for row in rows):
            raise RejectedRows("a column does not take it")

    return check


def _unavailable(_rows: Sequence[StoredEvent]) -> None:
    raise StoreUnavailable("the store is down")


def test_what_a_vendor_delivers_again_is_stored_once_at_the_time_it_gave(line: Line) -> None:
    at = {"type": "fp", "date": "2026-08-09T07:12:44.001Z", "user_id": "mira", "ip": "11.1.1.1"}
    body = msgspec.json.encode([{"log_id": log_id, "data": at} for log_id in ("1", "2", "2")])
    sent = {"source": "auth0", "body": body, "may_backdate": True, "is_repeat": True}
    line.send(**sent)
    line.send(**{**sent, "received_at_ms": NOW_MS + 5_000})
    line.run()
    line.send(**{**sent, "received_at_ms": NOW_MS + 60_000})
    line.run()
    line.restart()
    line.send(**{**sent, "received_at_ms": NOW_MS + 120_000})
    line.run()

    assert line.stored() == ["auth.login_failed"] * 2
    assert line.stream.backlog(Subject.RAW).messages == 0


def test_a_delivery_with_an_id_of_its_own_is_stored_once_and_other_organisations_keep_theirs(line: Line) -> None:
    body = msgspec.json.encode([{"data": {"type": "s", "date": "2026-08-09T07:12:44Z", "user_id": "mira"}}])
    sent = {"source": "auth0", "body": body, "may_backdate": True, "is_repeat": True, "delivery_id": "msg_1"}
    for changes in ({}, {}, {"environment": Environment.TEST}, {"delivery_id": "msg_2"}):
        line.send(**{**sent, **changes})
    line.run()

    assert line.stored() == ["auth.login_success"] * 2
    where = EventFilter(environment=Environment.TEST)
    assert line.store.list_events(org_id=ORG, where=where, limit=10, offset=0).total == 1
