"""What came of the deliveries of webhook sources, counted in memory and written down now and then.

A crash loses the counts of the last seconds, and no event.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Protocol

import msgspec

from litesoc_server.ingest.source_settings import Connection

log = logging.getLogger(__name__)

WRITE_S = 2.0  # between two writes: people wait in front of a page for their first event
CONNECTIONS_MAX = 10_000  # counted between two writes; beyond that deliveries are not counted
DELIVERED = "delivered"  # deliveries that were taken
RECEIVED = "received"  # records, whatever came of them
QUEUED = "queued"  # records that became events
KEPT_UNKNOWN = "kept_unknown"  # those of QUEUED whose type, or event name, is not a known one
IGNORED = "ignored:"  # and IgnoredBecause: records that did not
REFUSED = "refused:"  # and SignatureProblem or ErrorCode: whole deliveries


class Counts(msgspec.Struct):
    """What came of one connection's deliveries since the last write."""

    days: dict[date, Counter[str]] = msgspec.field(default_factory=dict[date, Counter[str]])
    last_event_at_ms: int | None = None  # Unix ms of the last delivery that brought an event
    last_refused_at_ms: int | None = None
    last_received_at_ms: int | None = None  # of the last delivery that was taken, events or not


class CountsUnavailable(Exception):
    """They cannot be written just now; the next time will do."""


class CountsSink(Protocol):
    """The control plane's side. Blocking; called from a worker thread."""

    def add(self, counts: Mapping[Connection, Counts]) -> None:
        """Add ``counts`` to those that are kept; all or none. Raises CountsUnavailable."""
        ...


class SourceCounts:
    """Counts; safe to call from any thread. ``keep_written`` has to run somewhere."""

    def __init__(self, sink: CountsSink) -> None:
        self._sink = sink
        self._counts: dict[Connection, Counts] = {}
        self._lock = threading.Lock()

    def note_taken(self, connection: Connection, now_ms: int, outcomes: Mapping[str, int]) -> None:
        """Count a delivery that was taken: ``outcomes`` are the words above but REFUSED."""
        with self._lock:
            counts = self._of(connection)
            if counts is not None:
                _add(counts, _day(now_ms), outcomes)
                counts.last_received_at_ms = now_ms
                if outcomes.get(QUEUED):
                    counts.last_event_at_ms = now_ms

    def note_refused(self, connection: Connection, now_ms: int, reason: str) -> None:
        """Count a delivery that was refused for ``reason``, from a closed set."""
        with self._lock:
            counts = self._of(connection)
            if counts is not None:
                _add(counts, _day(now_ms), {REFUSED + reason: 1})
                counts.last_refused_at_ms = now_ms

    async def keep_written(self) -> None:
        """Write every WRITE_S seconds, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            await asyncio.to_thread(self.write)

    def write(self) -> None:
        """Write what was counted since the last time. Blocking; never raises."""
        with self._lock:
            taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            self._sink.add(taken)
        except CountsUnavailable as error:
            log.warning("the counts of webhook sources are written later: %s", error)
            self._give_back(taken)
        except Exception:  # the edge of a background task: a bug here must not stop it
            log.exception("the counts of webhook sources cannot be written")

    def _of(self, connection: Connection) -> Counts | None:
        counts = self._counts.get(connection)
        if counts is None and len(self._counts) < CONNECTIONS_MAX:
            counts = self._counts[connection] = Counts()
        return counts

    def _give_back(self, taken: Mapping[Connection, Counts]) -> None:
        with self._lock:
            for connection, old in taken.items():
                counts = self._of(connection)
                if counts is None:
                    continue
                for day, outcomes in old.days.items():
                    _add(counts, day, outcomes)
                counts.last_event_at_ms = counts.last_event_at_ms or old.last_event_at_ms
                counts.last_refused_at_ms = counts.last_refused_at_ms or old.last_refused_at_ms
                counts.last_received_at_ms = counts.last_received_at_ms or old.last_received_at_ms


def _add(counts: Counts, day: date, outcomes: Mapping[str, int]) -> None:
    counter = counts.days.setdefault(day, Counter())
    for outcome, count in outcomes.items():
        counter[outcome] += count


def _day(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms // 1000, UTC).date()
