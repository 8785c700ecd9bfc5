"""The few HTTP calls that acceptance tests make, over httpx and without any SDK."""

import time
import weakref
from collections.abc import Callable
from typing import Any

import httpx

WAIT_S = 30


class Api:
    """One server and one key."""

    def __init__(self, url: str, key: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30, trust_env=False)
        weakref.finalize(self, self.http.close)  # a socket that is only forgotten is a warning, so an error

    def collect(self, *events: dict[str, Any], **headers: str) -> httpx.Response:
        """Post one event flat, several as a batch."""
        body = events[0] if len(events) == 1 else {"events": list(events)}
        return self.http.post("/api/v1/collect", json=body, headers=headers)

    def events(self, **params: Any) -> dict[str, Any]:
        """GET /events."""
        return self._get("/api/v1/events", params)

    def alerts(self, **params: Any) -> dict[str, Any]:
        """GET /alerts."""
        return self._get("/api/v1/alerts", params)

    def wait_for_events(self, count: int, **params: Any) -> list[dict[str, Any]]:
        """Return the newest events once at least ``count`` match."""
        answer = wait_until(
            lambda: self.events(**params), lambda answer: answer["pagination"]["total"] >= count, what=f"{count} events"
        )
        return list(answer["data"])

    def wait_for_alert(self, **wanted: Any) -> dict[str, Any]:
        """Return the newest alert whose fields have these values, once there is one."""

        def matching() -> list[dict[str, Any]]:
            rows = self.alerts()["data"]
            return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

        return wait_until(matching, bool, what=f"an alert with {wanted}")[0]

    def _get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        response = self.http.get(path, params=params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def wait_until(ask: Callable[[], Any], is_enough: Callable[[Any], bool], *, what: str) -> Any:
    """Ask until the answer is enough; fail saying ``what`` was waited for."""
    deadline = time.monotonic() + WAIT_S
    while not is_enough(answer := ask()):
        assert time.monotonic() < deadline, f"waited {WAIT_S} s for {what}; last answer: {str(answer)[:500]}"
        time.sleep(0.1)
    return answer


def failed_login(ip: str, actor: str = "mira", **more: Any) -> dict[str, Any]:
    """One failed login as an application sends it."""
    return {"event": "auth.login_failed", "actor": {"id": actor}, "user_ip": ip, **more}
