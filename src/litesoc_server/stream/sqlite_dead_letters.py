"""The dead letters of the embedded stream: a table in a file of its own, which commands may open beside the server."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from litesoc_server.clock import Clock
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.base import DeadLetter
from litesoc_server.stream.sqlite_files import open_database, scrub_database, sqlite_errors, transaction
from litesoc_server.stream.subjects import Subject

log = logging.getLogger(__name__)

DEAD_LETTERS_FILE = "dead_letters.sqlite3"
_BORROWED_MAX_BYTES = 1024**4  # the owner's connection has the real ceiling; ours must not be the smaller one
_SCHEMA = """
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    payload BLOB NOT NULL,
    reason TEXT NOT NULL,
    failed_at_ms INTEGER NOT NULL,
    is_replay_requested INTEGER NOT NULL DEFAULT 0
)
"""
_REQUESTS_LOOKED_FOR_S = 1.0


class SqliteDeadLetters:
    """Implements stream.base.DeadLetters; safe to use from any thread."""

    def __init__(
        self, path: Path, *, max_bytes: int, clock: Clock, publish: Callable[[Subject, Sequence[bytes]], None]
    ) -> None:
        """Open or create ``path``; a replay goes through ``publish``. Raises StreamUnavailable."""
        self._path = path
        self._clock = clock
        self._publish = publish
        self._lock = threading.Lock()
        with sqlite_errors(path):
            self._connection = open_database(path, max_bytes, _SCHEMA)

    def add(self, subject: Subject, payload: bytes, reason: str, *, failed_at_ms: int | None = None) -> None:
        """Store one dead letter; see stream.base.DeadLetters. Raises StreamFull or StreamUnavailable."""
        at_ms = self._clock.now_ms() if failed_at_ms is None else failed_at_ms
        with self._lock, sqlite_errors(self._path):
            self._connection.execute(
                "INSERT INTO dead_letters (subject, payload, reason, failed_at_ms) VALUES (?, ?, ?, ?)",
                [subject.value, payload, reason, at_ms],
            )

    def list(self, limit: int, *, after: str | None = None) -> list[DeadLetter]:
        """Return the oldest; see stream.base.DeadLetters. Raises StreamUnavailable."""
        with self._lock, sqlite_errors(self._path):
            rows = self._connection.execute(
                "SELECT id, subject, payload, reason, failed_at_ms FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?",
                [int(after or 0), limit],
            ).fetchall()
        return [DeadLetter(str(row[0]), Subject(row[1]), *row[2:]) for row in rows]

    def remove(self, ids: Sequence[str]) -> None:
        """Remove these; see stream.base.DeadLetters. Raises StreamUnavailable."""
        with self._lock, sqlite_errors(self._path), transaction(self._connection):
            self._connection.executemany("DELETE FROM dead_letters WHERE id = ?", [[letter_id] for letter_id in ids])

    def replay(self, ids: Sequence[str]) -> int:
        """Send these where they came from; see stream.base.DeadLetters. Raises StreamFull or StreamUnavailable.

        One by one, appended before it is removed: whatever interrupts it, none is lost and at most one comes twice.
        """
        count = 0
        for letter_id in ids:
            with self._lock, sqlite_errors(self._path):
                row = self._connection.execute(
                    "SELECT subject, payload FROM dead_letters WHERE id = ?", [letter_id]
                ).fetchone()
            if row is None:
                continue
            self._publish(Subject(row[0]), [row[1]])
            with self._lock, sqlite_errors(self._path):
                self._connection.execute("DELETE FROM dead_letters WHERE id = ?", [letter_id])
            count += 1
        return count

    def request_replay(self, ids: Sequence[str]) -> int:
        """Ask the process that owns the stream to replay these, which it does within about a second. Returns how many.

        For other processes: only the owner can append. Raises StreamFull or StreamUnavailable.
        """
        with self._lock, sqlite_errors(self._path), transaction(self._connection):
            return sum(
                self._connection.execute(
                    "UPDATE dead_letters SET is_replay_requested = 1 WHERE id = ?", [letter_id]
                ).rowcount
                for letter_id in ids
            )

    def replay_requested(self) -> int:
        """Replay what was asked for by ``request_replay``. Returns how many. Raises StreamFull or StreamUnavailable."""
        with self._lock, sqlite_errors(self._path):
            rows = self._connection.execute("SELECT id FROM dead_letters WHERE is_replay_requested = 1").fetchall()
        return self.replay([str(row[0]) for row in rows])

    def count(self) -> int:
        """Return how many there are. Raises StreamUnavailable."""
        with self._lock, sqlite_errors(self._path):
            return self._connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0]

    def scrub(self) -> None:
        """Take off the disk what removed letters left in the file. Raises StreamUnavailable."""
        with self._lock, sqlite_errors(self._path):
            scrub_database(self._connection)

    def close(self) -> None:
        """Close the file. Raises StreamUnavailable."""
        with self._lock, sqlite_errors(self._path):
            self._connection.close()


class ReplayRequests:
    """A thread that carries out the replays other processes ask for."""

    def __init__(self, dead_letters: SqliteDeadLetters) -> None:
        self._dead_letters = dead_letters
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dead-letters", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_REQUESTS_LOOKED_FOR_S):
            try:
                self._dead_letters.replay_requested()
            except StreamUnavailable as error:
                log.warning("dead letters cannot be replayed, trying again: %s", error)


class BorrowedDeadLetters:
    """Implements stream.base.DeadLetters beside the process that owns the stream, for commands."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        """Open the owner's file. Raises StreamUnavailable."""
        self._letters = SqliteDeadLetters(
            directory / DEAD_LETTERS_FILE, max_bytes=_BORROWED_MAX_BYTES, clock=clock, publish=_refuse_to_publish
        )

    def add(self, subject: Subject, payload: bytes, reason: str, *, failed_at_ms: int | None = None) -> None:
        """Store one dead letter; see stream.base.DeadLetters."""
        self._letters.add(subject, payload, reason, failed_at_ms=failed_at_ms)

    def list(self, limit: int, *, after: str | None = None) -> "list[DeadLetter]":
        """Return the oldest; see stream.base.DeadLetters."""
        return self._letters.list(limit, after=after)

    def remove(self, ids: Sequence[str]) -> None:
        """Remove these; see stream.base.DeadLetters."""
        self._letters.remove(ids)

    def replay(self, ids: Sequence[str]) -> int:
        """Have the owner replay these within about a second; see stream.base.DeadLetters."""
        return self._letters.request_replay(ids)

    def count(self) -> int:
        """Return how many there are; see stream.base.DeadLetters."""
        return self._letters.count()

    def close(self) -> None:
        """Close the file."""
        self._letters.close()


def _refuse_to_publish(subject: Subject, _payloads: Sequence[bytes]) -> None:
    msg = f"only the process that owns the stream appends to {subject.value}"
    raise StreamUnavailable(msg)
