"""The only mapping between an Event and a row of the table ``events``, both ways lossless.

Column-oriented on the way in (one list per column, the shape of a native insert), one tuple per row on the way out.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, NetworkKind, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.store.base import StoredEvent

# A ClickHouse DateTime is 32 bits of seconds and ends on 2106-02-07; "kept for ever" is this moment.
EXPIRES_AT_MAX_S = 2**32 - 1

_RISK_ENCODER = msgspec.json.Encoder()
_RISK_DECODER = msgspec.json.Decoder(Risk)

_NO_GEO = Geo()
_NO_NETWORK = Network()
_NO_DEVICE = Device()


class Column(NamedTuple):
    """One column as inserted. The type is the one sent; where it differs from the table's, the engine converts faster."""

    name: str
    insert_type: str


COLUMNS = (
    Column("org_id", "LowCardinality(String)"),
    Column("ts", "DateTime64(3, 'UTC')"),  # given as Unix ms
    Column("event_id", "String"),  # into UUID: parsing in the engine is eight times faster than in Python
    Column("environment", "LowCardinality(String)"),
    Column("received_at", "DateTime64(3, 'UTC')"),  # given as Unix ms
    Column("expires_at", "DateTime('UTC')"),  # given as Unix s
    Column("key_id", "LowCardinality(String)"),
    Column("source", "LowCardinality(String)"),
    Column("name", "LowCardinality(String)"),
    Column("category", "LowCardinality(String)"),
    Column("severity", "LowCardinality(String)"),
    Column("actor_id", "LowCardinality(Nullable(String))"),
    Column("actor_email", "Nullable(String)"),
    Column("actor_is_redacted", "Bool"),
    Column("user_ip", "LowCardinality(Nullable(String))"),
    Column("server_ip", "LowCardinality(Nullable(String))"),
    Column("metadata", "String"),
    Column("has_geo", "Bool"),
    Column("country_code", "LowCardinality(Nullable(String))"),
    Column("region", "LowCardinality(Nullable(String))"),
    Column("city", "LowCardinality(Nullable(String))"),
    Column("latitude", "Nullable(Float64)"),
    Column("longitude", "Nullable(Float64)"),
    Column("time_zone", "LowCardinality(Nullable(String))"),
    Column("accuracy_km", "Nullable(Float32)"),
    Column("has_network", "Bool"),
    Column("asn", "Nullable(UInt32)"),
    Column("as_org", "LowCardinality(Nullable(String))"),
    Column("special", "LowCardinality(Nullable(String))"),
    Column("is_vpn", "Nullable(Bool)"),
    Column("is_tor", "Nullable(Bool)"),
    Column("is_proxy", "Nullable(Bool)"),
    Column("is_relay", "Nullable(Bool)"),
    Column("is_datacenter", "Nullable(Bool)"),
    Column("is_mobile", "Nullable(Bool)"),
    Column("network_kind", "LowCardinality(Nullable(String))"),
    Column("network_confidence", "Nullable(Float32)"),
    Column("network_provider", "LowCardinality(Nullable(String))"),
    Column("has_device", "Bool"),
    Column("user_agent", "LowCardinality(Nullable(String))"),
    Column("browser", "LowCardinality(Nullable(String))"),
    Column("browser_major", "LowCardinality(Nullable(String))"),
    Column("os", "LowCardinality(Nullable(String))"),
    Column("device_kind", "LowCardinality(Nullable(String))"),
    Column("device_id", "Nullable(String)"),
    Column("session_id", "Nullable(String)"),
    Column("risk_score", "Nullable(UInt8)"),
    Column("risk", "String"),  # JSON of events.risk.Risk, empty where there is none
)
COLUMN_NAMES = tuple(column.name for column in COLUMNS)
INSERT_TYPES = tuple(column.insert_type for column in COLUMNS)

