"""The span of time that a page is about: a preset such as the last 24 hours, or two moments. It travels in the address."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import QueryDict

from litesoc_server.ingest.responses import iso_ms
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, MINUTE_MS

PRESETS = {"1h": HOUR_MS, "24h": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS}
DEFAULT = "24h"
BUCKETS_MAX = 120  # bars that can still be told apart on a phone's chart
_BUCKETS_MS = (
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    7 * DAY_MS,
)
_SHORTEST_MS = MINUTE_MS


class RangeInvalid(ValueError):
    """The address names no span of time; the text says what to write."""


@dataclass(frozen=True, kw_only=True)
class TimeRange:
    """Event time from ``from_ms`` up to, not including, ``to_ms``, both Unix ms."""

    from_ms: int
    to_ms: int
    preset: str | None  # of PRESETS; None for two chosen moments
    bucket_ms: int  # of a chart over it: at most BUCKETS_MAX

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return self.to_ms - self.from_ms

    @property
    def before(self) -> tuple[int, int]:
        """The span of the same length right before it, to compare with: from and to, Unix ms."""
        return self.from_ms - self.length_ms, self.from_ms

    @property
    def query(self) -> dict[str, str]:
        """The parameters that name it in an address."""
        if self.preset is not None:
            return {"range": self.preset}
        return {"from": iso_ms(self.from_ms), "to": iso_ms(self.to_ms)}


def time_range_of(query: QueryDict, *, now_ms: int, not_before_ms: int, default: str = DEFAULT) -> TimeRange:
    """Return the span that an address names, without what is older than ``not_before_ms``. Raises RangeInvalid."""
    if "from" in query or "to" in query:
        to_ms = _moment(str(query["to"]), "to") if query.get("to") else now_ms
        from_ms = _moment(str(query["from"]), "from") if query.get("from") else to_ms - PRESETS[default]
        if from_ms >= to_ms:
            raise RangeInvalid("The beginning of the time range (from) must lie before its end (to).")
        return _range(from_ms, to_ms, None, not_before_ms)
    preset = query.get("range") or default
    if preset not in PRESETS:
        msg = f"The time range must be one of {', '.join(PRESETS)}, or be given by from and to."
        raise RangeInvalid(msg)
    return preset_range(preset, now_ms=now_ms, not_before_ms=not_before_ms)


def preset_range(preset: str, *, now_ms: int, not_before_ms: int) -> TimeRange:
    """Return the span of a preset that ends now."""
    return _range(now_ms - PRESETS[preset], now_ms, preset, not_before_ms)


def _range(from_ms: int, to_ms: int, preset: str | None, not_before_ms: int) -> TimeRange:
    to_ms = max(to_ms, not_before_ms + _SHORTEST_MS)
    from_ms = min(max(from_ms, not_before_ms), to_ms - 1)
    length_ms = to_ms - from_ms
    bucket_ms = next((size for size in _BUCKETS_MS if length_ms <= size * BUCKETS_MAX), _BUCKETS_MS[-1])
    return TimeRange(from_ms=from_ms, to_ms=to_ms, preset=preset, bucket_ms=bucket_ms)


def _moment(text: str, name: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        msg = f"The time in {name} must be like 2026-08-09T07:12:44Z."
        raise RangeInvalid(msg) from error
