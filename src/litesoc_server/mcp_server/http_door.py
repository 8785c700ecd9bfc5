"""The HTTP side: every request carries its caller's key, and no web page gets in by a name that it made point here."""

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from litesoc_server.mcp_server.key_header import key_of

PATH = "/mcp"
BODY_BYTES_MAX = 256 * 1024  # a call is a few hundred bytes
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the server listens, and by which names and from which web pages it may be called."""

    host: str
    port: int
    allowed_hosts: tuple[str, ...] = field(default=())  # as in the Host header, e.g. mcp.example.com
    allowed_origins: tuple[str, ...] = field(default=())  # as in the Origin header, e.g. https://app.example.com

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback

    @property
    def needs_names(self) -> bool:
        """Whether it listens on all addresses, so that nobody knows by which names it is called."""
        return self.host != "localhost" and ipaddress.ip_address(self.host).is_unspecified and not self.allowed_hosts

    def security(self) -> TransportSecuritySettings:
        """Return which Host and Origin headers pass.

        The MCP specification (Streamable HTTP, security warning) demands the check of Origin; that of Host is what stops DNS
        rebinding also where a browser sends no Origin.
        """
        shown_host = f"[{self.host}]" if ":" in self.host else self.host
        own = _LOOPBACK_HOSTS if self.is_loopback else (shown_host,)
        hosts = [*self.allowed_hosts, *(name for host in (*own, *self.allowed_hosts) for name in (host, f"{host}:*"))]
        origins = [f"http://{host}:*" for host in _LOOPBACK_HOSTS] if self.is_loopback else []
        return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[*origins, *self.allowed_origins])


def http_app(server: MCPServer[Any], door: Door) -> ASGIApp:
    """Return the ASGI application: `/mcp` for those who bring a key. It keeps no sessions, so none can be taken over."""
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=BODY_BYTES_MAX,
        transport_security=door.security(),
        host=door.host,
    )
    return _KeyDemanded(app)


class _KeyDemanded:
    """Answers 401 to requests without a key; whether a key is good the LiteSOC server says at the first call."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or key_of(Headers(scope=scope)) is not None:
            await self._app(scope, receive, send)
            return
        message = "send an API key of the LiteSOC server as Authorization: Bearer KEY or X-API-Key: KEY"
        answer = JSONResponse(
            {"success": False, "error": message, "message": message, "code": "UNAUTHORIZED"},
            status_code=401,
            headers={"WWW-Authenticate": 'Bearer realm="litesoc"', "Cache-Control": "no-store"},
        )
        await answer(scope, receive, send)
