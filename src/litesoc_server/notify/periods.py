"""Which period a digest sums up, in a route's own time. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from litesoc_server.notify.models import Digest

_BARS = {Digest.HOURLY: 6, Digest.DAILY: 24, Digest.WEEKLY: 7}
_LABELS = {Digest.HOURLY: "%H:%M", Digest.DAILY: "%H", Digest.WEEKLY: "%a"}
_LASTS = {Digest.HOURLY: timedelta(hours=1), Digest.DAILY: timedelta(days=1), Digest.WEEKLY: timedelta(days=7)}


class Period(NamedTuple):
    """From ``start`` on and before ``end``."""

    start: datetime
    end: datetime

    @property
    def before(self) -> "Period":
        """The one of the same length before it."""
        return Period(self.start - (self.end - self.start), self.start)


def last_period(digest: Digest, *, hour: int, zone: ZoneInfo, now: datetime) -> Period:
    """Return the latest period that is over at ``now``: an hour, or a day or a week (from Monday on) that ends at ``hour``.

    Where the clock on the wall is put forward or back, a day has 23 or 25 hours.
    """
    local = now.astimezone(zone)
    if digest == Digest.HOURLY:
        end = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return Period(end - _LASTS[digest], end)
    day = local.date() - timedelta(days=local.weekday() if digest == Digest.WEEKLY else 0)
    end_local = datetime.combine(day, time(hour), zone)
    if end_local > local:
        end_local -= _LASTS[digest]
    return Period((end_local - _LASTS[digest]).astimezone(UTC), end_local.astimezone(UTC))


def bar_starts(digest: Digest, period: Period, zone: ZoneInfo) -> Sequence[tuple[datetime, str]]:
    """Return where each column of the chart begins, with its label in local time."""
    count = _BARS[digest]
    step = (period.end - period.start) / count
    starts = [period.start + step * number for number in range(count)]
    return [(start, start.astimezone(zone).strftime(_LABELS[digest])) for start in starts]
