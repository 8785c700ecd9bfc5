"""What each known client does with an answer, as small pure functions, so that a break names the client and its rule.

The section of the wire contract stands in brackets. A function returns what the client would hand on, and raises ClientBreak
where the client would fail, send the events again or show nonsense.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx

Json = dict[str, Any]


class ClientBreak(AssertionError):
    """A client would not get along with this answer."""


def _need(client: str, section: str, condition: object, what: str) -> None:
    if not condition:
        msg = f"{client} (contract {section}): {what}"
        raise ClientBreak(msg)


def _json_object(client: str, answer: httpx.Response) -> Json:
    try:
        body = answer.json()
    except ValueError as error:
        msg = f"{client}: the body is not JSON"
        raise ClientBreak(msg) from error
    _need(client, "2.1", isinstance(body, dict), "the body is not an object")
    return cast("Json", body)


# --- an accepted POST /collect [2.1, 2.2, 2.11]; each returns how many events the client believes were taken ---


def node_track(answer: httpx.Response) -> int:
    """NODE ``track``/``flush``: any status word but two throws, and the events are sent again."""
    _need("NODE track", "2.1", answer.is_success, f"status {answer.status_code}")
    body = _json_object("NODE track", answer)
    _need("NODE track", "2.1", body.get("status") in ("queued", "inserted"), "status is neither queued nor inserted")
    for name in ("remaining", "limit"):
        value = body["quota"][name]
        _need("NODE track", "2.1", value is None or type(value) is int, f"quota.{name} is not a number")
    return int(body.get("queued") or body.get("inserted"))


def node_track_batch(answer: httpx.Response) -> int:
    """NODE ``trackBatch``: 2xx and JSON; queued, else inserted, else its own count (taken for a break here)."""
    _need("NODE trackBatch", "2.1", answer.is_success, f"status {answer.status_code}")
    body = _json_object("NODE trackBatch", answer)
    _need("NODE trackBatch", "2.1", type(body.get("queued")) is int, "no count")
    return int(body["queued"])


def php_flush(answer: httpx.Response) -> int:
    """PHP ``flush``, like PY: an unexpected status word is a failure as soon as ``error`` is set."""
    _need("PHP flush", "2.1", answer.is_success, f"status {answer.status_code}")
    body = _json_object("PHP flush", answer)
    _need("PHP flush", "2.1", body.get("status") in ("queued", "inserted"), "unknown status word")
    _need("PHP flush", "2.1", "error" not in body, "error is set on success")
    return int(body["queued"])


def sdk_1x(answer: httpx.Response) -> int:
    """SDKs 1.x: ``success`` must be true; batches read ``events_accepted``."""
    _need("SDK 1.x", "2.1", answer.is_success, f"status {answer.status_code}")
    body = _json_object("SDK 1.x", answer)
    _need("SDK 1.x", "2.1", body.get("success") is True, "success is not true")
    return int(body["events_accepted"])


def seed_wrapper(answer: httpx.Response) -> int:
    """The TypeScript wrapper of the first API page: ``status`` and the quota's two members."""
    body = _json_object("SEED wrapper", answer)
    _need("SEED wrapper", "2.1", body.get("status") == "queued", "status is not queued")
    _need("SEED wrapper", "2.1", set(body["quota"]) == {"remaining", "limit"}, "quota lacks a member")
    return int(body["queued"])


def wordpress(answer: httpx.Response) -> int:
    """WP: 200 or 202, 201 is an error."""
    _need("WP", "2.11", answer.status_code in (200, 202), f"status {answer.status_code}")
    return int(_json_object("WP", answer)["queued"])


def status_only(answer: httpx.Response) -> int:
    """AGENT, N8N, Auth0 actions and published examples: any 2xx; ``error`` is looked at when it is not."""
    _need("AGENT and others", "2.1", answer.is_success, f"status {answer.status_code}")
    return int(_json_object("AGENT and others", answer)["queued"])


