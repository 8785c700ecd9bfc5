"""Claims to idempotency keys, in SQLite and in Redis; and what OnceOnly makes of them."""

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TypeVar

import pytest

from ingest_server import NOW_MS
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId, draw_event_id_base
from litesoc_server.ingest.idempotency import (
    KEPT_MS,
    Answer,
    Claim,
    IdempotencyStore,
    IdempotencyUnavailable,
    OnceOnly,
    claim_name,
    hash_request,
    parse_key,
)
from litesoc_server.ingest.idempotency_redis import RedisIdempotencyStore
from litesoc_server.ingest.idempotency_sqlite import SqliteIdempotencyStore
from litesoc_server.ingest.responses import ErrorCode, Refused, unavailable
from servers import RedisServer

T = TypeVar("T")
OpenStore = Callable[[], IdempotencyStore]
ACCEPTED = Answer(202, b'{"success":true}')


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture(params=["sqlite", "redis"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> OpenStore:
    """Return a function that opens the same store again each time."""
    if request.param == "sqlite":
        return lambda: SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock)
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda: RedisIdempotencyStore(server.url)


@asynccontextmanager
async def opened(open_store: OpenStore) -> AsyncIterator[IdempotencyStore]:
    store = open_store()
    try:
        yield store
    finally:
        await store.close()


def run(open_store: OpenStore, use: Callable[[IdempotencyStore], Awaitable[T]]) -> T:
    async def main() -> T:
        async with opened(open_store) as store:
            return await use(store)

    return asyncio.run(main())


def new_name() -> bytes:
    return secrets.token_bytes(32)


def new_claim(body_hash: bytes = b"body", at_ms: int = NOW_MS, owner: bytes = b"shop") -> Claim:
    return Claim(body_hash, draw_event_id_base(at_ms), at_ms, owner=owner)


# --- the port ------------------------------------------------------------------------------------------------------------


def test_the_first_claim_holds_also_after_a_restart(open_store: OpenStore) -> None:
    name, first, second = new_name(), new_claim(), new_claim()
    assert run(open_store, lambda store: store.claim(name, first)) is None
    assert run(open_store, lambda store: store.claim(name, second)) == first
    assert run(open_store, lambda store: store.claim(new_name(), second)) is None


def test_a_completed_claim_carries_its_answer(open_store: OpenStore) -> None:
    name, claim = new_name(), new_claim()
    done = Claim(claim.body_hash, claim.event_id_base, claim.received_at_ms, 202, b"answer")

    async def use(store: IdempotencyStore) -> None:
        assert await store.claim(name, claim) is None
        await store.complete(name, done)
        assert await store.claim(name, new_claim()) == done

    run(open_store, use)
    assert run(open_store, lambda store: store.claim(name, new_claim())) == done


def test_an_abandoned_name_is_free(open_store: OpenStore) -> None:
    name, claim, next_claim = new_name(), new_claim(), new_claim()

    async def use(store: IdempotencyStore) -> None:
        await store.claim(name, claim)
        await store.abandon(name, claim)
        assert await store.claim(name, next_claim) is None
        await store.abandon(name, claim)
        assert await store.claim(name, claim) == next_claim, "only the holder's own claim is abandoned"

    run(open_store, use)


def test_one_of_many_claims_at_once_wins(open_store: OpenStore) -> None:
    names = [new_name() for _ in range(20)]

    async def use(store: IdempotencyStore) -> None:
        claims = [(name, new_claim()) for name in names for _ in range(10)]
        held = await asyncio.gather(*(store.claim(name, claim) for name, claim in claims))
        for name in names:
            of_name = [(claim, other) for (n, claim), other in zip(claims, held, strict=True) if n == name]
            [winner] = [claim for claim, other in of_name if other is None]
            assert all(other == winner for _, other in of_name if other is not None)

    run(open_store, use)


# --- SQLite alone ----------------------------------------------------------------------------------------------------------


def test_claims_end_after_24_hours(tmp_path: Path, clock: ManualClock) -> None:
    def open_sqlite() -> IdempotencyStore:
        return SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock)

    name, other = new_name(), new_name()

    async def use(store: IdempotencyStore) -> None:
        first = new_claim(at_ms=clock.now_ms())
        await store.claim(name, first)
        await store.claim(other, new_claim(at_ms=clock.now_ms()))
        clock.advance_ms(KEPT_MS - 1)
        assert await store.claim(name, new_claim(at_ms=clock.now_ms())) == first
        clock.advance_ms(1)
        assert await store.claim(name, new_claim(at_ms=clock.now_ms())) is None
        clock.advance_ms(60_000)
        await store.claim(new_name(), new_claim(at_ms=clock.now_ms()))

    run(open_sqlite, use)
    with closing(sqlite3.connect(tmp_path / "claims.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM claim WHERE name = ?", (other,)).fetchone() == (0,)


def test_claims_have_a_ceiling_that_old_ones_make_room_under(tmp_path: Path, clock: ManualClock) -> None:
    def open_sqlite() -> IdempotencyStore:
        return SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock, claims_max=2)

    async def fill(store: IdempotencyStore) -> None:
        kept = new_name()
        await store.claim(kept, new_claim())
        await store.claim(new_name(), new_claim(owner=b"bank"))
        with pytest.raises(IdempotencyUnavailable):
            await store.claim(new_name(), new_claim(owner=b"club"))
        assert await store.claim(kept, new_claim()) is not None, "what is held is still found"

    async def after_a_restart(store: IdempotencyStore) -> None:
        with pytest.raises(IdempotencyUnavailable):
            await store.claim(new_name(), new_claim(owner=b"club"))
        clock.advance_ms(KEPT_MS)
        assert await store.claim(new_name(), new_claim(at_ms=clock.now_ms())) is None

    run(open_sqlite, fill)
    run(open_sqlite, after_a_restart)


