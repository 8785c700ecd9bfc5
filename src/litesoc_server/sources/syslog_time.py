"""The times of syslog lines: RFC 3339, or the traditional form that leaves out the year and the zone."""

import re
from calendar import isleap
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

import msgspec

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 3164 section 4.1.2: the day is padded with a space.
_TRADITIONAL = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ 123]\d) (\d\d):(\d\d):(\d\d) ", re.ASCII)
# rsyslog's default since Debian 12 and Ubuntu 24.04, and `journalctl -o short-iso`, which writes the zone without a colon.
# With a priority and a version it is the header of RFC 5424.
_RFC3339 = re.compile(r"(?:<\d{1,3}>(?:1 )?)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d) ", re.ASCII)
_LEAP_YEAR = 2000  # a year that has every day
_OUT_OF_ORDER_DAYS_MAX = 1  # lines of one moment may be written in the wrong order, also around midnight
_YEAR_DAYS = 366
_FUTURE_GRACE = timedelta(days=1)  # the log may be from a zone that is ahead of the one assumed
_LEAP_YEARS_APART_MAX = 8  # 1896 to 1904, 2096 to 2104


class YearlessTime(msgspec.Struct, frozen=True):
    """A moment whose year is known only relative to the first line of its log."""

    years_later: int  # than the first line
    local: datetime  # naive, in a leap year that stands for any year

    def in_year(self, first_year: int, time_zone: tzinfo) -> datetime | None:
        """Return the moment when the log begins in ``first_year``; None for a 29 February that year does not have."""
        try:
            return self.local.replace(year=first_year + self.years_later, tzinfo=time_zone)
        except ValueError:
            return None


class SyslogClock:
    """Reads the times of one log in its order, counting the years that pass."""

    def __init__(self) -> None:
        self._years_later = 0
        self._previous: datetime | None = None

    def read(self, line: str) -> tuple[datetime | YearlessTime, str] | None:
        """Return the time of ``line`` and what follows it; None when it does not begin with a time."""
        match = _RFC3339.match(line)
        if match is not None:
            absolute = _absolute(match)
            return None if absolute is None else (absolute, line[match.end() :])
        match = _TRADITIONAL.match(line)
        local = None if match is None else _local(match)
        if match is None or local is None:
            return None
        return YearlessTime(self._year_of(local), local), line[match.end() :]

    def _year_of(self, local: datetime) -> int:
        previous, self._previous = self._previous, local
        if previous is None:
            return 0
        days_ahead = (local.date() - previous.date()).days
        if days_ahead >= _YEAR_DAYS - 1 - _OUT_OF_ORDER_DAYS_MAX:
            self._previous = previous  # 31 December written after 1 January: late, not a year ahead
            return self._years_later - 1
        if local.month < previous.month and days_ahead < -_OUT_OF_ORDER_DAYS_MAX:
            self._years_later += 1
        return self._years_later


def resolve_first_year(times: Sequence[YearlessTime], *, now: datetime, time_zone: tzinfo) -> int:
    """Return the latest year that, as the first line's, puts no time after ``now`` and gives each 29 February its day."""
    latest = now.astimezone(time_zone) + _FUTURE_GRACE
    if not times:
        return latest.year
    last = max(times, key=lambda time: (time.years_later, time.local))
    leap_days = {time.years_later for time in times if (time.local.month, time.local.day) == (2, 29)}
    year = latest.year - last.years_later
    for first_year in range(year, year - _LEAP_YEARS_APART_MAX - 1, -1):
        moment = last.in_year(first_year, time_zone)
        if moment is not None and moment <= latest and all(isleap(first_year + later) for later in leap_days):
            return first_year
    return year  # 29 February in two years running: no calendar has that


def _absolute(match: re.Match[str]) -> datetime | None:
    # fromisoformat takes at most microseconds; journald and some rsyslog templates write more.
    try:
        return datetime.fromisoformat(match[1] + (match[2] or "")[:7] + match[3])
    except ValueError:
        return None


def _local(match: re.Match[str]) -> datetime | None:
    month, day, hour, minute, second = match.groups()
    if month not in _MONTHS:
        return None
    try:
        # A leap second (60) is read as the second before it.
        return datetime(_LEAP_YEAR, _MONTHS.index(month) + 1, int(day), int(hour), int(minute), min(int(second), 59))  # noqa: DTZ001
    except ValueError:
        return None
