"""Events for tests, made with one line each."""

from itertools import count
from typing import Any

import msgspec

from litesoc_server.events.catalog import category_of, severity_of
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, NetworkKind
from litesoc_server.events.ids import EventId, OrgId

ORG = OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01")
T0_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z

PLACES = {
    "Oslo": Geo("NO", "Oslo", "Oslo", 59.91, 10.75, "Europe/Oslo"),
    "Bergen": Geo("NO", "Vestland", "Bergen", 60.39, 5.32, "Europe/Oslo"),
    "Tokyo": Geo("JP", "Tokyo", "Tokyo", 35.69, 139.69, "Asia/Tokyo"),
    "Kuala Lumpur": Geo("MY", "Kuala Lumpur", "Kuala Lumpur", 3.14, 101.69, "Asia/Kuala_Lumpur"),
    "New York": Geo("US", "New York", "New York", 40.71, -74.01, "America/New_York"),
    "Los Angeles": Geo("US", "California", "Los Angeles", 34.05, -118.24, "America/Los_Angeles"),
    "London": Geo("GB", "England", "London", 51.51, -0.13, "Europe/London"),
}

_numbers = count(1)


def event_id(number: int) -> EventId:
    """Return a UUIDv7-shaped id that sorts by ``number``."""
    digits = f"{T0_MS:012x}70008{number:015x}"
    return EventId(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


def make_event(
    *,
    name: str = "auth.login_failed",
    actor_id: str | None = "mira",
    email: str | None = None,
    ip: str | None = "203.0.113.9",
    at: float = 0,
    geo: Geo | str | None = None,
    asn: int | None = None,
    as_org: str | None = None,
    ua: str | None = None,
    network: Network | None = None,
    metadata: dict[str, Any] | None = None,
    org_id: str = ORG,
    environment: Environment = Environment.LIVE,
    number: int | None = None,
    is_redacted: bool = False,
    session_id: str | None = None,
    device_id: str | None = None,
    kind: str | None = None,
    source: str = "collect",
) -> Event:
    """Return a normalised and enriched event.

    ``at`` is in seconds after T0_MS. ``geo`` may be a name in PLACES; ``ua`` is "browser/os"; ``kind`` that of the network.
    ``number`` fixes the event id; without it ids rise from call to call.
    """
    browser, _, os = (ua or "").partition("/")
    at_ms = T0_MS + round(at * 1000)
    return Event(
        event_id=event_id(next(_numbers) if number is None else number),
        org_id=OrgId(org_id),
        environment=environment,
        key_id="key-1",
        source=source,
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        name=name,
        category=category_of(name),
        severity=severity_of(name),
        actor=None if actor_id is None else Actor(actor_id, email, is_redacted),
        user_ip=ip,
        server_ip=None,
        metadata=msgspec.Raw(msgspec.json.encode(metadata or {})),
        geo=PLACES[geo] if isinstance(geo, str) else geo,
        network=network
        or (None if ip is None else Network(asn=asn, as_org=as_org, kind=None if kind is None else NetworkKind(kind))),
        device=None if ua is None and device_id is None else Device(browser=browser or None, os=os or None, id=device_id),
        session_id=session_id,
    )
