"""The event as every stage after normalise knows it. Frozen; units, ranges and privacy class stand at each field."""

from enum import StrEnum

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk


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
    accuracy_km: float | None = None  # the database's own error radius, where it has one


class NetworkKind(StrEnum):
    """What kind of network an address belongs to: the first rung of the ladder that fits, most telling first."""

    TOR = "tor"
    RELAY = "relay"  # a privacy relay such as iCloud Private Relay; never counted as VPN
    VPN = "vpn"
    PROXY = "proxy"
    GATEWAY = "gateway"  # a security gateway of companies: its place is not the user's
    SATELLITE = "satellite"  # its place is the ground station's
    MOBILE = "mobile"
    ISP = "isp"
    HOSTING = "hosting"


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
    kind: NetworkKind | None = None
    confidence: float | None = None  # 0 to 1: how sure the data is of ``kind``
    provider: str | None = None  # of a VPN, relay or cloud, where a list names it


class Device(msgspec.Struct, frozen=True, gc=False):
    """What the user agent says about the device."""

    user_agent: str | None = None  # as sent, cut to 1,024 characters
    browser: str | None = None  # family, e.g. "Firefox"
    browser_major: str | None = None
    os: str | None = None  # family, e.g. "Windows"
    kind: str | None = None  # device family, e.g. "iPhone"; None for ordinary computers
    id: str | None = None  # the sender's own id of the device (personal data)


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
    session_id: str | None = None  # the sender's own id of the session (personal data)
    risk: Risk | None = None  # of a login that succeeded, given by the detect step
