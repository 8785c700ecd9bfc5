"""How many events a query finds, up to a ceiling: the engine stops when it is reached."""

from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import CappedCount, EventSearch
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.conditions import of_search

# Ids and not rows: copies of an event count once.
_COUNT = """
SELECT count()
FROM (SELECT DISTINCT event_id FROM events WHERE {conditions} LIMIT {{limit:UInt64}})
"""


def count_matching(read: Read, *, org_id: OrgId, where: EventSearch, limit: int) -> CappedCount:
    """Count what matches, up to ``limit``. Raises StoreUnavailable."""
    conditions = of_search(org_id, where)
    ((count,),) = read(_COUNT.format(conditions=conditions.sql), conditions.values | {"limit": limit + 1})
    return CappedCount(events=min(count, limit), is_exact=count <= limit)
