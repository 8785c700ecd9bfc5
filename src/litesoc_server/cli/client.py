"""A small client of the public HTTP API, for the commands that go through it."""

import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, cast

import httpx

from litesoc_server import __version__
from litesoc_server.cli.console import err, fail, shown

ATTEMPTS_MAX = 8
RETRY_AFTER_MAX_S = 120
_NOT_FOUND = 404
_BUSY_STATUSES = frozenset({429, 503})


class ApiClient:
    """Calls one server with one key. Every failure that people can mend ends the command with the fix."""

    def __init__(self, url: str, key: str) -> None:
        if not (key.isascii() and key.isprintable()):  # as after copying the "…" of an example
            fail(
                "the API key holds characters that no key has",
                "copy the whole key as `litesoc init` or `litesoc keys create` printed it",
            )
        # SDKs take the address with the API's prefix, so people have it at hand.
        self._url = url.rstrip("/").removesuffix("/v1").removesuffix("/api")
        self._http = httpx.Client(
            base_url=self._url,
            headers={"X-API-Key": key, "User-Agent": f"litesoc-cli/{__version__}"},
            timeout=httpx.Timeout(30.0, connect=5.0),
            trust_env=False,  # the server is addressed by name; a proxy in the environment is meant for the outside
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._http.close()

    def send_batch(self, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Send up to 100 events; safe to repeat, because the request carries an Idempotency-Key."""
        return self._call(
            "POST", "/api/v1/collect/batch", json={"events": list(events)}, headers={"Idempotency-Key": str(uuid.uuid4())}
        )

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send one event."""
        return self._call("POST", "/api/v1/collect", json=event, headers={"Idempotency-Key": str(uuid.uuid4())})

    def events(self, *, limit: int = 100, offset: int = 0) -> list[dict[str, Any]]:
        """Return the newest events."""
        answer = self._call("GET", "/api/v1/events", params={"limit": limit, "offset": offset})
        return cast("list[dict[str, Any]]", answer["data"])

    def event(self, event_id: str) -> dict[str, Any] | None:
        """Return one event, None if the key's organisation has none of that id."""
        answer = self._call("GET", f"/api/v1/events/{event_id}", may_be_missing=True)
        return cast("dict[str, Any]", answer["data"]) if answer else None

    def alerts(self, *, limit: int = 100, offset: int = 0) -> list[dict[str, Any]]:
        """Return the newest alerts."""
        answer = self._call("GET", "/api/v1/alerts", params={"limit": limit, "offset": offset})
        return cast("list[dict[str, Any]]", answer["data"])

    def usage(self) -> dict[str, Any]:
        """Return the month's events and the plan."""
        return cast("dict[str, Any]", self._call("GET", "/api/v1/usage")["data"])

    def health(self) -> dict[str, Any]:
        """Return what the server says of itself and of the key."""
        return self._call("GET", "/api/v1/health")

    def _call(self, method: str, path: str, *, may_be_missing: bool = False, **request: Any) -> dict[str, Any]:  # noqa: ANN401 # httpx's own arguments
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                if attempt == ATTEMPTS_MAX or isinstance(error, httpx.UnsupportedProtocol):
                    self._give_up_connecting(error)
                wait_s = min(2.0 ** (attempt - 1) * 0.25, 5.0)
                if attempt == 1:
                    err.print(f"[yellow]{shown(self._url)} does not answer, trying again …[/]")
            else:
                if may_be_missing and response.status_code == _NOT_FOUND:
                    return {}
                if response.status_code not in _BUSY_STATUSES or attempt == ATTEMPTS_MAX:
                    return self._read(response)
                wait_s = min(float(response.headers.get("Retry-After", "1")), RETRY_AFTER_MAX_S)
                err.print(f"[yellow]The server asks to wait {wait_s:.0f} s ({response.status_code}).[/]")
            time.sleep(wait_s)
        raise AssertionError("the loop above returns or ends the command")

    def _give_up_connecting(self, error: httpx.TransportError) -> None:
        fail(
            f"cannot reach {self._url}: {error}",
            "check that `litesoc serve` runs there and that --url is its address, e.g. http://127.0.0.1:8000",
        )

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            fail(
                f"{self._url} answered {response.status_code} without JSON, so it is not a LiteSOC server",
                "check --url; it is the server's root, e.g. http://127.0.0.1:8000",
            )
        if response.is_success:
            return cast("dict[str, Any]", body)
        fixes = {
            401: "check --key (or LITESOC_API_KEY); `litesoc keys list` shows the keys there are",
            403: "give the key the scope it lacks: `litesoc keys create --scope …`",
        }
        fail(
            f"the server answered {response.status_code} {body.get('code', '')}: {body.get('message', '')}",
            fixes.get(response.status_code, "the message names the field and what it should be"),
        )
