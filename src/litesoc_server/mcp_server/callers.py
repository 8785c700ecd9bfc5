"""Whose key a call is made with: the operator's own (stdio), or the one that came with the request (HTTP)."""

from typing import Any, Protocol

import httpx
from mcp.server.mcpserver import Context
from starlette.requests import Request

from litesoc_server.mcp_server.api import Api, ApiProblem
from litesoc_server.mcp_server.key_header import key_of

# What the SDK's contexts carry besides is of no type that it promises.
ToolContext = Context[Any, Any]


class Callers(Protocol):
    """Finds the API with the caller's key."""

    def api_of(self, ctx: ToolContext) -> Api:
        """Return the API of the server, asked with the caller's key. Raises ApiProblem without one."""
        ...


class OneCaller:
    """Everybody is whoever started the process."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._api = Api(http, key)

    def api_of(self, ctx: ToolContext) -> Api:
        """Return the API with the key of the environment."""
        del ctx
        return self._api


class CallersByRequest:
    """Each request carries its caller's key; nothing of it is kept."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    def api_of(self, ctx: ToolContext) -> Api:
        """Return the API with the key of this request."""
        request = ctx.request_context.request
        key = key_of(request.headers) if isinstance(request, Request) else None
        if key is None:  # the door answers 401 before it comes to this
            raise ApiProblem("The request carries no API key. Send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`.")
        return Api(self._http, key)
