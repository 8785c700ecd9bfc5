"""An organisation's events up to one of them, oldest first, in pages: to judge that one again."""

from collections.abc import Iterator

from litesoc_server.events.event import Event
from litesoc_server.store.queries import Read
from litesoc_server.store.rows import SELECT_LIST, event_of

EVENTS_PER_PAGE = 5_000

_START = """
SELECT toUnixTimestamp64Milli(ts), toString(event_id)
FROM events
WHERE org_id = {org_id:String}
    AND environment = {environment:String}
    AND ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND (ts, toUInt128(event_id)) <= (fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC'), toUInt128({until_id:UUID}))
ORDER BY ts DESC, toUInt128(event_id) DESC
LIMIT 1 OFFSET {offset:UInt64}
"""
_PAGE = """
SELECT {select_list}
FROM events
WHERE org_id = {{org_id:String}}
    AND environment = {{environment:String}}
    AND (ts, toUInt128(event_id)) {comparison} (
        fromUnixTimestamp64Milli({{ts_ms:Int64}}, 'UTC'), toUInt128({{event_id:UUID}})
    )
    AND (ts, toUInt128(event_id)) <= (fromUnixTimestamp64Milli({{until_ms:Int64}}, 'UTC'), toUInt128({{until_id:UUID}}))
ORDER BY ts, toUInt128(event_id)
LIMIT {{limit:UInt64}}
"""
_ID_MIN = "00000000-0000-0000-0000-000000000000"


def history(read: Read, *, until: Event, since_ms: int, limit: int) -> Iterator[Event]:
    """Yield the newest ``limit`` events of the organisation and environment of ``until`` up to it, itself last.

    Those before ``since_ms`` (event time, Unix ms) are left out. Raises StoreUnavailable.
    """
    scope: dict[str, object] = {
        "org_id": until.org_id,
        "environment": until.environment.value,
        "until_ms": until.occurred_at_ms,
        "until_id": until.event_id,
    }
    start = read(_START, {**scope, "since_ms": since_ms, "offset": limit - 1}) if limit > 0 else []
    ts_ms, event_id = start[0] if start else (since_ms, _ID_MIN)
    comparison, remaining = ">=", limit
    while remaining > 0:
        page = min(remaining, EVENTS_PER_PAGE)
        sql = _PAGE.format(select_list=SELECT_LIST, comparison=comparison)
        rows = read(sql, {**scope, "ts_ms": ts_ms, "event_id": event_id, "limit": page})
        for event in map(event_of, rows):
            if event.event_id != event_id or comparison == ">=":  # copies of one event stand next to each other
                yield event
            ts_ms, event_id, comparison = event.occurred_at_ms, event.event_id, ">"
        if len(rows) < page:
            return
        remaining -= len(rows)
