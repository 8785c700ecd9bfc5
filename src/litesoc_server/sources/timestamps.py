"""RFC 3339 timestamps and how far a sender's clock may be from ours."""

import re
from datetime import UTC, datetime, timedelta

BACKDATE_MAX_MS = 400 * 86_400_000  # how far a backfill may reach: the longest retention any plan has
AHEAD_MAX_MS = 5 * 60_000  # clocks differ a little
_MINUTE_MS = 60_000

# RFC 3339 section 5.6, with "t", "z" and a space for the "T" allowed by its notes.
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)"
    r"(?:\.(\d{1,32}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def parse_rfc3339_ms(text: str) -> int | None:
    """Return the Unix milliseconds (rounded down) of an RFC 3339 timestamp, or None when ``text`` is not one.

    An offset is required. A leap second counts as the second after it, as in POSIX time.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hour, offset_minute = match.groups()
    try:
        start_of_minute = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
    except ValueError:
        return None  # 30 February, year 0
    at_ms = (start_of_minute - _EPOCH) // _MILLISECOND + int(second) * 1000 + int((fraction or "0").ljust(3, "0")[:3])
    if sign is None:
        return at_ms
    offset_ms = (int(offset_hour) * 60 + int(offset_minute)) * _MINUTE_MS
    return at_ms - offset_ms if sign == "+" else at_ms + offset_ms


def rfc3339(at_ms: int) -> str:
    """Return Unix milliseconds as text that `parse_rfc3339_ms` reads back to the millisecond."""
    return (_EPOCH + at_ms * _MILLISECOND).isoformat(timespec="milliseconds")
