"""uvicorn's HTTP protocol with a short cut: a plain POST to a collect path is answered without an ASGI scope or task.

The short cut takes only requests of the simplest kind (see _plain_head); all others go the ordinary way. Both ways end in
the same Collector, so they answer alike: tests/integration/test_transports.py compares them byte by byte.
"""

from asyncio import TimerHandle
from types import SimpleNamespace
from typing import Any

from litesoc_server.ingest.body import body_timeout
from litesoc_server.ingest.bounded_protocol import BoundedProtocol
from litesoc_server.ingest.collect import Collector
from litesoc_server.ingest.paths import COLLECT, COLLECT_BATCH, PREFIXES
from litesoc_server.ingest.reply import Account, Reply, refusal_reply
from litesoc_server.ingest.request import BODY_BYTES_MAX, CollectRequest, RequestHead, read_head

_IS_BATCH_PATH = {
    f"{prefix}{path}".encode(): path == COLLECT_BATCH for prefix in PREFIXES for path in (COLLECT, COLLECT_BATCH)
}


class PlainCycle:
    """One request on the short cut, with the attributes that HttpToolsProtocol looks at in its own cycles."""

    message_event = SimpleNamespace(set=lambda: None)  # an asyncio.Event there; nobody waits for this one

    def __init__(self, protocol: "CollectProtocol", head: RequestHead, *, is_batch_path: bool, keep_alive: bool) -> None:
        self._protocol = protocol
        self._head = head
        self._is_batch_path = is_batch_path
        self.chunks: list[bytes] = []  # of the body; the parser keeps them within the announced length
        self._timer: TimerHandle | None = None
        self.keep_alive = keep_alive
        self.more_body = True
        self.disconnected = False
        self.response_complete = False

    def wait_for_body(self) -> None:
        """Give the rest of the body its time."""
        if self._timer is None:
            self._timer = self._protocol.loop.call_later(self._protocol.body_timeout_s, self._time_out)

    def stop_waiting(self) -> None:
        """End the time given to the body."""
        if self._timer is not None:
            self._timer.cancel()

    def complete(self) -> None:
        """Hand the request to the collector."""
        self.stop_waiting()
        self.more_body = False
        protocol = self._protocol
        peer = None if protocol.client is None else protocol.client[0]
        request = CollectRequest(self._head, b"".join(self.chunks), self._is_batch_path, peer)
        protocol.collector.begin(request, self.reply)

    def reply(self, reply: Reply) -> None:
        """Write the answer and let the connection go on. A second answer is dropped."""
        if not self.response_complete:
            self.response_complete = True
            self._protocol.finish(self, reply)

    def _time_out(self) -> None:
        refused = body_timeout(self._protocol.body_timeout_s)
        self.keep_alive = False
        self.reply(refusal_reply(refused, account=Account(), origin=self._head.origin))


class CollectProtocol(BoundedProtocol):
    """See the module's docstring. ``collect_protocol`` fills in the class attributes."""

    collector: Collector

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; when it ends amid a body on the short cut, begin to wait for the rest."""
        super().data_received(data)
        cycle: Any = self.cycle
        if cycle.__class__ is PlainCycle and cycle.more_body and not cycle.response_complete:
            cycle.wait_for_body()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a half-sent request; one that was handed over is finished without its client."""
        cycle: Any = self.cycle
        if cycle.__class__ is PlainCycle:
            cycle.stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to collect headers; the ASGI scope is made only when it turns out to be needed."""
        self.is_in_head = True
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._unset_keepalive_if_required()  # an answer given amid this packet has set it

    def on_headers_complete(self) -> None:
        """Choose the way. After an answer that closes the connection, requests sent behind it are not taken."""
        self.end_head()
        head = self._plain_head()
        if head is None:
            self._go_the_ordinary_way()
            return
        parser: Any = self.parser
        keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        cycle = PlainCycle(self, head, is_batch_path=_IS_BATCH_PATH[self.url], keep_alive=keep_alive)
        cycle.response_complete = self.transport.is_closing()
        self.cycle = cycle  # type: ignore[assignment] # it has what the base class uses of a cycle

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self.note_progress()
        cycle: Any = self.cycle
        if cycle.__class__ is not PlainCycle:
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.chunks.append(body)

    def on_message_complete(self) -> None:
        """Take the request."""
        self.note_progress()
        cycle: Any = self.cycle
        if cycle.__class__ is not PlainCycle:
            super().on_message_complete()
        elif not cycle.response_complete:
            cycle.complete()

    def finish(self, cycle: PlainCycle, reply: Reply) -> None:
        """Write ``reply`` unless its client has gone, and go on to the next request."""
        if not cycle.disconnected and not self.transport.is_closing():
            self.transport.write(self.encode_reply(reply, keep_alive=cycle.keep_alive))
            if not cycle.keep_alive:
                self.transport.close()
        self.on_response_complete()

    def _plain_head(self) -> RequestHead | None:
        """Return the headers of a request for the short cut: POST, whole length known, alone on its connection."""
        parser: Any = self.parser
        cycle: Any = self.cycle
        if (
            self.url not in _IS_BATCH_PATH
            or parser.get_method() != b"POST"
            or (cycle is not None and not cycle.response_complete)
            or self.expect_100_continue
            or parser.should_upgrade()
            or self.flow.write_paused
            or self.config.access_log
            or self.limit_concurrency is not None
        ):
            return None
        head = read_head(self.headers)
        is_plain = head.content_length is not None and head.content_length <= BODY_BYTES_MAX
        return head if is_plain and head.idempotency_key is None else None

    def _go_the_ordinary_way(self) -> None:
        url, headers, expect_100_continue = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect_100_continue
        self.headers.extend(headers)
        super().on_headers_complete()


def collect_protocol(collector: Collector, *, body_timeout_s: float) -> type[CollectProtocol]:
    """Return a protocol class for ``uvicorn.Config(http=…)``. The short cut needs ``access_log=False``."""
    return type("CollectProtocol", (CollectProtocol,), {"collector": collector, "body_timeout_s": body_timeout_s})
