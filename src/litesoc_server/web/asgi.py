"""Django as an ASGI application behind bounds: on the size and time of a body, and on how many requests are worked on."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import parse_cookie

from litesoc_server.clock import Clock
from litesoc_server.ingest.body import ClientGone, read_body
from litesoc_server.ingest.reply import Account, Reply, refusal_reply
from litesoc_server.ingest.request import read_head
from litesoc_server.ingest.responses import Refused
from litesoc_server.web import sending
from litesoc_server.web.gate import Gate, GatePerKey
from litesoc_server.web.refusals import guarded, refusal_page, wants_page

# A request beyond these waits, and one beyond those that may wait is told to come back (503). Sign-ins have a gate of their
# own: checking a password takes half a second of a processor, and anybody may ask for it.
REQUESTS_AT_ONCE, REQUESTS_WAITING_MAX = 16, 256
SIGN_INS_AT_ONCE, SIGN_INS_WAITING_MAX = 1, 8
# Answers that last would fill those places: a stream costs little but stays, a whole list as a file keeps the store busy.
STREAMS_AT_ONCE, STREAMS_WAITING_MAX = 200, 0
EXPORTS_AT_ONCE, EXPORTS_WAITING_MAX = 2, 8
# Whoever reads a file slowly keeps its place for up to an hour: one for each session or key, so that others get theirs.
EXPORTS_OF_ONE_AT_ONCE, EXPORTS_OF_ONE_WAITING_MAX = 1, 2
# What looks up a name that somebody typed in, or sends a test there, waits for it, 20 s and more: so in few places, of which
# each session or key has two.
CALLS_AT_ONCE, CALLS_WAITING_MAX = 8, 32
CALLS_OF_ONE_AT_ONCE, CALLS_OF_ONE_WAITING_MAX = 2, 4
# Whole answers wait in memory for their clients. The large ones are files, up to 1.5 MB, which anybody may ask for.
LARGE_BYTES = 64 * 1024
LARGE_AT_ONCE, LARGE_WAITING_MAX = 128, 0
_STREAM_PATH = re.compile(r"/o/[^/]+/[^/]+/[^/]+/stream")
# Paths of the API are here as the dispatcher hands them on, without /api/v1 in front.
_EXPORT_PATH = re.compile(r"/o/[^/]+/[^/]+/(?:[^/]+/)+export\.[a-z]+|/events/export|/privacy/actors/export")
_CALL_PATH = re.compile(
    r"/(?:notifications/channels|forwarders)(?:/[^/]+(?:/test)?)?"
    r"|/o/[^/]+/[^/]+/notifications/(?:new/[^/]+/|channels/[^/]+/(?:change|test))"
    r"|/o/[^/]+/[^/]+/integrations/out/(?:new|[^/]+/(?:test)?)"
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PASSWORD_PATHS = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/reauthenticate/",
    "/accounts/password/",  # change, set, and the end of a reset
    "/admin/login/",
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class PagesApp:
    """Everything that Django answers.

    Django's own handler would write a body of any size to the disk before a view could refuse it, and wait for it forever.
    """

    def __init__(self, *, body_timeout_s: float, clock: Clock) -> None:
        self._django = get_asgi_application()
        import_module(settings.ROOT_URLCONF)  # now, so that a fault in it shows at start and not at the first request
        self._body_timeout_s = body_timeout_s
        self._clock = clock
        self._requests = Gate(at_once=REQUESTS_AT_ONCE, waiting_max=REQUESTS_WAITING_MAX)
        self._streams = Gate(at_once=STREAMS_AT_ONCE, waiting_max=STREAMS_WAITING_MAX)
        self._exports = Gate(at_once=EXPORTS_AT_ONCE, waiting_max=EXPORTS_WAITING_MAX)
        self._calls = Gate(at_once=CALLS_AT_ONCE, waiting_max=CALLS_WAITING_MAX)
        calls_of_one = GatePerKey(at_once=CALLS_OF_ONE_AT_ONCE, waiting_max=CALLS_OF_ONE_WAITING_MAX)
        exports_of_one = GatePerKey(at_once=EXPORTS_OF_ONE_AT_ONCE, waiting_max=EXPORTS_OF_ONE_WAITING_MAX)
        self._of_one = {self._exports: exports_of_one, self._calls: calls_of_one}
        self._large_answers = Gate(at_once=LARGE_AT_ONCE, waiting_max=LARGE_WAITING_MAX)
        self._sign_ins = Gate(at_once=SIGN_INS_AT_ONCE, waiting_max=SIGN_INS_WAITING_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: sending.Send) -> None:
        """Answer one HTTP request."""
        head = read_head(scope["headers"])
        gate = self._gate_of(scope["method"], scope["path"])
        lasts = gate in (self._streams, self._exports)
        kept: list[sending.Message] = []  # an answer that is whole is sent when its place is free again: see web.sending
        send = sending.in_time(send)
        try:
            body = await read_body(receive, head, timeout_s=self._body_timeout_s)
            async with self._turn_of_one(gate, _caller_of(scope, head.key)), gate.passing():
                await self._django(dict(scope), _replay(body, receive), send if lasts else sending.into(kept))
            async with self._room_for(kept):
                await sending.send_all(send, kept)
        except (ClientGone, sending.ClientStalled):
            return
        except Refused as refused:
            reply = refusal_reply(refused, account=Account(), origin=head.origin, now_ms=self._clock.now_ms())
            if wants_page(scope["headers"]):
                reply = refusal_page(refused)
            await _send(send, guarded(reply))

    def _turn_of_one(self, gate: Gate, caller: str | bytes | None) -> AbstractAsyncContextManager[None]:
        return self._of_one[gate].passing(caller) if gate in self._of_one else nullcontext()

    def _room_for(self, kept: list[sending.Message]) -> AbstractAsyncContextManager[None]:
        is_large = sum(len(piece.get("body", b"")) for piece in kept) > LARGE_BYTES
        return self._large_answers.passing() if is_large else nullcontext()

    def _gate_of(self, method: str, path: str) -> Gate:
        if _hashes_password(method, path):
            return self._sign_ins
        if method not in _SAFE_METHODS and _CALL_PATH.fullmatch(path):
            return self._calls
        if _STREAM_PATH.fullmatch(path):
            return self._streams
        return self._exports if _EXPORT_PATH.fullmatch(path) else self._requests


def _hashes_password(method: str, path: str) -> bool:
    """Return whether a password may be checked or set. ``path`` is what Django resolves, so no other spelling gets by."""
    return method not in _SAFE_METHODS and path.startswith(_PASSWORD_PATHS)


def _caller_of(scope: Scope, key: bytes) -> str | bytes | None:
    """Return what a request says of who asks: a session for a page, a key for the API, which each ignore the other."""
    return _session_of(scope) if scope["path"].startswith("/o/") else key


def _session_of(scope: Scope) -> str | None:
    """Return the session that a request names, whether there is one or not: who is not signed in is soon sent away."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that hands the whole body over first, then what really comes (that the client went)."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


async def _send(send: sending.Send, reply: Reply) -> None:
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
