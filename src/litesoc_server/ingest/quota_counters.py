"""Where monthly counts live: in this process, or in Redis for several. Both pass tests/contract/test_limits.py."""

import threading
from typing import Any, Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from litesoc_server.events.ids import OrgId

# A healthy Redis in the same network answers within a few milliseconds; a request must not wait long for one that is away.
REDIS_OPTIONS: dict[str, Any] = {
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.5,
    "retry": Retry(NoBackoff(), 0),
}
_KEPT_S = 40 * 86_400  # longer than a month
_NOT_SEEDED = -1

# KEYS[1]: counter. ARGV: count, limit. Returns {used, 1 or 0}, or {-1, 0} while there is no counter.
_RESERVE = """
local used = redis.call('GET', KEYS[1])
if not used then return {-1, 0} end
local count = tonumber(ARGV[1])
if count > 0 and tonumber(used) + count > tonumber(ARGV[2]) then return {tonumber(used), 0} end
return {redis.call('INCRBY', KEYS[1], count), 1}
"""

# KEYS[1]: counter. ARGV[1]: count. Never below zero, and never a new counter: that one must be seeded.
_RELEASE = """
local used = redis.call('GET', KEYS[1])
if used then redis.call('DECRBY', KEYS[1], math.min(tonumber(used), tonumber(ARGV[1]))) end
"""


class CountersUnavailable(Exception):
    """The counters cannot be reached just now."""


class QuotaCounters(Protocol):
    """One count per organisation and month ("2026-08"). Safe to call from any thread; all but ``is_local`` may block."""

    def is_local(self, org_id: OrgId, month: str) -> bool:
        """Return whether ``reserve`` would answer from this process."""
        ...

    def reserve(self, org_id: OrgId, month: str, count: int, limit: int) -> tuple[int, bool] | None:
        """Add ``count`` if the sum stays within ``limit``; return the sum and whether it was added. None: seed it first."""
        ...

    def seed(self, org_id: OrgId, month: str, used: int) -> None:
        """Begin at ``used``, unless somebody else has begun meanwhile."""
        ...

    def release(self, org_id: OrgId, month: str, count: int) -> None:
        """Take ``count`` back, not below zero."""
        ...


class MemoryQuotaCounters:
    """For one process. Holds one number per organisation that sent something this month."""

    def __init__(self) -> None:
        self._month = ""
        self._used: dict[OrgId, int] = {}
        self._lock = threading.Lock()

    def is_local(self, org_id: OrgId, month: str) -> bool:
        """See QuotaCounters."""
        return month == self._month and org_id in self._used

    def reserve(self, org_id: OrgId, month: str, count: int, limit: int) -> tuple[int, bool] | None:
        """See QuotaCounters."""
        with self._lock:
            used = self._used.get(org_id) if month == self._month else None
            if used is None:
                return None
            if count and used + count > limit:
                return used, False
            self._used[org_id] = used + count
            return used + count, True

    def seed(self, org_id: OrgId, month: str, used: int) -> None:
        """See QuotaCounters."""
        with self._lock:
            if month != self._month:
                self._month, self._used = month, {}
            self._used.setdefault(org_id, used)

    def release(self, org_id: OrgId, month: str, count: int) -> None:
        """See QuotaCounters."""
        with self._lock:
            if month == self._month and org_id in self._used:
                self._used[org_id] = max(0, self._used[org_id] - count)


class RedisQuotaCounters:
    """For several processes; each call is one atomic script."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, **REDIS_OPTIONS)
        self._reserve = self._redis.register_script(_RESERVE)
        self._release = self._redis.register_script(_RELEASE)

    def is_local(self, org_id: OrgId, month: str) -> bool:
        """See QuotaCounters."""
        del org_id, month
        return False

    def reserve(self, org_id: OrgId, month: str, count: int, limit: int) -> tuple[int, bool] | None:
        """See QuotaCounters. Raises CountersUnavailable."""
        try:
            used, was_added = cast("list[int]", self._reserve([_key(org_id, month)], [count, limit]))
        except redis.RedisError as error:
            raise CountersUnavailable from error
        return None if used == _NOT_SEEDED else (used, was_added == 1)

    def seed(self, org_id: OrgId, month: str, used: int) -> None:
        """See QuotaCounters. Raises CountersUnavailable."""
        try:
            self._redis.set(_key(org_id, month), used, nx=True, ex=_KEPT_S)
        except redis.RedisError as error:
            raise CountersUnavailable from error

    def release(self, org_id: OrgId, month: str, count: int) -> None:
        """See QuotaCounters. Raises CountersUnavailable."""
        try:
            self._release([_key(org_id, month)], [count])
        except redis.RedisError as error:
            raise CountersUnavailable from error


def _key(org_id: OrgId, month: str) -> str:
    return f"litesoc:quota:{org_id}:{month}"
