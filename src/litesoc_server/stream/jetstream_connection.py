"""One NATS client on an event loop of its own thread, so that blocking callers and other event loops can use it."""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from litesoc_server.events.errors import StreamFull, StreamUnavailable

log = logging.getLogger(__name__)

CALL_TIMEOUT_S = 5.0  # for one request to the server, and for connecting at the start
_RECONNECT_WAIT_S = 0.25  # between two attempts; for ever
_PING_INTERVAL_S = 5  # a server that vanished without closing the connection is noticed after two of these

# https://github.com/nats-io/nats-server/blob/main/server/errors.json: JSStreamStoreFailedF, which a full stream and a full
# disk answer with; JSStorageResourcesExceededErr; JSInsufficientResourcesErr
_FULL_ERROR_CODES = frozenset({10077, 10047, 10023})

T = TypeVar("T")


def stream_error(error: Exception) -> StreamUnavailable:
    """Return what an error of the NATS client means to the stream's users. Server texts hold names and numbers only."""
    if isinstance(error, StreamUnavailable):
        return error
    if isinstance(error, nats.js.errors.APIError):
        answer = f"JetStream answered {error.err_code}: {error.description}"
        return StreamFull(answer) if error.err_code in _FULL_ERROR_CODES else StreamUnavailable(answer)
    return StreamUnavailable(f"NATS does not answer ({type(error).__name__})")


class JetStreamConnection:
    """A connection that is made once by ``open`` and then kept up for ever, until ``close``."""

    def __init__(self, url: str) -> None:
        """Name the servers: one URL, or several separated by commas."""
        self._urls = url.split(",")
        self._client = Client()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._jetstream: JetStreamContext | None = None
        self._last_error: Exception | None = None
        self._endless_tasks: set[asyncio.Task[Any]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.on_disconnected: list[Callable[[], None]] = []  # called on the connection's loop

    @property
    def client(self) -> Client:
        """The NATS client; its coroutines belong on the connection's loop."""
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """The JetStream side of the client; likewise. Only after ``open``."""
        assert self._jetstream is not None, "open() comes first"
        return self._jetstream

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up, as far as one can know."""
        return self._client.is_connected

    @property
    def where(self) -> str:
        """The servers' names for error texts: without the credentials that a URL may hold."""
        return ", ".join(urlsplit(url).netloc.rpartition("@")[2] for url in self._urls)

    def open(self) -> None:
        """Start the thread and connect. Raises StreamUnavailable with the reason and the fix."""
        is_alive = threading.Event()
        self._client = Client()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(is_alive)), name="stream-nats", daemon=True)
        self._thread.start()
        is_alive.wait()
        try:
            self.run(asyncio.wait_for(self._connect(), CALL_TIMEOUT_S), timeout_s=2 * CALL_TIMEOUT_S)
        except StreamUnavailable as error:
            self.close()
            reason = type(self._last_error or error).__name__
            msg = f"NATS at {self.where} cannot be reached ({reason}): start it, or correct LITESOC_STREAM_URL"
            raise StreamUnavailable(msg) from error

    def run(self, work: Coroutine[Any, Any, T], *, timeout_s: float = CALL_TIMEOUT_S) -> T:
        """Run ``work`` on the connection's loop and return its result. For any thread but that loop's.

        Raises StreamFull or StreamUnavailable for every failure of the client or the server.
        """
        if self._loop is None:
            work.close()
            raise StreamUnavailable("the stream is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except (nats.errors.Error, OSError, concurrent.futures.CancelledError) as error:  # TimeoutError is an OSError
            future.cancel()
            raise stream_error(error) from error

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call ``function`` on the connection's loop; nothing happens once the connection is closed."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(function)

    def spawn(self, work: Coroutine[Any, Any, None], *, is_endless: bool = False) -> None:
        """Run ``work`` as a task that ``close`` waits for, or cancels if it is endless. Only on the connection's loop."""
        task = asyncio.get_running_loop().create_task(work)
        tasks = self._endless_tasks if is_endless else self._tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def close(self) -> None:
        """Let the tasks finish, send what is buffered, disconnect and end the thread."""
        loop, self._loop = self._loop, None
        if loop is not None and self._stop is not None and self._thread is not None:
            loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    async def _live(self, is_alive: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        is_alive.set()
        await self._stop.wait()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CALL_TIMEOUT_S)
        with suppress(nats.errors.Error, OSError):
            await self._client.flush(1)
        await self._client.close()  # the end of asyncio.run cancels what is endless

    async def _connect(self) -> None:
        await self._client.connect(
            servers=self._urls,
            name="litesoc-server",
            max_reconnect_attempts=-1,
            reconnect_time_wait=_RECONNECT_WAIT_S,  # type: ignore[arg-type] # annotated int, but only ever slept for
            ping_interval=_PING_INTERVAL_S,
            pending_size=0,  # while disconnected a publish fails at once instead of being sent later behind our back
            error_cb=self._note_error,
            disconnected_cb=self._tell_disconnected,
            reconnected_cb=self._tell_reconnected,
        )
        self._jetstream = self._client.jetstream(timeout=CALL_TIMEOUT_S)

    async def _note_error(self, error: Exception) -> None:
        self._last_error = error
        log.debug("NATS client: %s", type(error).__name__)

    async def _tell_disconnected(self) -> None:
        if self._stop is not None and not self._stop.is_set():
            log.warning("the connection to NATS at %s is lost; trying to reconnect", self.where)
        for listener in self.on_disconnected:
            listener()

    async def _tell_reconnected(self) -> None:
        log.warning("connected to NATS at %s again", self.where)
