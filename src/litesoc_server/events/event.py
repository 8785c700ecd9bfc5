"""The event as every stage after normalise knows it. Frozen; units, ranges and privacy class stand at each field."""

from enum import StrEnum

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import EventId, OrgId


class Severity(StrEnum):
    """Severity of an event (contract 3.3); an alert's severity is :class:`events.detection.AlertSeverity`."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who did it, as the sender names them."""

    id: str  # personal data; the e-mail when nothing else is known
    email: str | None = None  # personal data
    is_redacted: bool = False  # the sender masked the id ("[REDACTED]"): never group such actors as one person


class Geo(msgspec.Struct, frozen=True, gc=False):
    """Where an address is, as far as the city database knows."""

    country_code: str | None = None  # ISO 3166-1 alpha-2
    region: str | None = None
    city: str | None = None
    latitude: float | None = None  # WGS-84 degrees
    longitude: float | None = None  # WGS-84 degrees
    time_zone: str | None = None  # IANA name


class Network(msgspec.Struct, frozen=True, gc=False):
    """Through what network an address comes. A flag is None while nothing is known about it."""

    asn: int | None = None
    as_org: str | None = None
    special: str | None = None  # class of a special-purpose range ("private", "loopback" …); then nothing else is looked up
    is_vpn: bool | None = None
    is_tor: bool | None = None
    is_proxy: bool | None = None
    is_relay: bool | None = None  # privacy relay such as iCloud Private Relay; never counted as VPN
    is_datacenter: bool | None = None
    is_mobile: bool | None = None


class Device(msgspec.Struct, frozen=True, gc=False):
    """What the user agent says about the device."""

    user_agent: str | None = None  # as sent, cut to 1,024 characters
    browser: str | None = None  # family, e.g. "Firefox"
    browser_major: str | None = None
    os: str | None = None  # family, e.g. "Windows"
    kind: str | None = None  # device family, e.g. "iPhone"; None for ordinary computers


class Event(msgspec.Struct, frozen=True, gc=False):
    """One security event, normalised and (after the enrich step) enriched."""

    event_id: EventId
    org_id: OrgId
    environment: Environment
    key_id: str
    source: str
    occurred_at_ms: int  # event time, Unix ms: the sender's for backfill keys, else equal to received_at_ms
    received_at_ms: int  # our clock, Unix ms
    name: str  # normalised, e.g. "auth.login_failed"
    category: str  # the part of name before the first dot
    severity: Severity
    actor: Actor | None
    user_ip: str | None  # canonical text of the end user's address (personal data)
    server_ip: str | None  # audit trail only
    metadata: msgspec.Raw  # a JSON object, at most 16 KiB (may hold personal data)
    geo: Geo | None = None
    network: Network | None = None
    device: Device | None = None
