"""Turns what logs tell into the requests that carry it: redacted, at most 100 events each, with keys that repeat safely."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC

import msgspec

from litesoc_server.agent.state import LogState, Request
from litesoc_server.sources.agent_redaction import redact_actor, redact_address
from litesoc_server.sources.auth_log import LoggedAct

EVENTS_MAX = 100  # in one request (contract 1.5)
NAME_LENGTH_MAX = 255  # characters of an actor's name that are sent

_ENCODER = msgspec.json.Encoder()


def to_item(act: LoggedAct, log_name: str, *, hostname: str, with_time: bool) -> dict[str, object]:
    """Return ``act`` as an item of a /collect body (contract 7.3).

    Its time counts only under a key that may backdate; without one the server takes the time of arrival, and the line's
    own time is kept beside it.
    """
    host = act.metadata.get("source_hostname", "-")
    metadata: dict[str, str] = act.metadata | {"log_file": log_name}
    metadata["source_hostname"] = hostname if _is_this(host, hostname) else host
    if target := metadata.get("target_user"):
        metadata["target_user"] = redact_actor(target[:NAME_LENGTH_MAX])
    moment = act.occurred_at.astimezone(UTC).isoformat()
    item: dict[str, object] = {
        "event": act.event,
        "actor": {"id": redact_actor(act.actor_id[:NAME_LENGTH_MAX])} if act.actor_id else None,
        "user_ip": None if act.user_ip is None else redact_address(act.user_ip),
        "metadata": metadata if with_time else metadata | {"logged_at": moment},
    }
    if with_time:
        item["timestamp"] = moment
    return item


def make_requests(
    items: Sequence[dict[str, object]], *, agent_id: str, before: Mapping[str, LogState], after: Mapping[str, LogState]
) -> list[Request]:
    """Return the requests for what was read between two states of the logs.

    Their keys are made of the positions and of what is sent: the same lines have the same key whenever they are sent, and a
    key is never used for anything else, even by an agent whose disk was copied.
    """
    span = _ENCODER.encode([agent_id, _positions(before), _positions(after)])
    requests: list[Request] = []
    for start in range(0, len(items), EVENTS_MAX):
        part = items[start : start + EVENTS_MAX]
        body = _ENCODER.encode({"events": part})
        key = hashlib.sha256(b"%d\n%s\n%s" % (start, span, body)).hexdigest()
        requests.append(Request(f"agent-{key}", body, len(part)))
    return requests


def _is_this(host: str, hostname: str) -> bool:
    """Return whether a line's host is this computer, which logs mostly call by the first part of its name."""
    return host in {"-", "localhost"} or host.partition(".")[0].lower() == hostname.partition(".")[0].lower()


def _positions(logs: Mapping[str, LogState]) -> list[tuple[str, object]]:
    return [(name, logs[name].position) for name in sorted(logs)]
