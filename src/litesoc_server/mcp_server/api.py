"""The management API as the tools ask it: every failure becomes words with the fix, which the model can pass on."""

import json
from typing import Any, cast

import httpx
from mcp.server.mcpserver.exceptions import ToolError

from litesoc_server import __version__
from litesoc_server.mcp_server.fence import neutralised

TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 5.0
CONNECTIONS_MAX = 50
ANSWER_BYTES_MAX = 8 * 1024 * 1024  # a page of 100 events with 16 KiB of metadata each is 1.6 MiB
_MESSAGE_LENGTH_MAX = 1_000

_NOT_FOUND = 404
_TOO_MANY_REQUESTS = 429

Json = dict[str, Any]

_FIXES = {
    401: "Check the API key: `litesoc keys list` shows the keys there are. It may be revoked, expired or of another server.",
    403: "If the key lacks a scope, make one that has it: `litesoc keys create --name mcp --scope read` (`manage` writes).",
    404: "The id may be wrong, older than the retention, or belong to the other environment: a live key sees no test data.",
    409: "Read the alert again: somebody else changed it.",
    500: "This is a mistake in the server; its log says more.",
    503: "The server is busy or a part of it is away. Try again in a minute; `litesoc doctor` there says what is wrong.",
}


class ApiProblem(ToolError):
    """The server did not do what was asked. The text says why and what to do; it is shown to the model."""


class NotFound(ApiProblem):
    """Nothing is there, or nothing that the key may see."""


def http_client(url: str) -> httpx.AsyncClient:
    """Return a client of the server at ``url``, with or without the API's prefix; the caller closes it."""
    return httpx.AsyncClient(
        base_url=url.rstrip("/").removesuffix("/v1").removesuffix("/api"),
        headers={"User-Agent": f"litesoc-mcp/{__version__}"},
        timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
        trust_env=False,  # the server is addressed by name; a proxy in the environment is meant for the outside
        follow_redirects=False,  # the key goes to this server and to no other
    )


class Api:
    """One server, asked with one key."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http = http
        self._key = key

    async def get(self, path: str, **params: str | int | None) -> Json:
        """GET ``path``, without the API's prefix, with the parameters that are not None. Raises ApiProblem."""
        return await self._call("GET", path, params={name: value for name, value in params.items() if value is not None})

    async def patch(self, path: str, body: Json) -> Json:
        """PATCH ``path``. Raises ApiProblem."""
        return await self._call("PATCH", path, json=body)

    async def post(self, path: str, body: Json) -> Json:
        """POST to ``path``. Raises ApiProblem."""
        return await self._call("POST", path, json=body)

    async def _call(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 # httpx's own arguments
        try:
            async with self._http.stream(method, f"/api/v1{path}", headers={"X-API-Key": self._key}, **request) as response:
                content = await _bounded(response)
        except httpx.TimeoutException as error:
            msg = f"The LiteSOC server at {self._where} did not answer in time. Try again, or ask for less with `limit`."
            raise ApiProblem(msg) from error
        except httpx.HTTPError as error:
            msg = (
                f"Cannot reach the LiteSOC server at {self._where}. Check that `litesoc serve` runs there and that "
                "LITESOC_URL is its address, e.g. http://127.0.0.1:8000."
            )
            raise ApiProblem(msg) from error
        return self._read(response, content)

    @property
    def _where(self) -> str:
        return f"{self._http.base_url.host}:{self._http.base_url.port or self._http.base_url.scheme}"

    def _read(self, response: httpx.Response, content: bytes) -> Json:
        try:
            body: object = json.loads(content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            msg = f"{self._where} answered {response.status_code}, not in JSON: it is no LiteSOC server. Check LITESOC_URL."
            raise ApiProblem(msg)
        answer = cast("Json", body)
        if response.is_success:
            return answer
        kind = NotFound if response.status_code == _NOT_FOUND else ApiProblem
        raise kind(_refusal(response, answer))


async def _bounded(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            msg = f"The answer is over {ANSWER_BYTES_MAX // 1024 // 1024} MiB. Ask for less with `limit`."
            raise ApiProblem(msg)
    return bytes(content)


def _refusal(response: httpx.Response, answer: Json) -> str:
    message = neutralised(str(answer.get("message", "")), length_max=_MESSAGE_LENGTH_MAX).rstrip(".")
    said = f"The server answered {response.status_code}: {message}."
    code = answer.get("code")
    if code == "PLAN_RESTRICTED":
        plan = neutralised(str(answer.get("required_plan") or "a higher one"), length_max=40)
        return f"{said} The operator of the server gives the organisation the plan {plan} with `litesoc plans`."
    if code == "QUOTA_EXCEEDED":
        return f"{said} Wait for the end of the month, or ask the operator to raise the quota: `litesoc plans`."
    if code == "IP_NOT_ALLOWED":
        return f"{said} Add the address of this MCP server to the allow-list: Settings > Security."
    if response.status_code == _TOO_MANY_REQUESTS:
        wait = response.headers.get("Retry-After", "")
        return f"{said} Ask again in {wait if wait.isdigit() else '60'} seconds; do not ask in a loop."
    return f"{said} {_FIXES.get(response.status_code, 'Correct the argument that it names.')}"
