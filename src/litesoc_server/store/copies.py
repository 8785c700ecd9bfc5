"""Taking all events out of a store, day by day as text, and putting them into a store.

The text is ClickHouse's TabSeparated: one line per event, the same on every machine and in every version, and readable by
whatever reads such tables. Sums are not copied: the views that feed them do so again when events come back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

FORMAT = "TabSeparated"
EVENTS_PER_PIECE_MAX = 25_000  # about 15 MB of text, in memory at once
DAY_S = 86_400
_PIECES_S = (DAY_S, 3_600, 60, 1)

Read = Callable[[str, Mapping[str, object]], Sequence[Sequence[Any]]]
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
_LINES = """
SELECT <columns>
FROM events
WHERE ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND expires_at > now()
ORDER BY org_id, ts, event_id
SETTINGS max_threads = 1
"""  # in order, so that two copies of a day are equal byte for byte; by one thread, so that servers go on answering


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
    piece_s = next((one for one in _PIECES_S if day.events * one <= EVENTS_PER_PIECE_MAX * DAY_S), _PIECES_S[-1])
    sql = _LINES.replace("<columns>", ", ".join(f"`{name}`" for name in names))
    for from_s in range(day.start_s, day.start_s + DAY_S, piece_s):
        lines = read_text(sql, {"from_ms": from_s * 1000, "to_ms": (from_s + piece_s) * 1000})
        if lines:
            yield lines
