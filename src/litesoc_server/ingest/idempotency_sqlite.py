"""Claims in an SQLite file of their own: durable at every commit, written by one thread, many claims per commit."""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from litesoc_server.clock import Clock
from litesoc_server.ingest.idempotency import (
    CLAIM_DECODER,
    CLAIM_ENCODER,
    KEPT_MS,
    Claim,
    IdempotencyUnavailable,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

CLAIMS_MAX = 10_000_000  # up to 4 GB
# Of which one organisation has one, so that it cannot take the room of all: 57 requests a second all day, which is one agent
# with 5,000 lines a second.
SHARES = 2
_GROUP_MAX = 256  # operations per commit
_PURGE_EVERY_MS = 60_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS claim (
    name BLOB PRIMARY KEY, claimed_at_ms INTEGER NOT NULL, value BLOB NOT NULL, owner BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claim_age ON claim (claimed_at_ms);
"""

_Operation = Callable[[sqlite3.Connection], object]
_Job = tuple[_Operation, "Future[object]"]


class SqliteIdempotencyStore:
    """Implements ingest.idempotency.IdempotencyStore for one process."""

    def __init__(self, path: Path, *, clock: Clock, claims_max: int = CLAIMS_MAX) -> None:
        """Open or create the file. Raises IdempotencyUnavailable with the reason."""
        self._path = path
        self._clock = clock
        self._claims_max = claims_max
        self._purged_at_ms = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_closed = False
        try:
            # Opened here, where a failure has somebody to tell; from then on only the thread uses it.
            connection = self._connect()
            with contextlib.ExitStack() as stack:
                stack.callback(connection.close)
                connection.executescript(_SCHEMA)
                _add_owner(connection)
                self._held = Counter(dict(connection.execute("SELECT owner, count(*) FROM claim GROUP BY owner")))
                stack.pop_all()
        except sqlite3.Error as error:
            msg = f"{path} cannot be used ({type(error).__name__}): check the data directory's permissions and free space"
            raise IdempotencyUnavailable(msg) from error
        self._thread = threading.Thread(target=self._run, args=(connection,), name="idempotency", daemon=True)
        self._thread.start()

    async def claim(self, name: bytes, claim: Claim) -> Claim | None:
        """See IdempotencyStore."""
        held = await self._do(lambda connection: self._claim(connection, name, claim))
        assert not isinstance(held, IdempotencyUnavailable), "the future raises it"
        return held

    async def complete(self, name: bytes, claim: Claim) -> None:
        """See IdempotencyStore."""
        row = (CLAIM_ENCODER.encode(claim), name)
        await self._do(lambda connection: connection.execute("UPDATE claim SET value = ? WHERE name = ?", row))

    async def abandon(self, name: bytes, claim: Claim) -> None:
        """See IdempotencyStore."""
        row = (name, CLAIM_ENCODER.encode(claim))
        await self._do(lambda connection: self._delete(connection, "name = ? AND value = ?", row))

    async def close(self) -> None:
        """See IdempotencyStore."""
        self._is_closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _do(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        if self._is_closed:
            raise IdempotencyUnavailable("the store is closed")
        done: Future[object] = Future()
        self._jobs.put((operation, done))
        return await asyncio.wrap_future(done)  # type: ignore[return-value] # the future carries what the operation returned

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _run(self, connection: sqlite3.Connection) -> None:
        with closing(connection):
            while (first := self._jobs.get()) is not None:
                jobs = [first]
                while len(jobs) < _GROUP_MAX and not self._jobs.empty():
                    job = self._jobs.get()
                    if job is None:
                        self._jobs.put(None)
                        break
                    jobs.append(job)
                self._commit(connection, jobs)

    def _commit(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        """Run ``jobs`` in one transaction; when it cannot be committed they all fail."""
        jobs = [(operation, done) for operation, done in jobs if done.set_running_or_notify_cancel()]
        held_before = self._held.copy()
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._purge(connection)
            results = [operation(connection) for operation, _ in jobs]
            connection.execute("COMMIT")
        except Exception as error:  # without this thread every request with a key would wait for ever
            self._held = held_before
            _roll_back(connection)
            log.exception("claims could not be written")
            results = [IdempotencyUnavailable(type(error).__name__)] * len(jobs)
        for (_, done), result in zip(jobs, results, strict=True):
            if isinstance(result, IdempotencyUnavailable):
                done.set_exception(result)
            else:
                done.set_result(result)

    def _claim(self, connection: sqlite3.Connection, name: bytes, claim: Claim) -> Claim | IdempotencyUnavailable | None:
        row = connection.execute("SELECT value FROM claim WHERE name = ?", (name,)).fetchone()
        if row is not None:
            held = CLAIM_DECODER.decode(row[0])
            if held.received_at_ms > self._clock.now_ms() - KEPT_MS:
                return held
            self._delete(connection, "name = ?", (name,))
        if self._held.total() >= self._claims_max or self._held[claim.owner] >= self._claims_max // SHARES:
            return IdempotencyUnavailable("too many claims are kept")
        connection.execute(
            "INSERT INTO claim (name, claimed_at_ms, value, owner) VALUES (?, ?, ?, ?)",
            (name, claim.received_at_ms, CLAIM_ENCODER.encode(claim), claim.owner),
        )
        self._held[claim.owner] += 1
        return None

    def _purge(self, connection: sqlite3.Connection) -> None:
        now_ms = self._clock.now_ms()
        if now_ms - self._purged_at_ms >= _PURGE_EVERY_MS:
            self._delete(connection, "claimed_at_ms <= ?", (now_ms - KEPT_MS,))
            self._purged_at_ms = now_ms

    def _delete(self, connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> None:
        gone = connection.execute(f"DELETE FROM claim WHERE {where} RETURNING owner", values)  # noqa: S608 # our own text
        self._held.subtract(owner for (owner,) in gone)
        self._held += Counter()  # forgets whose claims are all gone


def _add_owner(connection: sqlite3.Connection) -> None:
    """Give a file of an earlier version the column; the claims in it belong to nobody, for 24 hours."""
    if not any(name == "owner" for _, name, *_ in connection.execute("PRAGMA table_info(claim)")):
        connection.execute("ALTER TABLE claim ADD COLUMN owner BLOB NOT NULL DEFAULT x''")


def _roll_back(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):  # it may have ended by itself, as on a full disk
        if connection.in_transaction:
            connection.execute("ROLLBACK")
