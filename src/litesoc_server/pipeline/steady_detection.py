"""Detection that outlives its state: while the state is away events pass unexamined, and are caught up with afterwards.

Events must be stored and visible whatever becomes of the state. So a batch that cannot be examined goes on without
detections (and without risk scores, which stay unknown for these events), and a note on disk says since when. When the state
answers again, what was received since then is read from the store and examined, before anything newer. Examining an event
twice is harmless: what it leaves in the state and the ids of its detections are the same. A state that came back empty is
rebuilt first, as at a start.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from litesoc_server import telemetry
from litesoc_server.clock import Clock
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.runner import DetectionRunner, Outcome
from litesoc_server.pipeline.gap_file import Gap, GapFile
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.pipeline.state.base import StateLost, StateStore, StateUnavailable
from litesoc_server.store.base import EventReader, StoreUnavailable

log = logging.getLogger(__name__)

REBUILD_SPAN_MS = 7 * DAY_MS  # longer than any window of a detector; habits need some days of logins
REBUILD_EVENTS_MAX = 500_000  # about two minutes of work in memory; ingest answers meanwhile
CATCH_UP_EVENTS_MAX = 5_000_000  # the newest of an outage; a few minutes of work
RETRY_MS = 10_000  # a state that does not even refuse connections holds each try up for seconds
_BATCH = 5_000


class SteadyDetection:
    """The runner as the pipeline sees it: it always answers. For one thread."""

    def __init__(
        self, *, runner: DetectionRunner, state: StateStore, store: EventReader, gap_file: GapFile, clock: Clock
    ) -> None:
        self._runner = runner
        self._state = state
        self._store = store
        self._gap_file = gap_file
        self._clock = clock
        self._gap = gap_file.read()
        self._next_try_ms = 0
        telemetry.DETECTION_BEHIND.set(self._gap is not None)

    @property
    def is_due(self) -> bool:
        """Whether there is something to catch up with and it is time to try."""
        return self._gap is not None and self._clock.now_ms() >= self._next_try_ms

    def start(self) -> None:
        """Rebuild the state if it is empty. Without a reachable state nothing happens yet. Raises StoreUnavailable."""
        try:
            self._rebuild_if_lost()
        except StateUnavailable as error:
            log.warning("detection waits for its state, events are stored without: %s", error)

    def run(self, events: Sequence[Event]) -> Outcome:
        """Return what fires on ``events``; nothing while the state is away, then they are noted to be examined later."""
        if not events:
            return Outcome([], {})
        if self._gap is None:
            try:
                return self._runner.run(events)
            except StateUnavailable as error:
                log.warning("detection stops until its state is back, events are stored without: %s", error)
                self._next_try_ms = self._clock.now_ms() + (0 if isinstance(error, StateLost) else RETRY_MS)
        self._note(min(event.received_at_ms for event in events))
        telemetry.EVENTS_UNEXAMINED.inc(len(events))
        return Outcome([], {})

    def catch_up(self) -> Iterator[list[Detection]]:
        """Examine what was stored meanwhile; yields detections to be published. Ends early while state or store are away.

        All rows handed to the store must have arrived there before.
        """
        if self._gap is None:
            return
        count = 0
        try:
            self._rebuild_if_lost()
            for batch in self._unexamined(self._gap):
                yield self._runner.run(batch).detections
                count += len(batch)
        except (StateUnavailable, StoreUnavailable) as error:
            log.warning("detection is still behind: %s", error)
            self._next_try_ms = self._clock.now_ms() + RETRY_MS
            return
        self._gap_file.remove()
        self._gap = None
        telemetry.DETECTION_BEHIND.set(0)
        log.info("detection has caught up with %d events", count)

    def _note(self, since_ms: int) -> None:
        if self._gap is None or since_ms < self._gap.since_ms:
            gap = Gap(since_ms)
            self._gap_file.write(gap)
            self._gap = gap
            telemetry.DETECTION_BEHIND.set(1)

    def _unexamined(self, gap: Gap) -> Iterator[list[Event]]:
        events = self._store.recent_events(since_ms=0, limit=CATCH_UP_EVENTS_MAX, received_from_ms=gap.since_ms)
        while batch := list(islice(events, _BATCH)):
            yield batch

    def _rebuild_if_lost(self) -> None:
        """Feed recent stored events to an empty state, those that are still to be examined excepted."""
        with self._state.rebuilding() as is_lost:
            if not is_lost:
                return
            events = self._store.recent_events(since_ms=self._clock.now_ms() - REBUILD_SPAN_MS, limit=REBUILD_EVENTS_MAX)
            gap = self._gap
            count = self._runner.rebuild(event for event in events if gap is None or event.received_at_ms < gap.since_ms)
        log.info("detection state rebuilt from %d stored events", count)
