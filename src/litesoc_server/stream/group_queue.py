"""The queue in front of a group commit: what arrives while one commit is in flight leaves together in the next."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.base import AppendDone
from litesoc_server.stream.framing import split_into_groups

log = logging.getLogger(__name__)

QUEUE_MAX_BYTES = 64 * 1024**2  # waiting payloads; at 300 bytes each some 200,000, far more than connections can wait for

Settle = Callable[[Exception | None], None]


class Group(msgspec.Struct, frozen=True):
    """Payloads that share one record, and whom to tell how it went. ``settle`` never blocks and never raises."""

    payloads: list[bytes]
    settle: Settle


class GroupQueue:
    """Collects payloads from the event loop's thread and from others; one thread or task takes them away.

    ``wake`` is called, in the thread that brings the first payload, when the taker found the queue empty before.
    Payloads and callbacks lie in two plain lists: no object per payload that the garbage collector would have to visit.
    """

    def __init__(self, *, max_record_bytes: int, wake: Callable[[], None], max_bytes: int = QUEUE_MAX_BYTES) -> None:
        self._max_record_bytes = max_record_bytes
        self._max_bytes = max_bytes
        self._wake = wake
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._queued_bytes = 0
        self._payloads: list[bytes] = []
        self._dones: list[AppendDone] = []
        self._published: list[Group] = []
        self._is_taker_idle = False
        self._is_closed = False

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Name the event loop that ``put`` is called on and that its callbacks run on."""
        self._loop = loop

    def put(self, payload: bytes, done: AppendDone) -> None:
        """Queue ``payload``; ``done`` is called on the bound loop. Only for that loop's thread; returns at once."""
        loop = self._bound_loop()
        with self._lock:
            refusal = self._refusal(len(payload))
            if refusal is None:
                self._queued_bytes += len(payload)
                self._payloads.append(payload)
                self._dones.append(done)
                if not self._is_taker_idle:
                    return
                self._is_taker_idle = False
        if refusal is None:
            self._wake()
        else:
            loop.call_soon(done, refusal)

    def put_all(self, payloads: Sequence[bytes]) -> None:
        """Queue ``payloads`` and wait until they are settled. For any thread but the event loop's and the taker's.

        Raises what the commit failed with, or StreamUnavailable when the queue is full or closed.
        """
        futures: list[Future[None]] = []
        groups: list[Group] = []
        for part in split_into_groups(payloads, self._max_record_bytes):
            future: Future[None] = Future()
            futures.append(future)
            groups.append(Group(list(payloads[part]), _settle_future(future)))
        size_bytes = sum(map(len, payloads))
        with self._lock:
            refusal = self._refusal(size_bytes)
            if refusal is not None:
                raise refusal
            self._queued_bytes += size_bytes
            self._published += groups
            must_wake, self._is_taker_idle = self._is_taker_idle, False
        if must_wake:
            self._wake()
        for future in futures:
            future.result()

    def take(self) -> list[Group]:
        """Return everything that waits, in order; [] when nothing does, and then ``wake`` announces the next payload."""
        with self._lock:
            payloads, self._payloads = self._payloads, []
            dones, self._dones = self._dones, []
            groups, self._published = self._published, []
            self._queued_bytes = 0
            self._is_taker_idle = not payloads and not groups
        for part in split_into_groups(payloads, self._max_record_bytes):
            groups.append(Group(payloads[part], _settle_on_loop(self._bound_loop(), dones[part])))
        return groups

    def close(self) -> None:
        """Refuse everything from now on, and wake the taker so that it can leave once ``take`` returns nothing."""
        with self._lock:
            self._is_closed = True
        self._wake()

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._is_closed

    def _refusal(self, size_bytes: int) -> StreamUnavailable | None:
        if self._is_closed:
            return StreamUnavailable("the stream is closed")
        if self._queued_bytes + size_bytes > self._max_bytes:
            return StreamUnavailable("too much waits to be written; try again shortly")
        return None

    def _bound_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            msg = "the stream was opened without an event loop: use publish, or give open() the loop"
            raise RuntimeError(msg)
        return self._loop


def _settle_future(future: "Future[None]") -> Settle:
    def settle(error: Exception | None) -> None:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    return settle


def _settle_on_loop(loop: asyncio.AbstractEventLoop, dones: Sequence[AppendDone]) -> Settle:
    def settle(error: Exception | None) -> None:
        try:
            loop.call_soon_threadsafe(_call_all, dones, error)
        except RuntimeError:
            log.warning("the event loop closed before %d appends were answered", len(dones))

    return settle


def _call_all(dones: Sequence[AppendDone], error: Exception | None) -> None:
    for done in dones:
        try:
            done(error)
        except Exception:  # one caller's bug must not leave its neighbours without an answer
            log.exception("the callback of an append failed")
