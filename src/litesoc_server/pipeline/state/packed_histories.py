"""The histories of subjects that are not in use, as bytes in a temporary file: so memory does not limit how many are known.

The file is SQLite's own kind of temporary one: nobody else can open it, it is written only once some megabytes have come
together, and it is gone with the process, as the state in memory is. It stands where SQLITE_TMPDIR or TMPDIR says, else in
/var/tmp (https://www.sqlite.org/tempfiles.html, section 5).
"""

import logging
import sqlite3
import weakref
from collections.abc import Iterator

log = logging.getLogger(__name__)

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -4096;
CREATE TABLE packed (number INTEGER PRIMARY KEY, scope INTEGER, name BLOB, histories BLOB);
CREATE UNIQUE INDEX packed_by_name ON packed (scope, name);
"""
_RECORD_BYTES = 60  # what the file takes for a record beside its name (twice, for the index) and its histories
_DROPPED_SHARE = 64  # when all is full, one in so many of the largest organisation's records goes at once


class PackedHistories:
    """Bytes by scope (organisation, and world if it is the test one) and name, at most ``bytes_max`` of them.

    The file takes up to 1.6 times as much, since what is taken out leaves pages half empty. Beyond the ceiling the scope
    that takes most loses what was put there longest ago. When the file cannot be written or read (a full disk), all of it is
    given up, with an error in the log: what is in use stays, and the rest is learned again.

    One thread at a time may use it.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._numbers: dict[str, int] = {}  # scope -> what stands for it in the file
        self._start()

    @property
    def bytes_used(self) -> int:
        """What is held, as counted for the ceiling."""
        return self._bytes_used

    def put(self, scope: str, name: str, histories: bytes) -> None:
        """Keep the histories of a name that has none here."""
        number = self._numbers.setdefault(scope, len(self._numbers))
        packed_name = _bytes_of(name)
        try:
            self._file.execute(
                "INSERT INTO packed (scope, name, histories) VALUES (?, ?, ?)", (number, packed_name, histories)
            )
            self._count(number, _size(len(packed_name), len(histories)))
            while self._bytes_used > self._bytes_max:
                self._drop_some()
        except sqlite3.Error as error:
            self._give_up(error)

    def take(self, scope: str, name: str) -> bytes | None:
        """Return the histories of a name and keep them no longer; None if there are none."""
        number = self._numbers.get(scope)
        if number is None or not self._sizes.get(number):
            return None
        packed_name = _bytes_of(name)
        try:
            found = self._file.execute(
                "SELECT number, histories FROM packed WHERE scope = ? AND name = ?", (number, packed_name)
            ).fetchone()
            if found is None:
                return None
            self._file.execute("DELETE FROM packed WHERE number = ?", found[:1])
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        histories: bytes = found[1]
        self._count(number, -_size(len(packed_name), len(histories)))
        return histories

    def all_of(self, scope: str) -> Iterator[tuple[str, bytes]]:
        """Yield every name of a scope with its histories; what is put meanwhile may be among them."""
        number, last = self._numbers.get(scope), 0
        while number is not None:
            try:
                found = self._file.execute(
                    "SELECT number, name, histories FROM packed WHERE scope = ? AND number > ? ORDER BY number LIMIT 1",
                    (number, last),
                ).fetchone()
            except sqlite3.Error as error:
                self._give_up(error)
                return
            if found is None:
                return
            last = found[0]
            yield _text_of(found[1]), found[2]

    def forget(self, scope: str) -> None:
        """Drop all names of a scope."""
        number = self._numbers.get(scope)
        if number is None:
            return
        try:
            self._file.execute("DELETE FROM packed WHERE scope = ?", (number,))
        except sqlite3.Error as error:
            self._give_up(error)
            return
        self._count(number, -self._sizes.get(number, 0))

    def _start(self) -> None:
        self._sizes: dict[int, int] = {}  # number of a scope -> bytes
        self._bytes_used = 0
        # Built in one thread and used in another; no two use it at once.
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._close = weakref.finalize(self, self._file.close)
        self._file.executescript(_SCHEMA)

    def _give_up(self, error: sqlite3.Error) -> None:
        log.error("what was known of actors that are not in use is lost, its temporary file failed: %s", error)
        self._close()
        self._start()

    def _drop_some(self) -> None:
        largest = max(self._sizes, key=self._sizes.__getitem__)
        (count,) = self._file.execute("SELECT count(*) FROM packed WHERE scope = ?", (largest,)).fetchone()
        oldest = self._file.execute(
            "SELECT number, length(name), length(histories) FROM packed WHERE scope = ? ORDER BY number LIMIT ?",
            (largest, max(1, count // _DROPPED_SHARE)),
        ).fetchall()
        self._file.executemany("DELETE FROM packed WHERE number = ?", [one[:1] for one in oldest])
        self._count(largest, -sum(_size(name, histories) for _, name, histories in oldest))

    def _count(self, number: int, size: int) -> None:
        self._sizes[number] = self._sizes.get(number, 0) + size
        self._bytes_used += size


def _bytes_of(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _text_of(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


def _size(name_length: int, histories_length: int) -> int:
    return histories_length + 2 * name_length + _RECORD_BYTES
