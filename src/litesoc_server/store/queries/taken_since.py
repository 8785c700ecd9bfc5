"""What the store took in lately, by its own clock: for a feed of new events."""

from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.store.base import EventSearch, NewEvents
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.conditions import of_search

# The first row carries the store's clock, of the moment from before the others were looked for.
_TAKEN = """
SELECT '' AS id, toUnixTimestamp(now()) AS taken_s, 0 AS at_ms
UNION ALL
SELECT * FROM (
    SELECT toString(event_id) AS id, toUnixTimestamp(inserted_at) AS taken_s, toUnixTimestamp64Milli(ts) AS at_ms
    FROM events
    WHERE {conditions} AND inserted_at >= fromUnixTimestamp({{since_s:Int64}})
    ORDER BY inserted_at DESC, at_ms DESC, id DESC
    LIMIT {{limit:UInt64}}
)
"""


def taken_since(read: Read, *, org_id: OrgId, where: EventSearch, since_s: int, limit: int) -> NewEvents:
    """Return the newest ``limit`` that were taken in at ``since_s`` or later, oldest first. Raises StoreUnavailable."""
    conditions = of_search(org_id, where)
    rows = read(_TAKEN.format(conditions=conditions.sql), conditions.values | {"since_s": since_s, "limit": limit + 1})
    now_s = next(taken_s for event_id, taken_s, _ in rows if not event_id)
    found = sorted((taken_s, at_ms, event_id) for event_id, taken_s, at_ms in rows if event_id)
    newest = {EventId(event_id): taken_s for taken_s, _, event_id in found[-limit:]}
    return NewEvents(events=tuple(newest.items()), now_s=now_s, is_complete=len(found) <= limit)
