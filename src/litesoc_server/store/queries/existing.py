"""Which of some rows the store already holds; asked before rows are written again."""

import uuid
from collections.abc import Iterator, Sequence

from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.store.base import StoredEvent
from litesoc_server.store.queries import Read

ROWS_PER_QUERY = 1_000

# Exact times first: they are in the primary index, ids are not.
_EXISTING = """
SELECT toString(event_id)
FROM events
WHERE org_id IN {org_ids:Array(String)}
    AND ts IN (SELECT fromUnixTimestamp64Milli(arrayJoin({times_ms:Array(Int64)}), 'UTC'))
    AND event_id IN {event_ids:Array(UUID)}
"""


def existing(read: Read, rows: Sequence[StoredEvent]) -> set[EventId]:
    """Return the ids of those rows that are stored. Raises StoreUnavailable."""
    found: set[EventId] = set()
    for events in _chunks([row.event for row in rows if _is_uuid(row.event.event_id)]):
        values: dict[str, object] = {
            "org_ids": sorted({event.org_id for event in events}),
            "times_ms": sorted({event.occurred_at_ms for event in events}),
            "event_ids": [event.event_id for event in events],
        }
        found.update(EventId(event_id) for (event_id,) in read(_EXISTING, values))
    return found


def _is_uuid(event_id: str) -> bool:
    """Return whether the store can hold it at all; asking for anything else would be an error of the query."""
    try:
        uuid.UUID(event_id)
    except ValueError:
        return False
    return True


def _chunks(events: list[Event]) -> Iterator[list[Event]]:
    for start in range(0, len(events), ROWS_PER_QUERY):
        yield events[start : start + ROWS_PER_QUERY]
