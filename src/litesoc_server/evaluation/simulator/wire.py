"""Simulated events as an application sends them: bodies of POST /collect. Place and network are the server's to find."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from litesoc_server.events.event import Event

_DECODER = msgspec.json.Decoder(dict[str, Any])


def collect_body(event: Event) -> dict[str, Any]:
    """Return the body of an event, with its time; nothing in it says whether it belongs to an attack."""
    metadata = _DECODER.decode(event.metadata)
    body: dict[str, Any] = {
        "event": metadata.pop("original_event", event.name),
        "timestamp": datetime.fromtimestamp(event.occurred_at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
    }
    if event.actor is not None:
        body["actor"] = {"id": event.actor.id, "email": event.actor.email}
    if event.user_ip is not None:
        body["user_ip"] = event.user_ip
    if event.device is not None:
        metadata["user_agent"] = event.device.user_agent
        if event.device.id is not None:
            body["device_id"] = event.device.id
    if event.session_id is not None:
        body["session_id"] = event.session_id
    if metadata:
        body["metadata"] = metadata
    return body