def test_a_cancelled_claim_harms_nobody(tmp_path: Path, clock: ManualClock) -> None:
    async def main() -> None:
        async with opened(lambda: SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock)) as store:
            tasks = [asyncio.create_task(store.claim(new_name(), new_claim())) for _ in range(50)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(result is None for result in results[1::2])
            assert await store.claim(new_name(), new_claim()) is None

    asyncio.run(main())


def test_a_file_that_cannot_be_written_is_unavailable(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "claims.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(IdempotencyUnavailable, match="permissions"):
        SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock)

    async def use(store: IdempotencyStore) -> None:
        with closing(sqlite3.connect(tmp_path / "other.sqlite3", isolation_level=None)) as connection:
            connection.execute("DROP TABLE claim")
        with pytest.raises(IdempotencyUnavailable):
            await store.claim(new_name(), new_claim())
        with pytest.raises(IdempotencyUnavailable):
            await store.complete(new_name(), new_claim())

    run(lambda: SqliteIdempotencyStore(tmp_path / "other.sqlite3", clock=clock), use)


def test_a_fault_fails_one_request_and_not_all_later_ones(tmp_path: Path, clock: ManualClock) -> None:
    def fault(_: sqlite3.Connection) -> None:
        raise RuntimeError

    async def use(store: IdempotencyStore) -> None:
        assert isinstance(store, SqliteIdempotencyStore)
        with pytest.raises(IdempotencyUnavailable, match="RuntimeError"):
            await store._do(fault)
        assert await store.claim(new_name(), new_claim()) is None

    run(lambda: SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock), use)


def test_a_closed_store_says_so(tmp_path: Path, clock: ManualClock) -> None:
    async def main() -> None:
        store = SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock)
        await store.close()
        with pytest.raises(IdempotencyUnavailable):
            await store.claim(new_name(), new_claim())

    asyncio.run(main())


# --- Redis alone -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_redis(tmp_path: Path, redis_server: RedisServer) -> Iterator[RedisServer]:
    """A Redis that the test may stop."""
    server = RedisServer(tmp_path / "own-redis")
    server.start()
    yield server
    with suppress(ProcessLookupError):
        server.kill()


def test_without_redis_claims_are_unavailable_until_it_is_back(own_redis: RedisServer) -> None:
    async def use(store: IdempotencyStore) -> None:
        name, claim = new_name(), new_claim()
        await store.claim(name, claim)
        own_redis.kill()
        for attempt in (store.claim(name, claim), store.complete(name, claim), store.abandon(name, claim)):
            with pytest.raises(IdempotencyUnavailable):
                await attempt
        own_redis.start()
        assert await store.claim(name, claim) is None

    run(lambda: RedisIdempotencyStore(own_redis.url), use)


# --- OnceOnly --------------------------------------------------------------------------------------------------------------


class Taking:
    """Counts how requests are taken, and does what the test says."""

    def __init__(self, *outcomes: Answer | Exception) -> None:
        self.outcomes = list(outcomes) or [ACCEPTED]
        self.taken: list[tuple[Claim, bool]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, claim: Claim, is_repeat: bool) -> Answer:
        self.taken.append((claim, is_repeat))
        self.begun.set()
        await self.gate.wait()
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def require_conflict(attempt: Awaitable[Answer]) -> None:
    with pytest.raises(Refused) as refused:
        await attempt
    assert refused.value.code is ErrorCode.IDEMPOTENCY_CONFLICT


def test_a_retry_gets_the_kept_answer(open_store: OpenStore) -> None:
    name = new_name()

    async def use(store: IdempotencyStore) -> None:
        take, once = Taking(Answer(202, b"first"), Answer(202, b"second")), OnceOnly(store)
        for _ in range(3):
            assert await once.run(name, new_claim(), take) == Answer(202, b"first")
        assert len(take.taken) == 1
        await require_conflict(once.run(name, new_claim(b"other body"), take))

    run(open_store, use)


