"""The store writer: gathers rows into large inserts in its own thread, so that alerts never wait for the store."""

import logging
import threading
from collections.abc import Callable, Sequence

import msgspec

from litesoc_server import telemetry
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.steps import Row
from litesoc_server.store.base import EventWriter, RejectedRows, StoredEvent, StoreUnavailable
from litesoc_server.stream.base import DeadLetters, Message
from litesoc_server.stream.subjects import Subject

log = logging.getLogger(__name__)

INSERT_ROWS = 5_000  # an insert costs 15-20 ms up to 1,000 rows and 7 µs a row at 5,000: larger gains little
INSERT_DELAY_S = 0.2  # the longest a row waits for company; what people see live is at most this much behind
PENDING_ROWS_MAX = 50_000  # ceiling while the store is down; then the pipeline waits and the stream holds the backlog
RETRY_DELAY_MIN_S = 0.25
RETRY_DELAY_MAX_S = 5.0


class StoreWriter:
    """Takes rows from the pipeline's thread and writes them from its own; tells which messages are fully stored."""

    def __init__(self, *, store: EventWriter, dead_letters: DeadLetters) -> None:
        self._store = store
        self._dead_letters = dead_letters
        self._changed = threading.Condition()
        self._rows: list[Row] = []
        self._messages: list[Message] = []  # those whose rows are all in _rows, or that have none
        self._writing_count = 0
        self._pending_ids: set[EventId] = set()
        self._stored_messages: list[Message] = []
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Write what is pending if the store answers within ``timeout_s``; else leave it to be redelivered."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def add(self, rows: Sequence[Row], messages: Sequence[Message], should_give_up: Callable[[], bool]) -> bool:
        """Hand over rows and the messages they make up. Waits while too much is pending (backpressure).

        Returns False when ``should_give_up`` became true during that wait; then nothing was taken.
        """
        with self._changed:
            while len(self._rows) + self._writing_count >= PENDING_ROWS_MAX:
                if should_give_up():
                    return False
                self._changed.wait(0.2)
            self._rows.extend(rows)
            self._messages.extend(messages)
            self._pending_ids.update(row.stored.event.event_id for row in rows)
            telemetry.STORE_PENDING.set(len(self._rows) + self._writing_count)
            self._changed.notify_all()
        return True

    def take_stored(self) -> list[Message]:
        """Return the messages that became fully stored since the last call: they may be acknowledged."""
        with self._changed:
            stored, self._stored_messages = self._stored_messages, []
        return stored

    def wait_until_written(self, timeout_s: float) -> bool:
        """Return whether nothing is pending any more, within ``timeout_s``."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._messages and not self._writing_count, timeout_s)

    def find_stored(self, rows: Sequence[StoredEvent]) -> set[EventId]:
        """Return which of ``rows`` are stored or wait here to be. Raises StoreUnavailable."""
        with self._changed:
            pending = {row.event.event_id for row in rows} & self._pending_ids
        return pending | self._store.existing(rows)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._messages or self._is_stopping)
                if not self._messages:
                    return
                self._changed.wait_for(lambda: len(self._rows) >= INSERT_ROWS or self._is_stopping, INSERT_DELAY_S)
                rows, messages = self._rows, self._messages
                self._rows, self._messages, self._writing_count = [], [], len(rows)
            if not self._write(rows):
                return
            with self._changed:
                self._writing_count = 0
                self._pending_ids.difference_update(row.stored.event.event_id for row in rows)
                self._stored_messages.extend(messages)
                telemetry.STORE_PENDING.set(len(self._rows))
                self._changed.notify_all()

    def _write(self, rows: list[Row]) -> bool:
        """Write ``rows``, however long it takes. Returns False when told to stop while the store was down."""
        delay_s = RETRY_DELAY_MIN_S
        unsure = False
        while True:
            try:
                wanted = self._not_yet_stored(rows) if unsure else rows
                for start in range(0, len(wanted), INSERT_ROWS):
                    self._insert(wanted[start : start + INSERT_ROWS])
            except StoreUnavailable as error:
                unsure = True
                telemetry.STORE_RETRIES.inc()
                log.warning("store unavailable, %d events wait, next try in %.2f s: %s", len(rows), delay_s, error)
            else:
                return True
            with self._changed:
                if self._is_stopping:
                    return False
                self._changed.wait_for(lambda: self._is_stopping, delay_s)
            delay_s = min(delay_s * 2, RETRY_DELAY_MAX_S)

    def _not_yet_stored(self, rows: list[Row]) -> list[Row]:
        stored = self._store.existing([row.stored for row in rows])
        return [row for row in rows if row.stored.event.event_id not in stored]

    def _insert(self, rows: list[Row]) -> None:
        """Insert ``rows``; when the store refuses them for what they hold, find the bad ones by halving."""
        if not rows:
            return
        try:
            with telemetry.STORE_WRITE_SECONDS.time():
                self._store.insert([row.stored for row in rows])
        except RejectedRows as error:
            if len(rows) == 1:
                bury(self._dead_letters, rows[0].envelope, rows[0].index, f"the store refused it: {error}")
                return
            middle = len(rows) // 2
            self._insert(rows[:middle])
            self._insert(rows[middle:])


def bury(dead_letters: DeadLetters, envelope: Envelope, index: int, reason: str) -> None:
    """Make one event of an envelope a dead letter that can be replayed by itself, without its neighbours.

    Raises StreamUnavailable.
    """
    alone = msgspec.structs.replace(envelope, only_index=index, is_repeat=True)
    dead_letters.add(Subject.RAW, ENVELOPE_ENCODER.encode(alone), reason)
    telemetry.EVENTS_DEAD_LETTERED.inc()
