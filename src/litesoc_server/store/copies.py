"""Taking all events out of a store, day by day as text, and putting them into a store.

The text is ClickHouse's TabSeparated: one line per event, the same on every machine and in every version, and readable by
whatever reads such tables. Sums are not copied: the views that feed them do so again when events come back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from litesoc_server.store.queries import Read

FORMAT = "TabSeparated"
EVENTS_PER_PIECE_MAX = 10_000  # about 6 MB of text, in memory at once; 160 MB where each event is as large as may be
DAY_S = 86_400
_KEY = ("org_id", "ts", "event_id")

ReadText = Callable[[str, Mapping[str, object]], bytes]

_COLUMNS = """
SELECT name FROM system.columns
WHERE database = currentDatabase() AND table = 'events' AND default_kind IN ('', 'DEFAULT')
ORDER BY position
"""
_DAYS = """
SELECT toInt64(toUnixTimestamp(toStartOfDay(ts))) AS day_s, count()
FROM events
WHERE expires_at > now()
GROUP BY day_s ORDER BY day_s
"""
# In order, so that two copies of a day are equal byte for byte; by one thread, so that servers go on answering.
# A piece begins after the last one's key and not at a time: senders say the time, and may say the same one a million times.
_LINES = """
SELECT <columns>
FROM events
WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND expires_at > now() AND <after>
ORDER BY org_id, ts, toUInt128(event_id)
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
"""
_AFTER = """(org_id > {org_id:String} OR org_id = {org_id:String} AND (
    ts > toDateTime64({ts:String}, 3, 'UTC')
    OR ts = toDateTime64({ts:String}, 3, 'UTC') AND toUInt128(event_id) > toUInt128(toUUID({event_id:String}))
))"""


class Day(msgspec.Struct, frozen=True):
    """One day of event time (UTC) that has events."""

    start_s: int  # Unix s
    events: int  # when it was counted; some may be added or expire before it is copied


def columns(read: Read) -> list[str]:
    """Return the names of the columns that an event is kept in. Raises StoreUnavailable."""
    return [str(name) for (name,) in read(_COLUMNS, {})]


def days(read: Read) -> list[Day]:
    """Return the days that have events, the oldest first. Raises StoreUnavailable."""
    return [Day(start_s, events) for start_s, events in read(_DAYS, {})]


def lines_of(read_text: ReadText, day: Day, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the events of a day as lines of the columns ``names``, a bounded part at a time. Raises StoreUnavailable."""
    sql = _LINES.replace("<columns>", ", ".join(f"`{name}`" for name in names))
    values: dict[str, object] = {
        "from_ms": day.start_s * 1000,
        "to_ms": (day.start_s + DAY_S) * 1000,
        "limit": EVENTS_PER_PIECE_MAX,
    }
    after: dict[str, object] = {}
    while lines := read_text(sql.replace("<after>", _AFTER if after else "true"), values | after):
        yield lines
        last = dict(zip(names, lines[lines.rfind(b"\n", 0, -1) + 1 : -1].decode().split("\t"), strict=True))
        after = {name: last[name] for name in _KEY}  # none of these holds anything that the format escapes
