"""The newest events of all organisations, oldest first, in pages: neither side ever holds more than one page."""

from collections.abc import Iterator

from litesoc_server.events.event import Event
from litesoc_server.store.queries import Read
from litesoc_server.store.rows import SELECT_LIST, event_of

EVENTS_PER_PAGE = 10_000  # about 10 MB of events; the engine reads no more columns than it must up to this many

_START = """
SELECT toUnixTimestamp64Milli(ts), toString(event_id)
FROM events
WHERE ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND received_at >= fromUnixTimestamp64Milli({received_from_ms:Int64}, 'UTC')
ORDER BY ts DESC, toUInt128(event_id) DESC
LIMIT 1 OFFSET {offset:UInt64}
"""
_PAGE = """
SELECT {select_list}
FROM events
WHERE ts >= fromUnixTimestamp64Milli({{ts_ms:Int64}}, 'UTC')
    AND received_at >= fromUnixTimestamp64Milli({{received_from_ms:Int64}}, 'UTC')
    AND (ts, toUInt128(event_id)) {comparison} (
        fromUnixTimestamp64Milli({{ts_ms:Int64}}, 'UTC'), toUInt128({{event_id:UUID}})
    )
ORDER BY ts, toUInt128(event_id)
LIMIT {{limit:UInt64}}
"""
_ID_MIN = "00000000-0000-0000-0000-000000000000"


def recent_events(read: Read, *, since_ms: int, limit: int, received_from_ms: int = 0) -> Iterator[Event]:
    """Yield the newest ``limit`` events that happened at ``since_ms`` (Unix ms) or later, oldest first.

    With ``received_from_ms`` only those that were received at that moment (Unix ms, our clock) or later.

    Events inserted meanwhile may or may not be among them. Raises StoreUnavailable.
    """
    start = (
        read(_START, {"since_ms": since_ms, "received_from_ms": received_from_ms, "offset": limit - 1}) if limit > 0 else []
    )
    ts_ms, event_id = start[0] if start else (since_ms, _ID_MIN)
    comparison = ">="
    remaining = limit
    while remaining > 0:
        page = min(remaining, EVENTS_PER_PAGE)
        sql = _PAGE.format(select_list=SELECT_LIST, comparison=comparison)
        place = {"ts_ms": ts_ms, "event_id": event_id, "received_from_ms": received_from_ms, "limit": page}
        rows = read(sql, place)
        for event in map(event_of, rows):
            if event.event_id != event_id or comparison == ">=":  # copies of one event stand next to each other
                yield event
            ts_ms, event_id, comparison = event.occurred_at_ms, event.event_id, ">"
        if len(rows) < page:
            return
        remaining -= len(rows)
