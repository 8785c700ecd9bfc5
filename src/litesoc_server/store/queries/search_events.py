"""One page of what a query finds, by keyset: from a known event on, older or newer."""

from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import Cursor, EventSearch, SearchPage
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.conditions import of_search
from litesoc_server.store.queries.org_conditions import Conditions
from litesoc_server.store.rows import SELECT_LIST, event_of, has_copies

_PAGE = """
SELECT {select_list}
FROM events {final}
WHERE {conditions}
ORDER BY ts {order}, toUInt128(event_id) {order}
LIMIT {{limit:UInt64}}
"""
# The first line is for the primary index, which knows nothing of ids.
_FROM_CURSOR = """
    AND ts {comparison}= fromUnixTimestamp64Milli({{cursor_ms:Int64}}, 'UTC')
    AND (ts, toUInt128(event_id)) {comparison} (
        fromUnixTimestamp64Milli({{cursor_ms:Int64}}, 'UTC'), toUInt128({{cursor_id:UUID}})
    )
"""


def search_events(
    read: Read, *, org_id: OrgId, where: EventSearch, before: Cursor | None, after: Cursor | None, limit: int
) -> SearchPage:
    """Return up to ``limit`` events, newest first. Raises StoreUnavailable."""
    assert before is None or after is None, "one direction at a time"
    is_forward = after is not None
    conditions = _with_cursor(of_search(org_id, where), after or before, is_forward=is_forward)
    found = _read(read, conditions, order="ASC" if is_forward else "DESC", limit=limit + 1)
    events = found[:limit]
    return SearchPage(events=tuple(reversed(events) if is_forward else events), has_more=len(found) > limit)


def _with_cursor(conditions: Conditions, cursor: Cursor | None, *, is_forward: bool) -> Conditions:
    if cursor is None:
        return conditions
    sql = conditions.sql + _FROM_CURSOR.format(comparison=">" if is_forward else "<")
    return Conditions(sql, conditions.values | {"cursor_ms": cursor.at_ms, "cursor_id": cursor.event_id})


def _read(read: Read, conditions: Conditions, *, order: str, limit: int) -> list[Event]:
    values = conditions.values | {"limit": limit}

    def statement(final: str) -> str:
        return _PAGE.format(select_list=SELECT_LIST, final=final, conditions=conditions.sql, order=order)

    rows = read(statement(""), values)
    if has_copies(rows):  # FINAL leaves them out (see counts.py) and takes three times as long
        rows = read(statement("FINAL"), values)
    return [event_of(row) for row in rows]
