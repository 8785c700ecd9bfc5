"""One page of an organisation's events, newest first."""

from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import EventFilter, EventPage
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.conditions import of_filter
from litesoc_server.store.queries.counts import count_events
from litesoc_server.store.rows import SELECT_LIST, event_of, has_copies

# FINAL leaves out copies (see counts.py). It takes three times as long, so it is used only when there are any.
_PAGE = """
SELECT {select_list}
FROM events {final}
WHERE {conditions}
ORDER BY ts DESC, toUInt128(event_id) DESC
LIMIT {{limit:UInt64}} OFFSET {{offset:UInt64}}
"""


def list_events(read: Read, *, org_id: OrgId, where: EventFilter, limit: int, offset: int) -> EventPage:
    """Return up to ``limit`` events after the first ``offset``, and how many match. Raises StoreUnavailable."""
    conditions = of_filter(org_id, where)
    values = conditions.values | {"limit": limit, "offset": offset}
    # Counted first: events that arrive in between may be on the page and not in the total, never the other way round.
    counts = count_events(read, conditions)
    rows = read(_PAGE.format(select_list=SELECT_LIST, final="", conditions=conditions.sql), values)
    if counts.copies or has_copies(rows):
        rows = read(_PAGE.format(select_list=SELECT_LIST, final="FINAL", conditions=conditions.sql), values)
    return EventPage(events=tuple(event_of(row) for row in rows), total=counts.events)
