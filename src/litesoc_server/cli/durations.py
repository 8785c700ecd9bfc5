"""Spans of time as people write them: 90s, 10m, 2h, 30d."""

import re

_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_SPAN = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)", re.ASCII)


class DurationUnreadable(ValueError):
    """The text is no span of time."""


def duration_ms(text: str) -> int:
    """Return the milliseconds of "90s", "10m", "2h", "1.5d" or "250ms". Raises DurationUnreadable."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        msg = f"{text!r} is no span of time such as 90s, 10m, 2h or 30d"
        raise DurationUnreadable(msg)
    return round(float(match[1]) * _UNITS_MS[match[2]])


def shown_duration(span_ms: int) -> str:
    """Return milliseconds in the largest unit that holds them in whole numbers: 600000 is "10m"."""
    for unit, unit_ms in _UNITS_MS.items():
        if span_ms and span_ms % unit_ms == 0:
            return f"{span_ms // unit_ms:,}{unit}"
    return f"{span_ms}ms"