# Read as integers and text: chDB drops the zone of DateTime64(3, 'UTC'), and a text column decodes faster than UUID objects.
_READ_EXPRESSIONS = {
    "ts": "toUnixTimestamp64Milli(ts) AS occurred_at_ms",
    "received_at": "toUnixTimestamp64Milli(received_at) AS received_at_ms",
    "event_id": "toString(event_id) AS event_id_text",
}
_READ_NAMES = tuple(name for name in COLUMN_NAMES if name != "expires_at")
_EVENT_ID_INDEX = _READ_NAMES.index("event_id")
SELECT_LIST = ", ".join(_READ_EXPRESSIONS.get(name, name) for name in _READ_NAMES)


def columns_of(rows: Sequence[StoredEvent]) -> list[list[Any]]:
    """Return one list of values per column, in the order of ``COLUMNS``. ``rows`` must not be empty."""
    events = [row.event for row in rows]
    geos = [event.geo or _NO_GEO for event in events]
    networks = [event.network or _NO_NETWORK for event in events]
    devices = [event.device or _NO_DEVICE for event in events]
    return [
        *_identity_columns(rows, events),
        *_actor_columns(events),
        [event.user_ip for event in events],
        [event.server_ip for event in events],
        [bytes(event.metadata) for event in events],
        [event.geo is not None for event in events],
        *_geo_columns(geos),
        [event.network is not None for event in events],
        *_network_columns(networks),
        [event.device is not None for event in events],
        *_device_columns(devices),
        [event.session_id for event in events],
        *_risk_columns(events),
    ]


def event_of(row: Sequence[Any]) -> Event:
    """Return the event of one row that was read with ``SELECT_LIST``."""
    cells = _Cells._make(row)
    return Event(
        event_id=EventId(cells.event_id),
        org_id=OrgId(cells.org_id),
        environment=Environment(cells.environment),
        key_id=cells.key_id,
        source=cells.source,
        occurred_at_ms=cells.ts,
        received_at_ms=cells.received_at,
        name=cells.name,
        category=cells.category,
        severity=Severity(cells.severity),
        actor=_actor_of(cells),
        user_ip=cells.user_ip,
        server_ip=cells.server_ip,
        metadata=msgspec.Raw(cells.metadata.encode()),
        geo=_geo_of(cells),
        network=_network_of(cells),
        device=_device_of(cells),
        session_id=cells.session_id,
        risk=_RISK_DECODER.decode(cells.risk) if cells.risk else None,
    )


def has_copies(rows: Sequence[Sequence[Any]]) -> bool:
    """Return whether an event stands twice among rows that were read with ``SELECT_LIST``."""
    return len({row[_EVENT_ID_INDEX] for row in rows}) < len(rows)


class _Cells(NamedTuple):
    """One row as read; the names are those of ``_READ_NAMES``, in their order (asserted below)."""

    org_id: str
    ts: int
    event_id: str
    environment: str
    received_at: int
    key_id: str
    source: str
    name: str
    category: str
    severity: str
    actor_id: str | None
    actor_email: str | None
    actor_is_redacted: bool
    user_ip: str | None
    server_ip: str | None
    metadata: str
    has_geo: bool
    country_code: str | None
    region: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    time_zone: str | None
    accuracy_km: float | None
    has_network: bool
    asn: int | None
    as_org: str | None
    special: str | None
    is_vpn: bool | None
    is_tor: bool | None
    is_proxy: bool | None
    is_relay: bool | None
    is_datacenter: bool | None
    is_mobile: bool | None
    network_kind: str | None
    network_confidence: float | None
    network_provider: str | None
    has_device: bool
    user_agent: str | None
    browser: str | None
    browser_major: str | None
    os: str | None
    device_kind: str | None
    device_id: str | None
    session_id: str | None
    risk_score: int | None
    risk: str


assert _Cells._fields == _READ_NAMES, "the columns and the cells must be in the same order"


