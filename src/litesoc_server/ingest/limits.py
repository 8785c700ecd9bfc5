"""How much gets in: events per minute and feedback per hour (fail open), and events per calendar month.

All count per organisation, the first also per key, and block when their counters live on a server, so the event loop asks
``is_immediate`` first.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage

from litesoc_server import telemetry
from litesoc_server.clock import Clock
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import KeyRecord
from litesoc_server.ingest.quota_counters import (
    REDIS_OPTIONS,
    CountersUnavailable,
    MemoryQuotaCounters,
    QuotaCounters,
    RedisQuotaCounters,
)
from litesoc_server.store.base import StoreUnavailable

log = logging.getLogger(__name__)

FEEDBACK_PER_HOUR_MAX = 1_000  # per organisation; more than people give, who look at one login each time
_KEPT_LONGER_S = 60  # a window's counter is of no use after its end; clocks of several processes differ a little
REST_MS = 5_000  # after a failure the server is left alone for this long, so that an outage costs few slow requests


class RateDecision(msgspec.Struct, frozen=True, gc=False):
    """What the rate limiter says to one request."""

    is_allowed: bool
    limit: int | None  # per minute, or hour; None = unlimited
    remaining: int | None  # left in this minute or hour; None = unlimited or not known
    retry_after_s: int  # whole seconds until the next one, at least 1
    is_of_key: bool = False  # the key's own limit, not the organisation's


class QuotaDecision(msgspec.Struct, frozen=True, gc=False):
    """What the quota meter says to one request."""

    is_allowed: bool
    limit: int | None  # events per calendar month (UTC); None = unlimited
    remaining: int | None  # None = unlimited or not known
    used: int | None  # this month, with this request if it is allowed; None = unlimited or not known


UNLIMITED_RATE = RateDecision(is_allowed=True, limit=None, remaining=None, retry_after_s=0)
UNLIMITED_QUOTA = QuotaDecision(is_allowed=True, limit=None, remaining=None, used=None)


class RateLimiter:
    """Events per minute, in windows of the clock's minutes; in memory, or in Redis for several processes.

    They count for the organisation and, where a key has a limit of its own, for the key. What a key's own limit refuses does
    not count for the organisation: one key that floods takes nothing away from the others.
    A request is admitted while its window is not exhausted and then counted in full, so a batch may overshoot: with 60 per
    minute a batch of 100 could never pass otherwise (contract 3.8). Feedback is counted in the same way, per hour.
    """

    def __init__(self, *, redis_url: str | None, clock: Clock) -> None:
        self._storage = (
            MemoryStorage(wrap_exceptions=True)
            if redis_url is None
            else RedisStorage(redis_url, key_prefix="litesoc", wrap_exceptions=True, **REDIS_OPTIONS)
        )
        self._is_local = redis_url is None
        self._clock = clock
        self._rests_until_ms = 0

    def is_immediate(self, record: KeyRecord) -> bool:
        """Return whether ``hit`` answers without waiting for another server."""
        return self._is_local or (record.rate_limit_per_minute is None and record.key_rate_limit_per_minute is None)

    def hit(self, record: KeyRecord, cost: int) -> RateDecision:
        """Count ``cost`` events and decide. Blocks up to a second with Redis; while Redis is away everything is allowed.

        Where both limits allow it, the answer is that of the one with less left.
        """
        key_limit = record.key_rate_limit_per_minute
        if key_limit is None:
            return self._hit_org(record, cost)
        found = self._count("key-events", RateLimitItemPerMinute(key_limit), record.key_id, cost)
        of_key = msgspec.structs.replace(found, is_of_key=True)
        if not of_key.is_allowed:
            return of_key
        of_org = self._hit_org(record, cost)
        return of_key if of_org.is_allowed and _is_tighter(of_key, of_org) else of_org

    def _hit_org(self, record: KeyRecord, cost: int) -> RateDecision:
        limit = record.rate_limit_per_minute
        return UNLIMITED_RATE if limit is None else self._count("events", RateLimitItemPerMinute(limit), record.org_id, cost)

    def hit_feedback(self, org_id: OrgId) -> RateDecision:
        """Count one piece of feedback and decide. The same for every plan: what it becomes counts against no quota."""
        return self._count("feedback", RateLimitItemPerHour(FEEDBACK_PER_HOUR_MAX), org_id, 1)

    def _count(self, what: str, item: RateLimitItem, whose: str, cost: int) -> RateDecision:
        limit, window_s = item.amount, item.get_expiry()
        now_ms = self._clock.now_ms()
        if now_ms < self._rests_until_ms:
            return self._fail_open(limit)
        window = now_ms // (window_s * 1000)
        # The window is part of the key, so one increment both counts and tells the count.
        key = item.key_for(what, whose, str(window))
        try:
            count = self._storage.incr(key, window_s + _KEPT_LONGER_S, cost)
        except StorageError as error:
            self._rests_until_ms = now_ms + REST_MS
            log.warning("rate limits are not enforced for %d s: %s", REST_MS // 1000, type(error.storage_error).__name__)
            return self._fail_open(limit)
        retry_after_s = (window + 1) * window_s - now_ms // 1000
        is_allowed = count - cost < limit
        return RateDecision(is_allowed, limit, max(0, limit - count), retry_after_s)

    @staticmethod
    def _fail_open(limit: int) -> RateDecision:
        telemetry.RATE_LIMIT_ERRORS.inc()
        return RateDecision(is_allowed=True, limit=limit, remaining=None, retry_after_s=1)


def _is_tighter(one: RateDecision, other: RateDecision) -> bool:
    if other.limit is None:
        return True
    return one.remaining is not None and (other.remaining is None or one.remaining < other.remaining)


class QuotaMeter:
    """Events per calendar month (UTC) and organisation, reserved for a whole request at once.

    ``seed(org_id)`` returns how many events the organisation has sent this month up to now: those stored, and those in the
    stream that are not stored yet. It blocks, is asked once per organisation and month, and may raise StoreUnavailable or
    StreamUnavailable. Then, and while Redis is away, everything is allowed: events of an attack are worth more than a count.
    """

    def __init__(self, *, redis_url: str | None, seed: Callable[[OrgId], int], clock: Clock) -> None:
        self._counters: QuotaCounters = MemoryQuotaCounters() if redis_url is None else RedisQuotaCounters(redis_url)
        self._seed = seed
        self._clock = clock
        self._rests_until_ms = 0
        self._seed_rests_until_ms: dict[OrgId, int] = {}

    def is_immediate(self, record: KeyRecord) -> bool:
        """Return whether ``reserve`` answers without waiting for another server or the store."""
        return record.monthly_events_limit is None or self._counters.is_local(record.org_id, self._month())

    def reserve(self, record: KeyRecord, count: int) -> QuotaDecision:
        """Reserve ``count`` events, all or none; 0 only asks. Blocking at an organisation's first use, and with Redis."""
        limit = record.monthly_events_limit
        if limit is None:
            return UNLIMITED_QUOTA
        now_ms = self._clock.now_ms()
        if now_ms < max(self._rests_until_ms, self._seed_rests_until_ms.get(record.org_id, 0)):
            return self._fail_open(limit)
        try:
            used, is_allowed = self._count(record.org_id, count, limit)
        except CountersUnavailable:
            self._rests_until_ms = now_ms + REST_MS
            log.warning("quotas are not enforced for %d s: Redis does not answer", REST_MS // 1000)
            return self._fail_open(limit)
        except (StoreUnavailable, StreamUnavailable) as error:
            self._seed_rests_until_ms[record.org_id] = now_ms + REST_MS
            log.warning("the quota of one organisation is not enforced for %d s: %s", REST_MS // 1000, type(error).__name__)
            return self._fail_open(limit)
        return QuotaDecision(is_allowed, limit, max(0, limit - used), used)

    def release(self, record: KeyRecord, count: int) -> None:
        """Give back what was reserved for events that were not appended. Blocking with Redis; a failure is only counted."""
        if record.monthly_events_limit is None:
            return
        try:
            self._counters.release(record.org_id, self._month(), count)
        except CountersUnavailable:
            telemetry.QUOTA_ERRORS.inc()

    def _count(self, org_id: OrgId, count: int, limit: int) -> tuple[int, bool]:
        month = self._month()
        found = self._counters.reserve(org_id, month, count, limit)
        while found is None:
            self._counters.seed(org_id, month, self._seed(org_id))
            found = self._counters.reserve(org_id, month, count, limit)
        return found

    def _month(self) -> str:
        return datetime.fromtimestamp(self._clock.now_ms() // 1000, UTC).strftime("%Y-%m")

    @staticmethod
    def _fail_open(limit: int) -> QuotaDecision:
        telemetry.QUOTA_ERRORS.inc()
        return QuotaDecision(is_allowed=True, limit=limit, remaining=None, used=None)
