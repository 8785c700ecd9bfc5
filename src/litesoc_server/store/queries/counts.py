"""How many events match, each counted once even while the store still holds copies of some.

Copies come from two workers that write the same redelivered event at once, within seconds of each other. The engine drops
them when it merges the parts they are in, which it does at the latest some hours after they were inserted
(min_age_to_force_merge_seconds, see the migration); so only rows inserted lately are checked for them. Measured at 10 M
rows, 2.3 M of them matching, 2 cores: count() 12 ms, count() with FINAL 150 ms, uniqExact(event_id) 136 ms.
"""

import msgspec

from litesoc_server.store.queries import Read
from litesoc_server.store.queries.org_conditions import Conditions

# One statement, so that both halves look at the same moment: a merge between them would make the difference wrong.
_COUNT = """
SELECT sum(row_count), sum(copy_count)
FROM (
    SELECT count() AS row_count, 0 AS copy_count
    FROM events
    WHERE {conditions}
    UNION ALL
    SELECT 0, count() - uniqExact(event_id)
    FROM events
    WHERE {conditions} AND inserted_at >= now() - INTERVAL 1 DAY
)
"""

_COPIES = """
SELECT count() - uniqExact(event_id)
FROM events
WHERE {conditions} AND inserted_at >= now() - INTERVAL 1 DAY
"""


class Counts(msgspec.Struct, frozen=True):
    """How many events match."""

    events: int
    copies: int  # rows beside them that repeat one of them; nearly always 0


def count_events(read: Read, conditions: Conditions) -> Counts:
    """Count the events that match ``conditions``. Raises StoreUnavailable."""
    ((rows, copies),) = read(_COUNT.replace("{conditions}", conditions.sql), conditions.values)
    return Counts(events=rows - copies, copies=copies)


def has_copies(read: Read, conditions: Conditions) -> bool:
    """Return whether some event that matches stands in the table twice. Raises StoreUnavailable."""
    ((copies,),) = read(_COPIES.replace("{conditions}", conditions.sql), conditions.values)
    return bool(copies)
