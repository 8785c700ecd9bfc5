"""uvicorn, with our signals: it tells when it is ready, and leaves the rest of the shutdown to us."""

import contextlib
import signal
import socket
from collections.abc import Callable, Generator

import uvicorn

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class HttpServer(uvicorn.Server):
    """Ends on the first signal; on the second it no longer waits for requests in flight."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None], on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept, then say so."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Have answers that last end by themselves, then wait for those in flight."""
        self._on_end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals without raising them again afterwards, as uvicorn does: that would end us before we have closed."""
        before = {number: signal.signal(number, self._end) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, _number: int, _frame: object) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
