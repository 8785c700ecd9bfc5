"""uvicorn's HTTP protocol with a bound on what a client can make it keep before anybody sees a request.

uvicorn bounds neither the size of a request's head nor the time it may take. What breaks a bound, or is not HTTP at all, is
answered in the flat error shape of the API. The class builds on internals of HttpToolsProtocol, which is why the project
pins the minor version of uvicorn.
"""

import contextlib
from asyncio import TimerHandle, Transport
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from litesoc_server.ingest.reply import Account, Headers, Reply, refusal_reply
from litesoc_server.ingest.responses import ErrorCode, Refused

# What the parser keeps before anybody can refuse it: request line and headers, or what frames a chunked body.
HEAD_BYTES_MAX = 64 * 1024
_HEADER_FRAME_BYTES = len(b": \r\n")
_HEADERS_TOO_LARGE = 431
# After a refusal what is still on its way is read and dropped for so long. Closing at once would make the client's machine
# throw the answer away (RFC 9112 section 9.6).
LINGER_S = 2.0
_CLOSE = (b"connection", b"close")


class _HeadTooLarge(Exception):
    """Ends the parsing of a request that has been refused."""


class BoundedProtocol(HttpToolsProtocol):
    """See the module's docstring. ``bounded_protocol`` fills in the class attribute."""

    body_timeout_s: float
    is_in_head = False
    _is_refused = False
    _kept_bytes = 0  # given to the parser since it last had something to hand on
    _head_timer: TimerHandle | None = None  # for a head to come, or for the client to go

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in the base class
        """Give the first request its time. Whatever logging is set to, no address is logged: it may hold a webhook's key."""
        super().connection_made(transport)
        self.access_log = False
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; when it ends amid a head, begin to wait for the rest. After a refusal drop it."""
        if self._is_refused:
            return
        self._kept_bytes += len(data)
        super().data_received(data)
        if self._kept_bytes > HEAD_BYTES_MAX:
            self._refuse_head()
        elif self.is_in_head:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a half-sent request."""
        self._stop_waiting_for_head()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to collect headers."""
        self.is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand the head on."""
        self.end_head()
        super().on_headers_complete()

    def end_head(self) -> None:
        """Stop the head's clock: it is complete. Raises _HeadTooLarge, which the base class takes for an error of HTTP."""
        self.is_in_head = False
        self.note_progress()
        self._stop_waiting_for_head()
        # What came in one read is not in the counter; blanks around values, which nobody keeps, count in pieces only.
        sizes = [len(name) + len(value) + _HEADER_FRAME_BYTES for name, value in self.headers]
        if len(self.url) + sum(sizes) > HEAD_BYTES_MAX:
            self._refuse_head()
            raise _HeadTooLarge

    def note_progress(self) -> None:
        """Count what the parser keeps anew: it has handed on what it had."""
        self._kept_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body on, which has bounds of its own."""
        self.note_progress()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand the end of a request on."""
        self.note_progress()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP in the flat shape."""
        del msg
        self._refuse(Refused(ErrorCode.VALIDATION_FAILED, "this is not a valid HTTP request"))

    def encode_reply(self, reply: Reply, *, keep_alive: bool) -> bytes:
        """Return ``reply`` as the bytes of an HTTP response."""
        length = b"content-length: %d\r\n" % len(reply.body)
        is_said = keep_alive or _CLOSE in reply.headers
        return b"".join(
            (
                STATUS_LINE[reply.status],
                _lines(tuple(self.server_state.default_headers)),
                _lines(reply.headers),
                length if is_said else length + b"connection: close\r\n",
                b"\r\n",
                reply.body,
            )
        )

    def _refuse(self, refused: Refused) -> None:
        """Answer and end the connection. An answer that is still owed on it goes out instead."""
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            cycle.keep_alive = False
            return
        if self._is_refused or self.transport.is_closing():
            return
        self.transport.write(self.encode_reply(refusal_reply(refused, account=Account(), origin=None), keep_alive=False))
        if cycle is not None and not cycle.response_complete:  # it must not write behind the end
            self.transport.close()
        else:
            self._linger()

    def _linger(self) -> None:
        """End our half of the connection. The other half ends with the client's, or after LINGER_S."""
        self._is_refused = True
        self._stop_waiting_for_head()
        self._head_timer = self.loop.call_later(LINGER_S, self.transport.close)
        if self.transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client has gone already
                self.transport.write_eof()

    def _refuse_head(self) -> None:
        message = f"the headers are larger than {HEAD_BYTES_MAX // 1024} KiB: send fewer or shorter ones"
        self._refuse(Refused(ErrorCode.PAYLOAD_TOO_LARGE, message, http_status=_HEADERS_TOO_LARGE))

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.body_timeout_s, self._give_up_on_head)

    def _stop_waiting_for_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up_on_head(self) -> None:
        """End a connection on which no request has come; say so where one has begun."""
        self._head_timer = None
        if self.is_in_head:
            message = f"the request did not arrive within {self.body_timeout_s:g} seconds: send it at once"
            self._refuse(Refused(ErrorCode.REQUEST_TIMEOUT, message))
        else:
            self.transport.close()


@lru_cache(maxsize=1024)
def _lines(headers: Headers) -> bytes:
    """Return ``headers`` as they are sent. Cached: without counters they change once a second."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def bounded_protocol(*, body_timeout_s: float) -> type[BoundedProtocol]:
    """Return a protocol class for ``uvicorn.Config(http=…)``."""
    return type("BoundedProtocol", (BoundedProtocol,), {"body_timeout_s": body_timeout_s})