def test_retries_in_flight_share_one_taking(open_store: OpenStore) -> None:
    async def use(store: IdempotencyStore) -> None:
        name, take, once = new_name(), Taking(), OnceOnly(store)
        take.gate.clear()
        waiting = [asyncio.create_task(once.run(name, new_claim(), take)) for _ in range(5)]
        await take.begun.wait()
        await require_conflict(once.run(name, new_claim(b"other body"), take))
        waiting[0].cancel()
        take.gate.set()
        assert await asyncio.gather(*waiting[1:]) == [ACCEPTED] * 4
        assert len(take.taken) == 1

    run(open_store, use)


def test_a_refused_request_leaves_its_key_free(open_store: OpenStore) -> None:
    async def use(store: IdempotencyStore) -> None:
        name, once = new_name(), OnceOnly(store)
        take = Taking(Refused(ErrorCode.VALIDATION_FAILED, "event is missing"), ACCEPTED)
        with pytest.raises(Refused, match="event is missing"):
            await once.run(name, new_claim(), take)
        assert await once.run(name, new_claim(b"mended body"), take) == ACCEPTED
        assert [is_repeat for _, is_repeat in take.taken] == [False, False]

    run(open_store, use)


@pytest.mark.parametrize("failure", [unavailable("the event stream is"), RuntimeError("a bug")])
def test_after_a_failed_append_a_retry_repeats_the_same_ids(open_store: OpenStore, failure: Exception) -> None:
    async def use(store: IdempotencyStore) -> None:
        name, once, first = new_name(), OnceOnly(store), new_claim()
        take = Taking(failure, ACCEPTED)
        with pytest.raises(type(failure)):
            await once.run(name, first, take)
        await require_conflict(once.run(name, new_claim(b"other body"), take))
        assert await once.run(name, new_claim(), take) == ACCEPTED
        assert take.taken == [(first, False), (first, True)]

    run(open_store, use)


def test_after_a_crash_a_retry_repeats_the_same_ids(open_store: OpenStore) -> None:
    name, died = new_name(), new_claim()
    run(open_store, lambda store: store.claim(name, died))

    async def use(store: IdempotencyStore) -> None:
        take, once = Taking(), OnceOnly(store)
        assert await once.run(name, new_claim(), take) == ACCEPTED
        assert await once.run(name, new_claim(), take) == ACCEPTED
        assert take.taken == [(died, True)]

    run(open_store, use)


class FailingStore:
    """A store whose methods fail from a given one on."""

    def __init__(self, *failing: str) -> None:
        self._failing = failing

    async def claim(self, name: bytes, claim: Claim) -> Claim | None:
        self._fail("claim")
        return None

    async def complete(self, name: bytes, claim: Claim) -> None:
        self._fail("complete")

    async def abandon(self, name: bytes, claim: Claim) -> None:
        self._fail("abandon")

    async def close(self) -> None:
        pass

    def _fail(self, method: str) -> None:
        if method in self._failing:
            raise IdempotencyUnavailable(method)


def test_a_failing_store_is_not_passed_over() -> None:
    async def main() -> None:
        take = Taking()
        with pytest.raises(Refused) as refused:
            await OnceOnly(FailingStore("claim")).run(new_name(), new_claim(), take)
        assert refused.value.code is ErrorCode.SERVICE_UNAVAILABLE
        assert take.taken == []
        assert await OnceOnly(FailingStore("complete")).run(new_name(), new_claim(), take) == ACCEPTED
        with pytest.raises(Refused, match="no"):
            await OnceOnly(FailingStore("abandon")).run(
                new_name(), new_claim(), Taking(Refused(ErrorCode.VALIDATION_FAILED, "no"))
            )

    asyncio.run(main())


# --- keys ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"a", "a"),
        (b" 6f1c2f9e-9d1f-4b7e-8f6d-3f0f7c0a1b2c ", "6f1c2f9e-9d1f-4b7e-8f6d-3f0f7c0a1b2c"),
        (b"x" * 255, "x" * 255),
        (b"with a blank", "with a blank"),
        (b"", None),
        (b"  ", None),
        (b"x" * 256, None),
        (b"tab\tinside", None),
        ("ümlaut".encode(), None),
        ("ümlaut".encode("latin-1"), None),
        (b"\x7f", None),
    ],
)
def test_keys_are_printable_and_short(header: bytes, key: str | None) -> None:
    assert parse_key(header) == key


def test_names_and_hashes_keep_apart_what_differs() -> None:
    org, other = OrgId("a"), OrgId("b")
    names = {
        claim_name(org, Environment.LIVE, "k"),
        claim_name(other, Environment.LIVE, "k"),
        claim_name(org, Environment.TEST, "k"),
        claim_name(org, Environment.LIVE, "l"),
    }
    assert len(names) == 4
    assert hash_request(is_batch_path=True, body=b"x") != hash_request(is_batch_path=False, body=b"x")
