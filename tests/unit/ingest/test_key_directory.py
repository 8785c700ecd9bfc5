"""The key cache: new keys at once, revoked ones within seconds, known ones for a minute while the source is down."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ingest_server import KEY, NOW_MS, RECORD, TableKeySource, record_with
from litesoc_server.clock import ManualClock
from litesoc_server.ingest import key_directory
from litesoc_server.ingest.key_directory import FRESH_MS, NOT_CACHED, STALE_MAX_MS, UNKNOWN_MS, KeyDirectory
from litesoc_server.ingest.keys import KeysUnavailable, hash_key

OTHER = b"lsoc_live_other"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def source() -> TableKeySource:
    return TableKeySource({KEY: RECORD})


@pytest.fixture
def keys(source: TableKeySource, clock: ManualClock) -> Iterator[KeyDirectory]:
    directory = KeyDirectory(source, clock)
    yield directory
    directory.close()


def test_the_first_lookup_asks_and_the_next_ones_do_not(keys: KeyDirectory, source: TableKeySource) -> None:
    assert keys.lookup_cached(KEY) is NOT_CACHED
    assert keys.lookup_blocking(KEY) == RECORD
    assert keys.lookup_cached(KEY) == RECORD
    assert keys.lookup_blocking(KEY) == RECORD
    assert source.find_count == 1


def test_both_ways_of_waiting_find_the_same(keys: KeyDirectory) -> None:
    assert asyncio.run(keys.lookup(KEY)) == RECORD
    assert asyncio.run(keys.lookup(OTHER)) is None
    assert keys.lookup_blocking(OTHER) is None


def test_an_unknown_key_is_asked_for_once_a_second(keys: KeyDirectory, source: TableKeySource, clock: ManualClock) -> None:
    for _ in range(5):
        assert keys.lookup_blocking(OTHER) is None
    assert keys.lookup_cached(OTHER) is None
    assert source.find_count == 1
    source.records[hash_key(OTHER)] = RECORD
    clock.advance_ms(UNKNOWN_MS)
    assert keys.lookup_blocking(OTHER) == RECORD


def test_a_refresh_takes_revoked_keys_away_and_brings_changes(
    keys: KeyDirectory, source: TableKeySource, clock: ManualClock
) -> None:
    source.records[hash_key(OTHER)] = RECORD
    assert keys.lookup_blocking(KEY) == keys.lookup_blocking(OTHER) == RECORD
    del source.records[hash_key(KEY)]
    changed = source.records[hash_key(OTHER)] = record_with(is_suspended=True)
    keys.refresh()
    assert keys.lookup_blocking(KEY) is None
    assert keys.lookup_cached(OTHER) == changed
    assert source.find_many_count == 1


def test_without_a_refresh_a_revoked_key_is_asked_for_again(
    keys: KeyDirectory, source: TableKeySource, clock: ManualClock
) -> None:
    assert keys.lookup_blocking(KEY) == RECORD
    source.records.clear()
    clock.advance_ms(FRESH_MS)
    assert keys.lookup_cached(KEY) == RECORD
    clock.advance_ms(1)
    assert keys.lookup_cached(KEY) is NOT_CACHED
    assert keys.lookup_blocking(KEY) is None


def test_known_keys_outlive_an_outage_of_a_minute(keys: KeyDirectory, source: TableKeySource, clock: ManualClock) -> None:
    keys.lookup_blocking(KEY)
    source.is_down = True
    clock.advance_ms(STALE_MAX_MS)
    assert keys.lookup_cached(KEY) is NOT_CACHED, "nobody knows yet that the source is down"
    assert keys.lookup_blocking(KEY) == RECORD
    assert keys.lookup_cached(KEY) == RECORD, "now they do, so nobody asks in vain"
    clock.advance_ms(1)
    assert keys.lookup_cached(KEY) is NOT_CACHED
    with pytest.raises(KeysUnavailable):
        keys.lookup_blocking(KEY)
    with pytest.raises(KeysUnavailable):
        asyncio.run(keys.lookup(KEY))
    source.is_down = False
    assert keys.lookup_blocking(KEY) == RECORD


def test_unknown_keys_are_not_let_in_during_an_outage(keys: KeyDirectory, source: TableKeySource) -> None:
    source.is_down = True
    with pytest.raises(KeysUnavailable):
        keys.lookup_blocking(KEY)
    source.is_down = False
    assert keys.lookup_blocking(KEY) == RECORD


def test_an_outage_noticed_by_the_refresh_counts_too(keys: KeyDirectory, source: TableKeySource, clock: ManualClock) -> None:
    keys.lookup_blocking(KEY)
    source.is_down = True
    keys.refresh()
    clock.advance_ms(STALE_MAX_MS)
    find_count = source.find_count
    assert keys.lookup_cached(KEY) == RECORD
    assert source.find_count == find_count


def test_lookups_of_one_key_at_once_share_a_question(keys: KeyDirectory, source: TableKeySource) -> None:
    gate = threading.Event()
    source.before_find = lambda: assert_wait(gate)

    async def many() -> list[object]:
        lookups = [asyncio.create_task(keys.lookup(KEY)) for _ in range(50)]
        await asyncio.sleep(0)
        gate.set()
        return list(await asyncio.gather(*lookups))

    assert asyncio.run(many()) == [RECORD] * 50
    assert source.find_count == 1


def test_a_flood_of_new_wrong_keys_is_cut_off(
    keys: KeyDirectory, source: TableKeySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_directory, "LOOKUPS_WAITING_MAX", 10)
    gate = threading.Event()
    source.before_find = lambda: assert_wait(gate)

    async def flood() -> list[object]:
        lookups = [asyncio.create_task(keys.lookup(b"wrong %d" % i)) for i in range(50)]
        await asyncio.sleep(0)
        gate.set()
        return list(await asyncio.gather(*lookups, return_exceptions=True))

    answers = asyncio.run(flood())
    assert answers[:10] == [None] * 10
    assert all(isinstance(answer, KeysUnavailable) for answer in answers[10:])
    assert keys.lookup_blocking(KEY) == RECORD


def test_a_source_that_hangs_is_given_up(
    keys: KeyDirectory, source: TableKeySource, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.lookup_blocking(KEY)
    clock.advance_ms(FRESH_MS + 1)
    monkeypatch.setattr(key_directory, "LOOKUP_TIMEOUT_S", 0.01)
    gate = threading.Event()
    source.before_find = lambda: assert_wait(gate)
    try:
        assert keys.lookup_blocking(KEY) == RECORD
        assert asyncio.run(keys.lookup(KEY)) == RECORD
        with pytest.raises(KeysUnavailable):
            keys.lookup_blocking(OTHER)
    finally:
        gate.set()


def test_the_background_refresh_goes_on_after_a_failure(
    keys: KeyDirectory, source: TableKeySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_directory, "REFRESH_S", 0.001)
    keys.lookup_blocking(KEY)
    source.is_down = True

    async def refresh_until(is_enough: Callable[[], bool]) -> None:
        task = asyncio.create_task(keys.keep_fresh())
        deadline = time.monotonic() + 10
        while not is_enough():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(refresh_until(lambda: source.find_many_count >= 3))
    source.is_down = False
    source.records.clear()
    asyncio.run(refresh_until(lambda: keys.lookup_cached(KEY) is NOT_CACHED))


def test_the_cache_is_bounded(keys: KeyDirectory, source: TableKeySource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_directory, "RECORDS_MAX", 3)
    monkeypatch.setattr(key_directory, "UNKNOWN_MAX", 3)
    for i in range(6):
        source.records[hash_key(b"good %d" % i)] = RECORD
        keys.lookup_blocking(b"good %d" % i)
        keys.lookup_blocking(b"bad %d" % i)
    assert [keys.lookup_cached(b"good %d" % i) for i in range(6)] == [NOT_CACHED] * 3 + [RECORD] * 3
    assert [keys.lookup_cached(b"bad %d" % i) for i in range(6)] == [NOT_CACHED] * 3 + [None] * 3


def test_keys_are_neither_kept_nor_logged(
    keys: KeyDirectory, source: TableKeySource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys.lookup_blocking(KEY)
    keys.lookup_blocking(OTHER)
    source.is_down = True
    keys.refresh()
    assert KEY.decode() not in caplog.text
    assert KEY not in repr(vars(keys)).encode()
    assert OTHER not in repr(vars(keys)).encode()


def assert_wait(gate: threading.Event) -> None:
    assert gate.wait(10)
