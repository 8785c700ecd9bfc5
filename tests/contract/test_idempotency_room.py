"""How much room the claims of one organisation take in SQLite, and how much an answer takes in a claim."""

import asyncio
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ingest_server import NOW_MS
from litesoc_server.clock import ManualClock
from litesoc_server.events.ids import draw_event_id_base
from litesoc_server.ingest.idempotency import (
    KEPT_MS,
    Claim,
    IdempotencyStore,
    IdempotencyUnavailable,
    packed_answer,
    unpacked_answer,
)
from litesoc_server.ingest.idempotency_sqlite import SqliteIdempotencyStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


def run(open_store: Callable[[], IdempotencyStore], use: Callable[[IdempotencyStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = open_store()
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(main())


def new_name() -> bytes:
    return secrets.token_bytes(32)


def new_claim(at_ms: int = NOW_MS, owner: bytes = b"shop") -> Claim:
    return Claim(b"body", draw_event_id_base(at_ms), at_ms, owner=owner)


def test_one_organisation_does_not_take_the_room_of_all(tmp_path: Path, clock: ManualClock) -> None:
    def open_sqlite() -> IdempotencyStore:
        return SqliteIdempotencyStore(tmp_path / "claims.sqlite3", clock=clock, claims_max=6)

    async def fill(store: IdempotencyStore) -> None:
        abandoned, claim = new_name(), new_claim()
        for name, one in ((abandoned, claim), (new_name(), new_claim()), (new_name(), new_claim())):
            assert await store.claim(name, one) is None
        with pytest.raises(IdempotencyUnavailable):
            await store.claim(new_name(), new_claim())
        await store.abandon(abandoned, claim)
        assert await store.claim(new_name(), new_claim()) is None

    async def after_a_restart(store: IdempotencyStore) -> None:
        with pytest.raises(IdempotencyUnavailable):
            await store.claim(new_name(), new_claim())
        assert await store.claim(new_name(), new_claim(owner=b"bank")) is None
        clock.advance_ms(KEPT_MS)
        assert await store.claim(new_name(), new_claim(at_ms=clock.now_ms())) is None

    run(open_sqlite, fill)
    run(open_sqlite, after_a_restart)


def test_a_file_of_an_earlier_version_is_gone_on_with(tmp_path: Path, clock: ManualClock) -> None:
    path, name, claim = tmp_path / "claims.sqlite3", new_name(), new_claim()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        columns = "name BLOB PRIMARY KEY, claimed_at_ms INTEGER NOT NULL, value BLOB NOT NULL"
        connection.execute(f"CREATE TABLE claim ({columns}) WITHOUT ROWID")
        before = msgspec.msgpack.encode([claim.body_hash, claim.event_id_base, NOW_MS, 202, b'{"success":true}'])
        connection.execute("INSERT INTO claim VALUES (?, ?, ?)", (name, NOW_MS, before))

    async def use(store: IdempotencyStore) -> None:
        held = await store.claim(name, new_claim())
        assert held is not None
        assert (held.event_id_base, unpacked_answer(held.answer)) == (claim.event_id_base, b'{"success":true}')

    for _ in range(2):
        run(lambda: SqliteIdempotencyStore(path, clock=clock), use)


def test_long_answers_are_kept_packed() -> None:
    long = b'{"errors":[' + b",".join([b'{"code":"VALIDATION_FAILED","message":"event: must be text"}'] * 99) + b"]}"
    assert len(packed_answer(long)) < len(long) // 10
    for body in (long, b'{"success":true}'):
        assert unpacked_answer(packed_answer(body)) == body
