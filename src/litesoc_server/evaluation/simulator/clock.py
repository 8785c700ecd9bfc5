"""Local time: when it is which hour where."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from litesoc_server.evaluation.simulator.atlas import load_atlas

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEKDAYS = 5


@lru_cache(maxsize=65_536)
def offset_ms(city: int, day_ms: int) -> int:
    """Return how far the local clock of ``city`` is ahead of UTC on the day that begins at ``day_ms`` (Unix ms)."""
    moment = datetime.fromtimestamp(day_ms / SECOND_MS, UTC)
    offset = ZoneInfo(load_atlas().cities[city].tz).utcoffset(moment)
    return 0 if offset is None else int(offset.total_seconds()) * SECOND_MS


def local_ms(city: int, day_ms: int, hour: float) -> int:
    """Return the Unix ms at which it is ``hour`` (0 to 24) in ``city`` on the day that begins at ``day_ms`` in UTC."""
    return day_ms + int(hour * HOUR_MS) - offset_ms(city, day_ms)


def is_weekend(day_ms: int) -> bool:
    """Return whether a day is Saturday or Sunday. The first of January 1970 was a Thursday."""
    return (day_ms // DAY_MS + 3) % 7 >= WEEKDAYS
