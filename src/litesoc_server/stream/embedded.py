"""The embedded stream: SQLite files in one directory, owned by one process.

One file per subject, each with its own writer thread and ceiling, so that a subject that is full cannot stop the others;
one more for the dead letters. Beside each file lies a write-ahead log of about 8 MB that the ceilings do not count.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from litesoc_server.clock import Clock
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.base import AppendDone, Backlog, Consumer, DeadLetters, Publisher
from litesoc_server.stream.ceilings import share_out
from litesoc_server.stream.embedded_consumer import EmbeddedConsumer
from litesoc_server.stream.embedded_line import Line
from litesoc_server.stream.sqlite_dead_letters import DEAD_LETTERS_FILE, ReplayRequests, SqliteDeadLetters
from litesoc_server.stream.sqlite_files import sync_directory
from litesoc_server.stream.sqlite_log import waiting
from litesoc_server.stream.subjects import Subject

GRACE_S = 120.0  # Linux writes dirty pages back within about 35 s (dirty_expire_centisecs + dirty_writeback_centisecs)


class EmbeddedPublisher:
    """Implements stream.base.Publisher over the lines of an EmbeddedStream."""

    def __init__(self, lines: dict[Subject, Line]) -> None:
        self._queues = {subject: line.queue for subject, line in lines.items()}

    def append(self, subject: Subject, payload: bytes, done: AppendDone) -> None:
        """Queue ``payload`` for the next group commit; see stream.base.Publisher."""
        self._queues[subject].put(payload, done)

    def publish(self, subject: Subject, payloads: Sequence[bytes]) -> None:
        """Append all ``payloads`` in one commit; see stream.base.Publisher."""
        self._queues[subject].put_all(payloads)


class EmbeddedStream:
    """Implements stream.base.Stream on SQLite; see the module's docstring."""

    def __init__(self, directory: Path, *, max_bytes: int, clock: Clock, grace_s: float = GRACE_S) -> None:
        """Name the directory (made at ``open``), the disk ceiling and how long acknowledged messages are kept."""
        self._directory = directory
        self._ceilings = share_out(max_bytes)
        self._clock = clock
        self._grace_ms = int(grace_s * 1000)
        self._resources = ExitStack()
        self._lines: dict[Subject, Line] = {}
        self._consumers: dict[Subject, Consumer] = {}
        self._publisher: EmbeddedPublisher | None = None
        self._dead_letters: SqliteDeadLetters | None = None

    @property
    def publisher(self) -> Publisher:
        """The producing side. Only after ``open``."""
        assert self._publisher is not None, "open() comes first"
        return self._publisher

    @property
    def dead_letters(self) -> DeadLetters:
        """The messages that could not be processed. Only after ``open``."""
        assert self._dead_letters is not None, "open() comes first"
        return self._dead_letters

    def consumer(self, subject: Subject) -> Consumer:
        """Return the one consumer of ``subject``. Only after ``open``."""
        if subject not in self._consumers:
            self._consumers[subject] = EmbeddedConsumer(subject, self._lines[subject], self.dead_letters)
        return self._consumers[subject]

    def backlog(self, subject: Subject) -> Backlog:
        """Return what waits on ``subject``; see stream.base.Stream. Raises StreamUnavailable."""
        return self._lines[subject].backlog()

    def scrub(self) -> None:
        """Delete what is acknowledged before its grace period is over, and write the files anew; see stream.base.Stream.

        Appends wait meanwhile, for about a second per 200 MB that wait in the stream. Raises StreamUnavailable.
        """
        below = [(line, line.acknowledged_below) for line in self._lines.values()]
        os.sync()  # a power cut now loses nothing of what was made of these messages, for which they are kept otherwise
        for line, offset in below:
            line.scrub(offset)
        assert self._dead_letters is not None, "open() comes first"
        self._dead_letters.scrub()

    def waiting(self, subject: Subject) -> Iterator[list[bytes]]:
        """Yield what is not acknowledged; see stream.base.Stream. Also where another process has the stream open."""
        return waiting(self._path(subject))

    def open(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Lock the directory, open or create the files; see stream.base.Stream. Raises StreamUnavailable."""
        with ExitStack() as resources:
            resources.callback(os.close, self._lock_directory())
            for subject, max_bytes in self._ceilings.subjects.items():
                line = Line(self._path(subject), max_bytes=max_bytes, clock=self._clock, grace_ms=self._grace_ms)
                line.queue.bind(loop)
                self._lines[subject] = line
                resources.callback(line.close)
            self._publisher = EmbeddedPublisher(self._lines)
            self._dead_letters = SqliteDeadLetters(
                self._directory / DEAD_LETTERS_FILE,
                max_bytes=self._ceilings.dead_letters,
                clock=self._clock,
                publish=self._publisher.publish,
            )
            resources.callback(self._dead_letters.close)
            resources.callback(ReplayRequests(self._dead_letters).close)
            sync_directory(self._directory)
            self._resources = resources.pop_all()

    def close(self) -> None:
        """Commit what is queued and close everything, however often it is called."""
        self._resources.close()

    def _path(self, subject: Subject) -> Path:
        return self._directory / f"{subject.value}.sqlite3"

    def _lock_directory(self) -> int:
        """Make the directory and lock it; the kernel drops the lock when the process ends. Returns the descriptor."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_directory(self._directory.parent)
            descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            msg = f"the stream's directory {self._directory} cannot be used ({error.strerror}): check path and permissions"
            raise StreamUnavailable(msg) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            msg = (
                f"the stream in {self._directory} is open in another process: stop that server first, "
                "or give this one its own data directory"
            )
            raise StreamUnavailable(msg) from error
        return descriptor
