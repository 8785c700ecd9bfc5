"""One small dispatcher in front: ingest's paths go to its own ASGI application, everything else to Django."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from litesoc_server.ingest.app import IngestApp
from litesoc_server.ingest.cors import response_headers
from litesoc_server.ingest.paths import HEALTH, PREFIXES, api_path
from litesoc_server.ingest.responses import ENCODER, ErrorCode, error_body
from litesoc_server.runtime.roles import Role
from litesoc_server.web.asgi import PagesApp

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

ALLOW_ORIGIN = b"access-control-allow-origin"
API_RESOURCES = frozenset(
    {
        "access",
        "actors",
        "agent",
        "alerts",
        "audit",
        "detection",
        "detectors",
        "events",
        "forwarders",
        "health",
        "ip-data",
        "keys",
        "members",
        "notifications",
        "openapi.json",
        "organization",
        "privacy",
        "servers",
        "sources",
        "test-environment",
        "usage",
    }
)  # at the root of the management API; /health itself is ingest's


class Dispatcher:
    """The ASGI application that uvicorn runs."""

    def __init__(self, *, ingest: IngestApp, pages: PagesApp, role: Role) -> None:
        self._ingest = ingest
        self._pages = pages
        self._role = role

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; Django sees API paths in their canonical form, without /v1 or /api/v1 in front."""
        if scope["type"] != "http":
            return
        sent_path = scope["path"]
        path = api_path(sent_path)
        is_ingest = path is not None and self._ingest.handles(scope["method"], path)
        if path != HEALTH and not (self._role.takes_events if is_ingest else self._role.has_pages):
            await _say_elsewhere(self._role, send)
        elif is_ingest:
            await self._ingest(scope, receive, send)
        elif path is not None and path.split("/")[1] in API_RESOURCES:
            await self._pages({**scope, "path": path, "raw_path": path.encode()}, receive, _with_cors(scope, send))
        elif _is_below_prefix(sent_path):
            await self._ingest(scope, receive, send)  # which says in JSON that there is no such endpoint
        else:
            await self._pages(scope, receive, send)


async def _say_elsewhere(role: Role, send: Send) -> None:
    """Answer what another role answers."""
    message = f"this process runs with --role {role.value} and does not answer this path; ask the process that does"
    body = ENCODER.encode(error_body(ErrorCode.NOT_FOUND, message))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": ErrorCode.NOT_FOUND.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_below_prefix(sent_path: str) -> bool:
    """Return whether a client of the API asks: no page lives at /v1 or /api/v1."""
    collapsed = "/".join(["", *filter(None, sent_path.split("/")), ""])
    return any(prefix and collapsed.startswith(prefix + "/") for prefix in PREFIXES)


def _with_cors(scope: Scope, send: Send) -> Send:
    """Let browser applications read the answer, errors too (contract 8.4)."""
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    added = list(response_headers(origin))

    async def send_with_headers(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            # Twice the same origin is none for a browser: what the management API wrote itself is left alone.
            if all(name.lower() != ALLOW_ORIGIN for name, _ in headers):
                message = {**message, "headers": [*headers, *added]}
        await send(message)

    return send_with_headers
