"""The events that the store took in after a place in the order of taking in: for whoever passes all of them on."""

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import TakenCursor, TakenEvent
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.org_conditions import of_org
from litesoc_server.store.rows import SELECT_LIST, event_of

_TAKEN = """
SELECT {select_list}, toUnixTimestamp(inserted_at) AS taken_s
FROM events
WHERE {conditions}
    AND inserted_at >= fromUnixTimestamp({{after_s:Int64}}) AND inserted_at < fromUnixTimestamp({{until_s:Int64}})
    AND (toUnixTimestamp(inserted_at), toUInt128(event_id)) > ({{after_s:Int64}}, toUInt128({{after_id:UUID}}))
ORDER BY inserted_at, toUInt128(event_id)
LIMIT {{limit:UInt64}}
"""


def taken_after(
    read: Read, *, org_id: OrgId, environment: Environment, after: TakenCursor, until_s: int, limit: int
) -> list[TakenEvent]:
    """Return the first ``limit`` that were taken in after ``after`` and before ``until_s`` (Unix s), in that order.

    Copies of one event stand beside each other, and all of them are returned. Raises StoreUnavailable.
    """
    conditions = of_org(org_id, ("environment = {environment:String}", "environment", environment.value))
    sql = _TAKEN.format(select_list=SELECT_LIST, conditions=conditions.sql)
    place = {"after_s": after.taken_s, "after_id": after.event_id, "until_s": until_s, "limit": limit}
    found: list[TakenEvent] = []
    for *row, taken_s in read(sql, conditions.values | place):
        event = event_of(row)
        found.append(TakenEvent(event, TakenCursor(taken_s, event.event_id)))
    return found
