"""One line of messages in one SQLite file: what is stored where, and nothing about threads.

Messages are numbered by offset, from 0, without gaps. A row holds one group: its first offset, how many payloads it carries
and their record. So counting what waits is a subtraction, and a group costs one row however many requests share it.
The file keeps the size of its largest backlog; the pages of deleted rows are used again.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from litesoc_server.clock import Clock
from litesoc_server.stream.framing import decode_group, encode_group
from litesoc_server.stream.sqlite_files import open_database, open_reader, scrub_database, sqlite_errors, transaction

_READ_MAX_BYTES = 4 * 1024**2  # of records in one read, so that one fetch stays small in memory
_PURGE_GROUPS = 200  # of one transaction: about 2 ms, so that appends hardly wait for it

_SCHEMA = """
CREATE TABLE IF NOT EXISTS groups (
    first_offset INTEGER PRIMARY KEY,
    payload_count INTEGER NOT NULL,
    appended_ms INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY CHECK (id = 1), acked_offset INTEGER NOT NULL);
INSERT OR IGNORE INTO cursor VALUES (1, 0);
"""
_INSERT = "INSERT INTO groups VALUES (?, ?, ?, ?)"
_NEXT_GROUP = """
SELECT first_offset, payload_count, record FROM groups
WHERE first_offset BETWEEN ? AND ? ORDER BY first_offset LIMIT 1
"""


class StoredGroup(msgspec.Struct, frozen=True):
    """One row."""

    first_offset: int
    payload_count: int
    record: bytes


class SqliteLog:
    """One open file. Writing methods belong to one thread at a time; ``read`` and ``appended_ms`` to any."""

    def __init__(self, path: Path, *, max_bytes: int, clock: Clock) -> None:
        """Open or create ``path``. Raises StreamUnavailable or StreamFull."""
        self._path = path
        self._clock = clock
        with sqlite_errors(path):
            self._writer = open_database(path, max_bytes, _SCHEMA)
            self._reader = open_reader(path)
            self._reader_lock = threading.Lock()
            self._acked_offset: int = self._writer.execute("SELECT acked_offset FROM cursor").fetchone()[0]
            first = self._writer.execute("SELECT min(first_offset) FROM groups").fetchone()[0]
            last = self._writer.execute(
                "SELECT first_offset + payload_count FROM groups ORDER BY first_offset DESC LIMIT 1"
            ).fetchone()
        self._end: int = self._acked_offset if last is None else last[0]
        self._start: int = self._end if first is None else first

    @property
    def start(self) -> int:
        """The offset of the oldest message that was kept when the file was opened."""
        return self._start

    @property
    def end(self) -> int:
        """The offset that the next message gets."""
        return self._end

    @property
    def acked_offset(self) -> int:
        """The offset below which everything is acknowledged, as last saved."""
        return self._acked_offset

    def append(self, groups: Sequence[Sequence[bytes]]) -> None:
        """Store ``groups`` in one commit, all or none. Raises StreamFull or StreamUnavailable."""
        now_ms = self._clock.now_ms()
        rows: list[tuple[int, int, int, bytes]] = []
        offset = self._end
        for payloads in groups:
            rows.append((offset, len(payloads), now_ms, encode_group(payloads)))
            offset += len(payloads)
        with sqlite_errors(self._path):
            if len(rows) == 1:  # its own transaction: the GIL changes hands once per commit
                self._writer.execute(_INSERT, rows[0])
            else:
                with transaction(self._writer):
                    self._writer.executemany(_INSERT, rows)
        self._end = offset

    def read(self, offset: int, max_messages: int) -> list[StoredGroup]:
        """Return the groups from ``offset`` on, enough for ``max_messages`` or a few MiB. Raises StreamUnavailable."""
        groups: list[StoredGroup] = []
        size_bytes = message_count = 0
        with self._reader_lock, sqlite_errors(self._path):
            rows = self._reader.execute(
                "SELECT first_offset, payload_count, record FROM groups WHERE first_offset >= ? ORDER BY first_offset",
                [offset],
            )
            for row in rows:
                group = StoredGroup(*row)
                groups.append(group)
                size_bytes += len(group.record)
                message_count += group.payload_count
                if message_count >= max_messages or size_bytes >= _READ_MAX_BYTES:
                    break
            rows.close()  # a read transaction left open would keep the write-ahead log from starting over
        return groups

    def appended_ms(self, offset: int) -> int | None:
        """Return when the message at ``offset`` was appended, Unix ms; None when it does not exist."""
        if offset >= self._end:
            return None
        with self._reader_lock, sqlite_errors(self._path):
            row = self._reader.execute(
                "SELECT appended_ms FROM groups WHERE first_offset <= ? ORDER BY first_offset DESC LIMIT 1", [offset]
            ).fetchone()
        return None if row is None else row[0]

    def save_acked_offset(self, offset: int) -> None:
        """Remember that everything below ``offset`` is acknowledged. Raises StreamFull or StreamUnavailable."""
        with sqlite_errors(self._path):
            self._writer.execute("UPDATE cursor SET acked_offset = ?", [offset])
        self._acked_offset = offset

    def purge(self, offset: int) -> bool:
        """Delete some of the groups that end at or below ``offset``. Returns whether more may be left.

        Works in a full file: deleting needs no new page. Raises StreamFull (the disk, not the file) or StreamUnavailable.
        """
        with sqlite_errors(self._path):
            deleted = self._writer.execute(
                "DELETE FROM groups WHERE first_offset IN (SELECT first_offset FROM groups"
                " WHERE first_offset < ? AND first_offset + payload_count <= ? ORDER BY first_offset LIMIT ?)",
                [offset, offset, _PURGE_GROUPS],
            )
        return deleted.rowcount == _PURGE_GROUPS

    def scrub(self) -> None:
        """Take off the disk what deleted groups left in the file. Raises StreamFull or StreamUnavailable."""
        with self._reader_lock, sqlite_errors(self._path):
            scrub_database(self._writer)

    def close(self) -> None:
        """Close the file; nobody may be inside a writing method. Raises StreamUnavailable."""
        with self._reader_lock, sqlite_errors(self._path):
            self._reader.close()
            self._writer.close()


def waiting(path: Path) -> Iterator[list[bytes]]:
    """Yield the payloads that were appended until now and are not acknowledged, group by group, without taking them.

    Works beside the process that owns the file. Groups are read one by one: a reader that stays keeps the write-ahead log
    from starting over. Raises StreamUnavailable, also midway.
    """
    if not path.exists():
        return
    with sqlite_errors(path), closing(open_reader(path)) as reader:
        (acked,) = reader.execute("SELECT acked_offset FROM cursor").fetchone()
        (last,) = reader.execute("SELECT max(first_offset) FROM groups").fetchone()
        (offset,) = reader.execute("SELECT max(first_offset) FROM groups WHERE first_offset <= ?", [acked]).fetchone()
        while row := reader.execute(_NEXT_GROUP, [offset or 0, -1 if last is None else last]).fetchone():
            group = StoredGroup(*row)
            offset = group.first_offset + group.payload_count
            if offset > acked:
                yield decode_group(group.record)[: group.payload_count]