COLLECT_READERS: dict[str, Callable[[httpx.Response], int]] = {
    "node track": node_track,
    "node trackBatch": node_track_batch,
    "php": php_flush,
    "sdk 1.x": sdk_1x,
    "seed": seed_wrapper,
    "wordpress": wordpress,
    "agent, n8n, auth0": status_only,
}


# --- headers [2.7] ---


def node_plan(headers: Mapping[str, str]) -> tuple[str, int | None]:
    """NODE: any other plan name means "no management API"; retention by parseInt."""
    plan = headers["X-LiteSOC-Plan"]
    _need("NODE", "2.7", plan in ("free", "pro", "enterprise"), f"plan {plan!r}")
    retention = headers.get("X-LiteSOC-Retention")
    return plan, None if retention is None else int(re.match(r"\d+", retention)[0])  # type: ignore[index] # None is a break


def php_retention(headers: Mapping[str, str]) -> int:
    """PHP and PY strip " days" and convert: the singular breaks them."""
    text = headers["X-LiteSOC-Retention"]
    number = text.removesuffix(" days")
    _need("PHP, PY", "2.7", number.isascii() and number.isdigit(), f"retention {text!r}")
    return int(number)


def auth0_quota(headers: Mapping[str, str]) -> dict[str, int]:
    """A0M and SDKs: the three quota headers, each an integer, absent without a quota."""
    found: dict[str, int] = {}
    for name in ("Limit", "Remaining", "Used"):
        text = headers.get(f"X-LiteSOC-Quota-{name}")
        if text is not None:
            _need("A0M", "2.7", text.isascii() and text.isdigit(), f"quota header {name} is {text!r}")
            found[name.lower()] = int(text)
    return found


def retry_after(headers: Mapping[str, str]) -> int:
    """PY calls int() on it and raises an unrelated error for a date or a decimal."""
    text = headers["Retry-After"]
    _need("PY", "2.7", text.isascii() and text.isdigit(), f"Retry-After {text!r}")
    return int(text)


# --- errors [2.8, 2.9] ---

_NODE_CLASSES = {400: "ValidationError", 401: "AuthenticationError", 404: "NotFoundError", 429: "RateLimitError"}
_PHP_CLASSES = {
    400: "ValidationException",
    401: "AuthenticationException",
    403: "PlanRestrictedException",
    404: "NotFoundException",
    429: "RateLimitException",
}


def node_error(answer: httpx.Response) -> str:
    """NODE 2.6: class by status; 403 is a plan error only with that code."""
    body = _json_object("NODE", answer)
    _need("NODE", "2.8", isinstance(body["error"], str) and body["error"], "error is no text")
    if answer.status_code == 403:
        return "PlanRestrictedError" if body["code"] == "PLAN_RESTRICTED" else "LiteSOCError"
    if answer.status_code == 429:
        retry_after(answer.headers)
    return _NODE_CLASSES.get(answer.status_code, "LiteSOCError")


def php_error(answer: httpx.Response) -> str:
    """PHP 2.5: ``error`` goes into a typed string property, so an object is a TypeError."""
    body = _json_object("PHP", answer)
    _need("PHP", "2.8", isinstance(body.get("error"), str), "error is not a string: TypeError")
    for hint in ("code", "required_plan", "upgrade_url"):
        _need("PHP", "2.8", isinstance(body.get(hint, ""), str), f"{hint} is not a string: TypeError")
    return _PHP_CLASSES.get(answer.status_code, "LiteSOCException")


def auth0_is_quota_error(answer: httpx.Response) -> bool:
    """A0M: 403 and 429 may both mean the quota; the text decides. ``error.includes`` needs a string."""
    error = _json_object("A0M", answer).get("error")
    _need("A0M", "2.8", isinstance(error, str), "error is no string: taken for a network error")
    return answer.status_code in (403, 429) and "quota" in cast("str", error)


