"""The alerts' end of the stream: fetch, decode, apply, acknowledge; and the only place that decides about failures."""

import logging
import threading
from collections.abc import Sequence

import msgspec
from django.db import DataError, Error

from litesoc_server.alerts.apply import apply_detections
from litesoc_server.database import fresh_connections
from litesoc_server.events.detection import DETECTION_DECODER, Detection
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.pipeline.policy import PolicyProvider
from litesoc_server.stream.base import Consumer, Message
from litesoc_server.telemetry import ALERT_RETRIES, DETECTIONS_APPLIED, DETECTIONS_DEAD_LETTERED

log = logging.getLogger(__name__)

MESSAGES_MAX = 200  # per batch
WAIT_S = 0.5  # for the first message of a batch; also how long a stop may take
RETRY_DELAY_S = 2.0  # while the database is away
STREAM_RETRY_S = 1.0


class AlertConsumer:
    """Applies detections until it is told to stop. For one thread."""

    def __init__(self, consumer: Consumer, policies: PolicyProvider) -> None:
        self._consumer = consumer
        self._policies = policies

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set. What is in hand then is finished first."""
        while not stop.is_set():
            try:
                self.run_once()
            except StreamUnavailable as error:
                log.warning("alerts wait for the stream: %s", error)
                stop.wait(STREAM_RETRY_S)

    def run_once(self, *, max_messages: int = MESSAGES_MAX, max_wait_s: float = WAIT_S) -> int:
        """Handle one batch and return how many messages it had. Raises StreamUnavailable; then all of them come again."""
        messages = self._consumer.fetch(max_messages, max_wait_s)
        readable = [(message, detection) for message in messages if (detection := self._decode(message)) is not None]
        if readable:
            self._apply(readable)
        return len(messages)

    def _decode(self, message: Message) -> Detection | None:
        try:
            return DETECTION_DECODER.decode(message.payload)
        except msgspec.MsgspecError as error:
            self._bury(message, f"not a detection ({type(error).__name__})")
            return None

    def _apply(self, pairs: Sequence[tuple[Message, Detection]]) -> None:
        messages = [message for message, _ in pairs]
        try:
            with fresh_connections():
                apply_detections([detection for _, detection in pairs], self._policies)
        except Exception as error:  # noqa: BLE001 - the edge of the loop: every failure becomes "again later" or a dead letter
            if _is_passing(error):
                self._come_back(messages, error)
            elif len(pairs) > 1:
                for pair in pairs:  # finds the one that cannot be applied; the others do not suffer for it
                    self._apply([pair])
            else:
                detection, kind = pairs[0][1], type(error).__name__  # a database's own words may hold personal data
                log.error("detection %s of %s cannot be applied: %s", detection.detection_id, detection.detector, kind)  # noqa: TRY400
                self._bury(messages[0], f"detection {detection.detection_id} cannot be applied ({kind})")
        else:
            self._consumer.ack(messages)
            DETECTIONS_APPLIED.inc(len(messages))

    def _come_back(self, messages: Sequence[Message], error: Exception) -> None:
        log.warning("%d detections wait, the control database does not take them: %s", len(messages), type(error).__name__)
        ALERT_RETRIES.inc()
        self._consumer.retry(messages, RETRY_DELAY_S)

    def _bury(self, message: Message, reason: str) -> None:
        self._consumer.dead_letter(message, reason)
        DETECTIONS_DEAD_LETTERED.inc()


def _is_passing(error: Exception) -> bool:
    """Return whether the same detection may go through later: any trouble of the database but a value it cannot hold."""
    return isinstance(error, Error) and not isinstance(error, DataError)