def _expires_at_s(expires_at_ms: int) -> int:
    """Return whole seconds, rounded up so that a row is never deleted early, within what a DateTime can hold."""
    return min(-(-expires_at_ms // 1000), EXPIRES_AT_MAX_S)


def _identity_columns(rows: Sequence[StoredEvent], events: Sequence[Event]) -> list[list[Any]]:
    return [
        [event.org_id for event in events],
        [event.occurred_at_ms for event in events],
        [event.event_id for event in events],
        [event.environment for event in events],
        [event.received_at_ms for event in events],
        [_expires_at_s(row.expires_at_ms) for row in rows],
        [event.key_id for event in events],
        [event.source for event in events],
        [event.name for event in events],
        [event.category for event in events],
        [event.severity for event in events],
    ]


def _actor_columns(events: Sequence[Event]) -> list[list[Any]]:
    actors = [event.actor for event in events]
    return [
        [None if actor is None else actor.id for actor in actors],
        [None if actor is None else actor.email for actor in actors],
        [actor is not None and actor.is_redacted for actor in actors],
    ]


def _geo_columns(geos: Sequence[Geo]) -> list[list[Any]]:
    return [
        [geo.country_code for geo in geos],
        [geo.region for geo in geos],
        [geo.city for geo in geos],
        [geo.latitude for geo in geos],
        [geo.longitude for geo in geos],
        [geo.time_zone for geo in geos],
        [geo.accuracy_km for geo in geos],
    ]


def _network_columns(networks: Sequence[Network]) -> list[list[Any]]:
    return [
        [network.asn for network in networks],
        [network.as_org for network in networks],
        [network.special for network in networks],
        [network.is_vpn for network in networks],
        [network.is_tor for network in networks],
        [network.is_proxy for network in networks],
        [network.is_relay for network in networks],
        [network.is_datacenter for network in networks],
        [network.is_mobile for network in networks],
        [network.kind for network in networks],
        [network.confidence for network in networks],
        [network.provider for network in networks],
    ]


def _device_columns(devices: Sequence[Device]) -> list[list[Any]]:
    return [
        [device.user_agent for device in devices],
        [device.browser for device in devices],
        [device.browser_major for device in devices],
        [device.os for device in devices],
        [device.kind for device in devices],
        [device.id for device in devices],
    ]


def _risk_columns(events: Sequence[Event]) -> list[list[Any]]:
    risks = [event.risk for event in events]
    return [
        [None if risk is None else risk.score for risk in risks],
        ["" if risk is None else _RISK_ENCODER.encode(risk).decode() for risk in risks],
    ]


def _actor_of(cells: _Cells) -> Actor | None:
    if cells.actor_id is None:
        return None
    return Actor(id=cells.actor_id, email=cells.actor_email, is_redacted=cells.actor_is_redacted)


def _geo_of(cells: _Cells) -> Geo | None:
    if not cells.has_geo:
        return None
    return Geo(
        country_code=cells.country_code,
        region=cells.region,
        city=cells.city,
        latitude=cells.latitude,
        longitude=cells.longitude,
        time_zone=cells.time_zone,
        accuracy_km=cells.accuracy_km,
    )


def _network_of(cells: _Cells) -> Network | None:
    if not cells.has_network:
        return None
    return Network(
        asn=cells.asn,
        as_org=cells.as_org,
        special=cells.special,
        is_vpn=cells.is_vpn,
        is_tor=cells.is_tor,
        is_proxy=cells.is_proxy,
        is_relay=cells.is_relay,
        is_datacenter=cells.is_datacenter,
        is_mobile=cells.is_mobile,
        kind=None if cells.network_kind is None else NetworkKind(cells.network_kind),
        confidence=None if cells.network_confidence is None else round(cells.network_confidence, 3),
        provider=cells.network_provider,
    )


def _device_of(cells: _Cells) -> Device | None:
    if not cells.has_device:
        return None
    return Device(
        user_agent=cells.user_agent,
        browser=cells.browser,
        browser_major=cells.browser_major,
        os=cells.os,
        kind=cells.device_kind,
        id=cells.device_id,
    )