def n8n_error(answer: httpx.Response) -> int:
    """N8N 1.4: status, and texts of its own with the flat shape."""
    body = _json_object("N8N", answer)
    nested = body.get("error")
    _need("N8N", "2.8", not isinstance(nested, dict), "error is nested")
    return answer.status_code


def wordpress_error(answer: httpx.Response) -> str:
    """WP reads the top-level ``message`` only."""
    message = _json_object("WP", answer).get("message")
    _need("WP", "2.8", isinstance(message, str) and message, "message is missing")
    return cast("str", message)


def example_error(answer: httpx.Response) -> str:
    """DOCS browser.html, nodejs.js, python/basic.py and test-cors.html show ``error`` as text."""
    error = _json_object("DOCS examples", answer).get("error")
    _need("DOCS examples", "2.8", isinstance(error, str) and error, "error would show as [object Object]")
    return cast("str", error)


def read_error_as_everybody(answer: httpx.Response) -> None:
    """Run all readers of errors: what they return is checked where it matters."""
    for reader in (node_error, php_error, auth0_is_quota_error, n8n_error, wordpress_error, example_error):
        reader(answer)


# --- lists and single objects [2.3, 2.4] ---


def node_list(body: Json) -> list[Json]:
    """NODE, MCP: ``data`` and the four members of ``pagination``; a missing one is a crash."""
    _need("NODE", "2.3", isinstance(body.get("data"), list), "data is no array")
    pagination = body.get("pagination")
    _need("NODE", "2.3", isinstance(pagination, dict), "pagination is missing: a crash")
    for name in ("total", "limit", "offset"):
        _need("NODE", "2.3", type(cast("Json", pagination).get(name)) is int, f"pagination.{name} is no integer")
    _need("NODE", "2.3", type(cast("Json", pagination).get("has_more")) is bool, "pagination.has_more is no boolean")
    return cast("list[Json]", body["data"])


def node_single(body: Json) -> Json:
    """NODE, MCP: the ``data`` wrapper is required."""
    _need("NODE", "2.4", isinstance(body.get("data"), dict), "data is no object")
    return cast("Json", body["data"])


def n8n_return_all(fetch: Callable[[int, int], Json]) -> list[Json]:
    """N8N "return all": pages of 100 by ``fetch(limit, offset)`` until one is short or the total is reached."""
    rows: list[Json] = []
    while True:
        body = fetch(100, len(rows))
        page = body.get("data") or body.get("items") or []
        rows.extend(page)
        total = body.get("pagination", {}).get("total", body.get("total"))
        if len(page) < 100 or (total is not None and len(rows) >= total):
            return rows


def mcp_event_row(row: Json) -> str:
    """MCP ``get_recent_events``: one line per event."""
    place = ", ".join(filter(None, [row["city"], row["country_code"]]))
    flags = [name for name in ("is_vpn", "is_tor", "is_proxy", "is_datacenter") if row[name]]
    shown = [row[name] for name in ("event_name", "actor_id", "user_ip", "created_at")]
    return f"{row['severity'].upper()} {shown} {place} {flags}"


def mcp_alert_row(row: Json) -> str:
    """MCP ``list_alerts``: calls upper-case on the severity."""
    _need("MCP", "2.3", isinstance(row["severity"], str), "severity is no string")
    shown = [row[name] for name in ("id", "title", "alert_type", "status", "actor_id", "source_ip", "created_at")]
    return f"{row['severity'].upper()} {shown} {row['description']}"


def mcp_analyze_alert(alert: Json) -> Json:
    """MCP ``analyze_alert``: network and place are looked for in ``metadata`` only [4.2]."""
    metadata = alert["metadata"]
    names = ("is_vpn", "is_tor", "is_proxy", "is_datacenter", "latitude", "longitude", "city", "country", "isp")
    for name in names:
        _need("MCP", "4.2", name in metadata, f"metadata.{name} is missing")
    score = metadata.get("threat_score")
    _need("MCP", "4.2", score is None or (type(score) is int and 0 <= score <= 100), "threat_score is not 0 to 100")
    return {name: metadata[name] for name in names}
