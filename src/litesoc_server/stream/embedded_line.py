"""One subject of the embedded stream: a queue, a file, and the thread that commits what waits to the file."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from litesoc_server.clock import Clock
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.ack_tracker import AckTracker, GracePeriod
from litesoc_server.stream.base import Backlog
from litesoc_server.stream.group_queue import Group, GroupQueue
from litesoc_server.stream.sqlite_log import SqliteLog, StoredGroup

log = logging.getLogger(__name__)

RECORD_MAX_BYTES = 4 * 1024**2  # one row; a commit may hold several
_HOUSEKEEPING_MS = 1000  # how far the saved cursor may lag: after a crash it only decides what counts as backlog


class Line:
    """One subject: appends from any side, reads by offset, acknowledgements. Opened by its constructor.

    Rows are deleted only ``grace_ms`` after they were acknowledged: the store may still hold what it made of them in the
    page cache, which a loss of power empties. So after a start everything that still exists is delivered again.
    """

    def __init__(self, path: Path, *, max_bytes: int, clock: Clock, grace_ms: int) -> None:
        """Open the file and start the thread. Raises StreamUnavailable."""
        self._path = path
        self._clock = clock
        self._log = SqliteLog(path, max_bytes=max_bytes, clock=clock)
        self._redelivered_below = self._log.end
        self._tracker = AckTracker(self._log.start)
        self._grace = GracePeriod(grace_ms)
        self._housekeeping_at_ms = clock.now_ms()
        self._is_purge_due = False
        self._scrubs: deque[tuple[int, Future[None]]] = deque()  # asked for by other threads
        self._wake = threading.Event()
        self._appended = threading.Condition()
        self.queue = GroupQueue(max_record_bytes=RECORD_MAX_BYTES, wake=self._wake.set)
        self._thread = threading.Thread(target=self._run, name=f"stream-{path.stem}", daemon=True)
        self._thread.start()

    @property
    def start(self) -> int:
        """The offset of the first message to deliver."""
        return self._log.start

    @property
    def redelivered_below(self) -> int:
        """Messages below this offset existed when the file was opened: somebody may have seen them before."""
        return self._redelivered_below

    def read(self, offset: int, max_messages: int) -> list[StoredGroup]:
        """Return groups from ``offset`` on. Raises StreamUnavailable."""
        return self._log.read(offset, max_messages)

    def wait_beyond(self, offset: int, max_wait_s: float) -> None:
        """Return when a message at ``offset`` exists, or after the wait. Raises StreamUnavailable once closed."""
        with self._appended:
            self._appended.wait_for(lambda: self._log.end > offset or self.queue.is_closed, max_wait_s)
        if self.queue.is_closed:
            raise StreamUnavailable("the stream is closed")

    def ack(self, offsets: Sequence[int]) -> None:
        """Acknowledge ``offsets``. Costs no disk access: the thread saves the low-water mark about once a second."""
        self._tracker.ack(offsets)

    def backlog(self) -> Backlog:
        """Return what is not acknowledged. Raises StreamUnavailable."""
        if self.queue.is_closed:
            raise StreamUnavailable("the stream is closed")
        first = max(self._tracker.low, self._log.acked_offset)
        waiting = self._log.end - first - self._tracker.count_from(first)
        return Backlog(waiting, self._log.appended_ms(first) if waiting else None)

    @property
    def acknowledged_below(self) -> int:
        """The offset below which everything is acknowledged."""
        return self._tracker.low

    def scrub(self, below: int) -> None:
        """Delete what is below the offset ``below``, which is acknowledged, at once, and take it off the disk.

        Raises StreamUnavailable.
        """
        done: Future[None] = Future()
        if self.queue.is_closed:
            raise StreamUnavailable("the stream is closed")
        self._scrubs.append((below, done))
        self._wake.set()
        done.result()

    def close(self) -> None:
        """Commit what is queued, save the cursor, close the file."""
        self.queue.close()
        with self._appended:
            self._appended.notify_all()
        self._thread.join()
        self._log.close()

    def _run(self) -> None:
        while True:
            is_closing = self.queue.is_closed  # read before take: nothing can be queued after it
            groups = self.queue.take()
            if groups:
                self._commit(groups)
            elif is_closing:
                break
            elif not self._is_purge_due:
                self._wake.wait(_HOUSEKEEPING_MS / 1000)
                self._wake.clear()
            while self._scrubs:
                self._carry_out(*self._scrubs.popleft())
            if self._is_purge_due or abs(self._clock.now_ms() - self._housekeeping_at_ms) >= _HOUSEKEEPING_MS:
                self._keep_house()
        self._keep_house()
        while self._scrubs:
            self._scrubs.popleft()[1].set_exception(StreamUnavailable("the stream is closed"))

    def _commit(self, groups: Sequence[Group]) -> None:
        error: Exception | None = None
        try:
            self._log.append([group.payloads for group in groups])
        except StreamUnavailable as refusal:
            error = refusal
        except Exception:  # a bug must not leave callers without an answer, nor the line without its thread
            log.exception("appending to %s failed", self._path.name)
            error = StreamUnavailable(f"{self._path.name} cannot be written; see the server's log")
        for group in groups:
            group.settle(error)
        if error is None:
            with self._appended:
                self._appended.notify_all()

    def _carry_out(self, below: int, done: "Future[None]") -> None:
        try:
            self._log.save_acked_offset(max(below, self._log.acked_offset))
            while self._log.purge(below):
                pass
            self._log.scrub()
        except Exception as error:  # noqa: BLE001 # whoever waits hears of it, and the thread that appends must not end
            done.set_exception(error)
        else:
            done.set_result(None)

    def _keep_house(self) -> None:
        """Save the cursor, and delete some of what outlived its grace period."""
        self._housekeeping_at_ms = now_ms = self._clock.now_ms()
        low = self._tracker.low
        self._grace.note(now_ms, low)
        try:
            if low > self._log.acked_offset:
                self._log.save_acked_offset(low)
            self._is_purge_due = self._log.purge(self._grace.due(now_ms))
        except StreamUnavailable as error:
            self._is_purge_due = False
            log.warning("tidying %s failed, trying again shortly: %s", self._path.name, error)
        except Exception:  # a bug in tidying must not end the thread that appends
            self._is_purge_due = False
            log.exception("tidying %s failed", self._path.name)
