"""New events as the store takes them in, each once, in any order of arrival.

The store notes when it took an event in to the second, at the start of an insert; the event becomes visible when the insert
ends. So each look goes back some seconds behind the last one and passes over what it knows.
"""

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.store.base import EventReader, EventSearch, NewEvents

OVERLAP_S = 10  # an insert that lasts longer may be missed by the feed (never by the list)
TAKEN_MAX = 20_000  # ids looked at each time: 2,000 events a second
_NEVER_S = 2**32 - 1  # nothing is taken in after it


class FeedStep(msgspec.Struct, frozen=True):
    """What came in since the last look."""

    events: tuple[Event, ...]  # newest first by event time
    passed_over_count: int  # events beside these
    position_s: int  # from where a feed that begins after this step goes on, Unix s by the store's clock


class Feed:
    """One search, followed. Not for several threads at once."""

    def __init__(
        self, reader: EventReader, *, org_id: OrgId, where: EventSearch, position_s: int | None, shown_max: int
    ) -> None:
        self._reader = reader
        self._org_id = org_id
        self._where = where
        self._position_s = position_s
        self._shown_max = shown_max
        self._known: dict[EventId, int] = {}

    def look(self) -> FeedStep:
        """Return what came in since the last look, or since ``position_s``; without one the first look finds nothing.

        What came in within OVERLAP_S before ``position_s`` may come again. Raises StoreUnavailable; then look again.
        """
        if self._position_s is None:
            return self._begin()
        taken = self._taken(self._position_s - OVERLAP_S)
        new = [event_id for event_id, _ in taken.events if event_id not in self._known]
        shown = self._reader.get_events(
            org_id=self._org_id, event_ids=new[-self._shown_max :], not_before_ms=self._where.not_before_ms
        )
        self._remember(taken)
        newest_first = sorted(shown.values(), key=lambda event: (event.occurred_at_ms, event.event_id), reverse=True)
        return FeedStep(events=tuple(newest_first), passed_over_count=len(new) - len(shown), position_s=taken.now_s)

    def _begin(self) -> FeedStep:
        now_s = self._taken(_NEVER_S).now_s
        taken = self._taken(now_s - OVERLAP_S)
        self._remember(taken)
        return FeedStep(events=(), passed_over_count=0, position_s=taken.now_s)

    def _taken(self, since_s: int) -> NewEvents:
        return self._reader.taken_since(org_id=self._org_id, where=self._where, since_s=since_s, limit=TAKEN_MAX)

    def _remember(self, taken: NewEvents) -> None:
        self._position_s = taken.now_s
        self._known = {event_id: taken_s for event_id, taken_s in taken.events if taken_s >= taken.now_s - OVERLAP_S}
