"""The pipeline's loop: fetch -> steps -> publish detections -> hand rows to the writer -> acknowledge.

The only owner of retry and dead letters here. The order is what makes a crash harmless: detections are durable before
their events are stored, and events are stored before they are acknowledged. So an event that the store holds has nothing
left to do, and one that it does not hold is processed again from the same state and fires the same detection ids.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from litesoc_server import telemetry
from litesoc_server.events.detection import DETECTION_ENCODER, Detection
from litesoc_server.events.errors import Backpressure, StreamUnavailable
from litesoc_server.pipeline.steady_detection import SteadyDetection
from litesoc_server.pipeline.steps import BadMessage, Batch, Steps
from litesoc_server.pipeline.writer import StoreWriter, bury
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.stream.base import Consumer, DeadLetters, Message, Publisher
from litesoc_server.stream.subjects import Subject

log = logging.getLogger(__name__)

FETCH_MESSAGES = 500  # about 50,000 events when every message is a full batch
FETCH_WAIT_S = 0.2  # also how long an acknowledgement may wait
CATCH_UP_WAIT_S = 2.0  # for the writer; longer than that the store itself is away
RETRY_DELAY_MIN_S = 0.1
RETRY_DELAY_MAX_S = 5.0

T = TypeVar("T")


class StopRequested(Exception):
    """The process is shutting down; what is in hand stays unacknowledged and is delivered again at the next start."""


class PipelineConsumer:
    """Runs the pipeline over the raw subject in the calling thread until told to stop."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        publisher: Publisher,
        dead_letters: DeadLetters,
        steps: Steps,
        detection: SteadyDetection,
        writer: StoreWriter,
        stop: threading.Event,
    ) -> None:
        self._consumer = consumer
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._steps = steps
        self._detection = detection
        self._writer = writer
        self._stop = stop

    def run(self) -> None:
        """Process messages until the stop event is set, then acknowledge what the writer has stored by then."""
        try:
            while not self._stop.is_set():
                self.run_once()
        except StopRequested:
            log.info("pipeline stopped while it waited; what it held is delivered again at the next start")

    def run_once(self) -> None:
        """Process one batch of messages. Waits out every outage; raises StopRequested when told to stop meanwhile."""
        self.acknowledge_stored()
        if self._detection.is_due:
            self._catch_up()
        messages = self._until_available(lambda: self._consumer.fetch(FETCH_MESSAGES, FETCH_WAIT_S))
        if not messages:
            return
        batch = self._until_available(lambda: self._process(messages))
        self._publish(batch.detections)
        unreadable = self._bury(batch)
        readable = [message for message in messages if message.position not in unreadable]
        if not self._writer.add(batch.rows, readable, self._stop.is_set):
            raise StopRequested
        telemetry.EVENTS_PROCESSED.inc(len(batch.rows))

    def acknowledge_stored(self) -> None:
        """Acknowledge the messages whose rows the writer has stored."""
        stored = self._writer.take_stored()
        if stored:
            self._until_available(lambda: self._consumer.ack(stored))

    def _catch_up(self) -> None:
        """Examine what was stored without detection, once all of it has arrived in the store."""
        if not self._writer.wait_until_written(CATCH_UP_WAIT_S):
            return
        for detections in self._detection.catch_up():
            self._publish(detections)
            if self._stop.is_set():
                raise StopRequested

    def _process(self, messages: Sequence[Message]) -> Batch:
        """Run the steps; when a bug makes them raise, find the message it is about, so that it cannot stop the line.

        Running a message twice is harmless: what detectors keep is idempotent by event id.
        """
        try:
            return self._steps.process(messages)
        except (StoreUnavailable, Backpressure):
            raise
        except Exception as error:  # the edge of the loop: a bug becomes one dead letter
            log.exception("processing %d messages failed", len(messages))
            if len(messages) == 1:
                return Batch([], [], [], [BadMessage(messages[0], f"processing raised {type(error).__name__}")])
        parts = [self._process([message]) for message in messages]
        return Batch(
            rows=[row for part in parts for row in part.rows],
            detections=[detection for part in parts for detection in part.detections],
            bad_events=[bad for part in parts for bad in part.bad_events],
            bad_messages=[bad for part in parts for bad in part.bad_messages],
        )

    def _publish(self, detections: Sequence[Detection]) -> None:
        if not detections:
            return
        payloads = [DETECTION_ENCODER.encode(detection) for detection in detections]
        self._until_available(lambda: self._publisher.publish(Subject.DETECTIONS, payloads))
        for detection in detections:
            telemetry.DETECTIONS.labels(detection.detector).inc()

    def _bury(self, batch: Batch) -> set[str]:
        """Make dead letters of what cannot be processed; return the positions of whole messages that went there."""
        for bad in batch.bad_events:
            self._until_available(lambda bad=bad: bury(self._dead_letters, bad.envelope, bad.index, bad.reason))
        for bad_message in batch.bad_messages:
            self._until_available(
                lambda bad=bad_message: self._consumer.dead_letter(bad.message, bad.reason),
            )
            telemetry.EVENTS_DEAD_LETTERED.inc()
        return {bad.message.position for bad in batch.bad_messages}

    def _until_available(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, trying again while the stream or the store is away."""
        delay_s = RETRY_DELAY_MIN_S
        while True:
            try:
                return attempt()
            except (StreamUnavailable, StoreUnavailable, Backpressure) as error:
                log.warning("pipeline waits %.1f s: %s", delay_s, error)
            if self._stop.wait(delay_s):
                raise StopRequested
            delay_s = min(delay_s * 2, RETRY_DELAY_MAX_S)
