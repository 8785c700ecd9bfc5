"""API keys by their hash, cached in this process: known keys are answered at once and asked for again every two seconds."""

import asyncio
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from litesoc_server.clock import Clock
from litesoc_server.events.ids import KeyHash
from litesoc_server.ingest.keys import KeyRecord, KeySource, KeysUnavailable, hash_key

log = logging.getLogger(__name__)

T = TypeVar("T")

REFRESH_S = 2.0  # a revoked key is refused within this time plus one query
FRESH_MS = 5_000  # without a refresh for this long a record is asked for again before it counts
STALE_MAX_MS = 60_000  # how long known keys stay valid while the source is down
UNKNOWN_MS = 1_000  # how long an unknown key stays unknown, so that a flood of one wrong key costs one query a second
UNKNOWN_MAX = 10_000  # unknown keys remembered
RECORDS_MAX = 100_000  # records held; beyond that the oldest are asked for again
LOOKUP_THREADS = 2
LOOKUPS_WAITING_MAX = 256  # a flood of ever new wrong keys cannot queue more than this
LOOKUP_TIMEOUT_S = 5.0


class NotCached:
    """The answer of ``lookup_cached`` that means: ask ``lookup``."""


NOT_CACHED: Final = NotCached()


class KeyDirectory:
    """Looks keys up by SHA-256, so the time taken tells nothing about a key. Keys are neither kept nor logged.

    Safe to call from any thread. ``keep_fresh`` has to run somewhere; without it every record is asked for again after
    FRESH_MS.
    """

    def __init__(self, source: KeySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._records: dict[KeyHash, tuple[KeyRecord, int]] = {}  # with the Unix ms of the source's last word
        self._unknown: dict[KeyHash, int] = {}  # Unix ms until which it is not asked for again
        self._in_flight: dict[KeyHash, Future[KeyRecord | None]] = {}
        self._is_source_down = False
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="keys")

    def lookup_cached(self, key: bytes) -> KeyRecord | NotCached | None:
        """Return the key's record, None when it was unknown a moment ago, or NOT_CACHED. Never blocks, never raises."""
        return self._cached(hash_key(key))

    async def lookup(self, key: bytes) -> KeyRecord | None:
        """Return the key's record, None when there is no such usable key. Raises KeysUnavailable."""
        key_hash = hash_key(key)
        cached = self._cached(key_hash)
        if not isinstance(cached, NotCached):
            return cached
        found = asyncio.wrap_future(self._ask(key_hash))
        try:
            # Shielded: others may wait for the same answer.
            return await asyncio.wait_for(asyncio.shield(found), LOOKUP_TIMEOUT_S)
        except (TimeoutError, KeysUnavailable) as error:
            return self._stale(key_hash, error)

    def lookup_blocking(self, key: bytes) -> KeyRecord | None:
        """Do what ``lookup`` does, for threads without an event loop. Raises KeysUnavailable."""
        key_hash = hash_key(key)
        cached = self._cached(key_hash)
        if not isinstance(cached, NotCached):
            return cached
        try:
            return self._ask(key_hash).result(LOOKUP_TIMEOUT_S)
        except (TimeoutError, KeysUnavailable) as error:
            return self._stale(key_hash, error)

    async def keep_fresh(self) -> None:
        """Ask for all known keys again every REFRESH_S seconds, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await asyncio.to_thread(self.refresh)

    def refresh(self) -> None:
        """Ask the source for all known keys in one call. Blocking; while the source is down the records only grow older."""
        hashes = list(self._records)
        asked_at_ms = self._clock.now_ms()
        if not hashes:
            return
        try:
            found = self._source.find_many(hashes)
        except KeysUnavailable as error:
            self._note_source(is_down=True)
            log.warning("keys cannot be refreshed; known ones stay valid for %d s: %s", STALE_MAX_MS // 1000, error)
            return
        except Exception:  # the edge of a background task: a bug here must not stop it
            self._note_source(is_down=True)
            log.exception("keys cannot be refreshed")
            return
        self._note_source(is_down=False)
        with self._lock:
            for key_hash in hashes:
                record = found.get(key_hash)
                if record is None:
                    self._records.pop(key_hash, None)
                elif key_hash in self._records:  # else a lookup has found it revoked meanwhile
                    self._records[key_hash] = (record, asked_at_ms)

    def close(self) -> None:
        """Wait for running lookups and end the threads."""
        self._executor.shutdown(cancel_futures=True)

    def _cached(self, key_hash: KeyHash) -> KeyRecord | NotCached | None:
        entry = self._records.get(key_hash)
        now_ms = self._clock.now_ms()
        if entry is not None:
            age_ms = now_ms - entry[1]
            if age_ms <= FRESH_MS or (self._is_source_down and age_ms <= STALE_MAX_MS):
                return entry[0]
            return NOT_CACHED
        return None if self._unknown.get(key_hash, 0) > now_ms else NOT_CACHED

    def _stale(self, key_hash: KeyHash, error: Exception) -> KeyRecord:
        entry = self._records.get(key_hash)
        if entry is not None and self._clock.now_ms() - entry[1] <= STALE_MAX_MS:
            return entry[0]
        raise KeysUnavailable("API keys cannot be checked") from error

    def _ask(self, key_hash: KeyHash) -> Future[KeyRecord | None]:
        """Return the running question for this key, or start one. The future may raise KeysUnavailable."""
        with self._lock:
            running = self._in_flight.get(key_hash)
            if running is not None:
                return running
            if len(self._in_flight) >= LOOKUPS_WAITING_MAX:
                refused: Future[KeyRecord | None] = Future()
                refused.set_exception(KeysUnavailable("too many keys are being looked up"))
                return refused
            started = self._executor.submit(self._find, key_hash)
            self._in_flight[key_hash] = started
            return started

    def _find(self, key_hash: KeyHash) -> KeyRecord | None:
        asked_at_ms = self._clock.now_ms()
        try:
            record = self._source.find(key_hash)
        except KeysUnavailable:
            self._note_source(is_down=True)
            raise
        finally:
            with self._lock:
                self._in_flight.pop(key_hash, None)
        self._note_source(is_down=False)
        with self._lock:
            if record is None:
                self._records.pop(key_hash, None)
                self._unknown[key_hash] = asked_at_ms + UNKNOWN_MS
            else:
                self._unknown.pop(key_hash, None)
                self._records[key_hash] = (record, asked_at_ms)
            _drop_oldest(self._unknown, UNKNOWN_MAX)
            _drop_oldest(self._records, RECORDS_MAX)
        return record

    def _note_source(self, *, is_down: bool) -> None:
        if self._is_source_down and not is_down:
            log.info("keys can be looked up again")
        self._is_source_down = is_down


def _drop_oldest(entries: dict[KeyHash, T], most: int) -> None:
    while len(entries) > most:
        del entries[next(iter(entries))]
