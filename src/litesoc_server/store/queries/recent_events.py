"""The newest events of all organisations, oldest first, in pages: neither side ever holds more than one page.

Where there are more than asked for, each organisation has the same share, and what one does not need the others get: so a
flood in one cannot push the events of the others out.
"""

from collections.abc import Iterator, Sequence

from litesoc_server.events.event import Event
from litesoc_server.store.queries import Read
from litesoc_server.store.rows import SELECT_LIST, event_of

EVENTS_PER_PAGE = 10_000  # about 10 MB of events; the engine reads no more columns than it must up to this many

_COUNTS = """
SELECT org_id, count()
FROM events
WHERE ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    AND received_at >= fromUnixTimestamp64Milli({received_from_ms:Int64}, 'UTC')
GROUP BY org_id
"""
_STARTS = """
SELECT org_id, toUnixTimestamp64Milli(min(ts))
FROM (
    SELECT org_id, ts
    FROM events
    WHERE ts >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
        AND received_at >= fromUnixTimestamp64Milli({received_from_ms:Int64}, 'UTC')
        AND org_id IN {org_ids:Array(String)}
    ORDER BY ts DESC, toUInt128(event_id) DESC
    LIMIT {share:UInt64} BY org_id
)
GROUP BY org_id
"""
_PAGE = """
SELECT {select_list}
FROM events
WHERE ts >= fromUnixTimestamp64Milli({{ts_ms:Int64}}, 'UTC')
    AND received_at >= fromUnixTimestamp64Milli({{received_from_ms:Int64}}, 'UTC')
    AND toUnixTimestamp64Milli(ts) >= transform(org_id, {{org_ids:Array(String)}}, {{starts_ms:Array(Int64)}}, toInt64(0))
    AND (ts, toUInt128(event_id)) {comparison} (
        fromUnixTimestamp64Milli({{ts_ms:Int64}}, 'UTC'), toUInt128({{event_id:UUID}})
    )
ORDER BY ts, toUInt128(event_id)
LIMIT {{limit:UInt64}}
"""
_ID_MIN = "00000000-0000-0000-0000-000000000000"


def recent_events(read: Read, *, since_ms: int, limit: int, received_from_ms: int = 0) -> Iterator[Event]:
    """Yield the newest events that happened at ``since_ms`` (Unix ms) or later, oldest first, about ``limit`` at most.

    With ``received_from_ms`` only those that were received at that moment (Unix ms, our clock) or later. Of an organisation
    that has more than its share, the events of the share's first millisecond are all among them.

    Events inserted meanwhile may or may not be among them. Raises StoreUnavailable.
    """
    place = {"since_ms": since_ms, "received_from_ms": received_from_ms}
    counts: dict[str, int] = {row[0]: row[1] for row in read(_COUNTS, place)} if limit > 0 else {}
    share = fair_share(list(counts.values()), limit)
    larger = [org_id for org_id, count in counts.items() if count > share]
    found = read(_STARTS, {**place, "org_ids": larger, "share": share}) if larger else []
    starts: dict[str, int] = {row[0]: row[1] for row in found}
    place |= {"org_ids": [*starts, ""], "starts_ms": [*starts.values(), 0]}  # an empty array has no type
    ts_ms, event_id, comparison = since_ms, _ID_MIN, ">="
    rows_count, seen_count = EVENTS_PER_PAGE if counts else 0, 0
    while rows_count == EVENTS_PER_PAGE and seen_count < 2 * limit:  # what comes in meanwhile cannot make it endless
        sql = _PAGE.format(select_list=SELECT_LIST, comparison=comparison)
        rows = read(sql, {**place, "ts_ms": ts_ms, "event_id": event_id, "limit": EVENTS_PER_PAGE})
        for event in map(event_of, rows):
            if event.event_id != event_id or comparison == ">=":  # copies of one event stand next to each other
                yield event
            ts_ms, event_id, comparison = event.occurred_at_ms, event.event_id, ">"
        rows_count = len(rows)
        seen_count += rows_count


def fair_share(counts: Sequence[int], limit: int) -> int:
    """Return how many each may have so that together they have at most ``limit``, and none less than it need."""
    left = limit
    for taken, count in enumerate(sorted(counts)):
        share = left // (len(counts) - taken)
        if count > share:
            return share
        left -= count
    return limit
