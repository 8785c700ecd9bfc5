import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from control_factories import DetectionFactory, OnePolicy, OrganizationFactory, database_down, org_id_of
from litesoc_server.alerts import apply, consumer
from litesoc_server.alerts.consumer import AlertConsumer
from litesoc_server.alerts.models import Alert, AlertDetection
from litesoc_server.clock import SystemClock
from litesoc_server.events.detection import DETECTION_ENCODER, Detection
from litesoc_server.stream.base import Stream
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    opened = EmbeddedStream(tmp_path / "stream", max_bytes=64 * 1024**2, clock=SystemClock())
    opened.open(None)
    yield opened
    opened.close()


@pytest.fixture
def detection() -> Detection:
    return DetectionFactory(org_id=org_id_of(OrganizationFactory()))


def publish(stream: Stream, *items: Detection | bytes) -> None:
    payloads = [item if isinstance(item, bytes) else DETECTION_ENCODER.encode(item) for item in items]
    stream.publisher.publish(Subject.DETECTIONS, payloads)


def handle_all(stream: Stream) -> AlertConsumer:
    alerts = AlertConsumer(stream.consumer(Subject.DETECTIONS), OnePolicy())
    while stream.backlog(Subject.DETECTIONS).messages:
        alerts.run_once(max_wait_s=0.05)
    return alerts


def test_detections_are_applied_and_acknowledged(stream: Stream, detection: Detection) -> None:
    publish(stream, detection, detection)
    handle_all(stream)
    assert Alert.objects.get().title == detection.title
    assert AlertDetection.objects.count() == 1


def test_what_is_not_a_detection_goes_to_the_dead_letters_and_holds_nobody_up(stream: Stream, detection: Detection) -> None:
    publish(stream, b"\xff", msgspec.msgpack.encode({"detection_id": "x"}), detection)
    handle_all(stream)
    assert Alert.objects.count() == 1
    reasons = [letter.reason for letter in stream.dead_letters.list(10)]
    assert len(reasons) == 2
    assert all(reason.startswith("not a detection") for reason in reasons)


def test_while_the_database_is_down_everything_waits(
    stream: Stream, detection: Detection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "RETRY_DELAY_S", 0.01)
    publish(stream, detection)
    with database_down():
        AlertConsumer(stream.consumer(Subject.DETECTIONS), OnePolicy()).run_once()
    assert stream.backlog(Subject.DETECTIONS).messages == 1
    handle_all(stream)
    assert Alert.objects.count() == 1
    assert stream.dead_letters.count() == 0


def test_one_that_can_never_be_applied_is_set_aside(
    stream: Stream, detection: Detection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours: what it hits is kept as a dead letter, the rest of the batch goes on."""
    poison = msgspec.structs.replace(detection, detection_id="poison", incident_key="other")
    add = apply.incident_from

    def fail_on_poison(item: Detection) -> object:
        if item.detection_id == "poison":
            raise RuntimeError(item.actor_email)
        return add(item)

    monkeypatch.setattr(apply, "incident_from", fail_on_poison)
    publish(stream, poison, detection)
    handle_all(stream)
    assert Alert.objects.count() == 1
    letter = stream.dead_letters.list(10)[0]
    assert letter.reason == "detection poison cannot be applied (RuntimeError)"


def test_it_works_until_it_is_told_to_stop(stream: Stream) -> None:
    stop = threading.Event()
    stop.set()
    AlertConsumer(stream.consumer(Subject.DETECTIONS), OnePolicy()).run(stop)
