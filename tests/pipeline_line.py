"""A whole pipeline for tests: a real stream and a real store in one directory, and workers that can be ended at any time."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from litesoc_server.clock import ManualClock, SystemClock
from litesoc_server.events.detection import DETECTION_DECODER, Detection
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope, Environment
from litesoc_server.events.ids import EventId, OrgId, draw_event_id_base
from litesoc_server.pipeline.consumer import PipelineConsumer
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.detector_errors import DetectorErrors
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.pipeline.gap_file import GapFile
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import StateStore
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.steady_detection import SteadyDetection
from litesoc_server.pipeline.steps import Steps
from litesoc_server.pipeline.writer import StoreWriter
from litesoc_server.store.base import EventFilter, EventWriter, StoredEvent
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject
from migrated_store import copy_migrated_store

ORG = OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01")
NOW_MS = SystemClock().now_ms()


class OnePolicy:
    """Default settings for everybody."""

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        return DetectionPolicy()


class Faulty:
    """A real store with an accident before or after the writes that a test names."""

    def __init__(self, store: ChdbStore) -> None:
        self.store = store
        self.before: Callable[[Sequence[StoredEvent]], None] = lambda _rows: None
        self.after: Callable[[], None] = lambda: None

    def insert(self, rows: Sequence[StoredEvent]) -> None:
        self.before(rows)
        self.store.insert(rows)
        self.after()

    def existing(self, rows: Sequence[StoredEvent]) -> set[EventId]:
        return self.store.existing(rows)


class Line:
    """Stream, pipeline and store of one test; ``restart`` is a crash of everything but the disk."""

    def __init__(self, directory: Path, enricher: Enricher, new_state: Callable[[], StateStore] = MemoryState) -> None:
        self._directory = directory
        self.detector_errors_path = directory / "detector-errors.json"
        self._enricher = enricher
        self._new_state = new_state
        self.clock = ManualClock(NOW_MS)
        self.faulty: Faulty
        copy_migrated_store(directory / "events")
        self._start()

    def _start(self) -> None:
        self.store = ChdbStore(self._directory / "events", memory_bytes=1024**3)
        self.store.open()
        self.stream = EmbeddedStream(self._directory / "stream", max_bytes=1024**3, clock=SystemClock())
        self.stream.open(None)
        self.faulty = Faulty(self.store)

    def close(self) -> None:
        self.stream.close()
        self.store.close()

    def restart(self) -> None:
        self.close()
        self._start()

    def send(self, *events: dict[str, Any], **changes: Any) -> Envelope:
        envelope = msgspec.structs.replace(
            Envelope(
                org_id=ORG,
                key_id="key",
                environment=Environment.LIVE,
                source="collect",
                received_at_ms=NOW_MS,
                event_id_base=draw_event_id_base(NOW_MS),
                server_ip=None,
                may_backdate=False,
                rejected=(),
                body=msgspec.json.encode({"events": list(events)}),
            ),
            **changes,
        )
        self.stream.publisher.publish(Subject.RAW, [ENVELOPE_ENCODER.encode(envelope)])
        return envelope

    def new_worker(self) -> tuple[PipelineConsumer, StoreWriter]:
        """Return a worker that has just started: its detection knows what is stored, and its writer runs."""
        store: EventWriter = self.faulty
        writer = StoreWriter(store=store, dead_letters=self.stream.dead_letters)
        policies, state = OnePolicy(), self._new_state()
        errors = DetectorErrors(self.detector_errors_path, self.clock)
        errors.clear()
        detection = SteadyDetection(
            runner=DetectionRunner(state, DETECTORS, policies, errors=errors),
            state=state,
            store=self.store,
            gap_file=GapFile(self._directory / "gap.json"),
            clock=self.clock,
        )
        detection.start()
        pipeline = PipelineConsumer(
            consumer=self.stream.consumer(Subject.RAW),
            publisher=self.stream.publisher,
            dead_letters=self.stream.dead_letters,
            steps=Steps(enricher=self._enricher, runner=detection, policies=policies, find_stored=writer.find_stored),
            detection=detection,
            writer=writer,
            stop=threading.Event(),
        )
        writer.start()
        return pipeline, writer

    def run(self, *, acknowledge: bool = True) -> None:
        """Process what waits, as a worker that starts now would, and write it."""
        pipeline, writer = self.new_worker()
        pipeline.run_once()
        writer.stop(30)
        if acknowledge:
            pipeline.acknowledge_stored()

    def stored(self) -> list[str]:
        """Names of the stored events, sorted."""
        page = self.store.list_events(org_id=ORG, where=EventFilter(), limit=100, offset=0)
        assert page.total == len(page.events)
        return sorted(event.name for event in page.events)

    def detections(self) -> list[Detection]:
        messages = self.stream.consumer(Subject.DETECTIONS).fetch(1000, 0)
        return [DETECTION_DECODER.decode(message.payload) for message in messages]
