"""Who did something, when and from where: what a detector needs of an event, short enough to be remembered."""

from functools import lru_cache

import msgspec

from litesoc_server.events.event import Device, Event, Geo, Network, NetworkKind
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.state.base import VALUE_LENGTH_MAX, Remembered

_MEMOS_CACHED = 4_096


class Origin(msgspec.Struct, frozen=True, gc=False):
    """One event's who, when and where."""

    event_id: EventId
    at_ms: int  # event time, Unix ms
    actor_id: str | None = None  # personal data; None when masked
    actor_email: str | None = None  # personal data
    ip: str | None = None  # personal data
    geo: Geo | None = None
    network: Network | None = None
    device: Device | None = None


class _Memo(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An Origin without its event id and time (the state keeps those beside it) and without the user agent."""

    ip: str | None
    actor_id: str | None
    latitude: float | None
    longitude: float | None
    country_code: str | None
    city: str | None
    asn: int | None
    browser: str | None
    os: str | None
    special: str | None
    flags: tuple[bool | None, ...]
    actor_email: str | None
    as_org: str | None
    kind: str | None
    device_id: str | None = None
    accuracy_km: float | None = None
    network_kind: NetworkKind | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Memo)
_LEFT_OUT: dict[str, None] = dict.fromkeys(("actor_id", "actor_email", "city", "as_org", "browser", "os", "device_id"))
_NO_GEO, _NO_NETWORK, _NO_DEVICE = Geo(), Network(), Device()


def origin_of(event: Event) -> Origin:
    """Return what there is to know about where an event comes from."""
    actor = event.actor
    has_actor = actor is not None and not actor.is_redacted
    return Origin(
        event_id=event.event_id,
        at_ms=event.occurred_at_ms,
        actor_id=actor.id if actor is not None and has_actor else None,
        actor_email=actor.email if actor is not None and has_actor else None,
        ip=event.user_ip,
        geo=event.geo,
        network=event.network,
        device=event.device,
    )


def memo_of(event: Event) -> str:
    """Return the text under which an event's origin is remembered: equal for events of one actor from one place."""
    geo, net, device = event.geo or _NO_GEO, event.network or _NO_NETWORK, event.device or _NO_DEVICE
    actor = event.actor if event.actor is not None and not event.actor.is_redacted else None
    memo = _Memo(
        event.user_ip,
        actor.id if actor is not None else None,
        geo.latitude,
        geo.longitude,
        geo.country_code,
        geo.city,
        net.asn,
        device.browser,
        device.os,
        net.special,
        (net.is_vpn, net.is_tor, net.is_proxy, net.is_relay, net.is_datacenter, net.is_mobile),
        actor.email if actor is not None else None,
        net.as_org,
        device.kind,
        device.id,
        geo.accuracy_km,
        net.kind,
    )
    encoded = _ENCODER.encode(memo)
    if len(encoded) > VALUE_LENGTH_MAX:  # only absurd names are as long; what detectors compare is short
        memo = msgspec.structs.replace(memo, **_LEFT_OUT)
        encoded = _ENCODER.encode(memo)
    return encoded.decode()


def recall(remembered: Remembered) -> Origin:
    """Return the origin that was remembered."""
    memo, geo, network, device = _read(remembered.value)
    return Origin(
        event_id=EventId(remembered.member),
        at_ms=remembered.at_ms,
        actor_id=memo.actor_id,
        actor_email=memo.actor_email,
        ip=memo.ip,
        geo=geo,
        network=network,
        device=device,
    )


@lru_cache(maxsize=_MEMOS_CACHED)
def _read(value: str) -> tuple[_Memo, Geo, Network, Device]:
    memo = _DECODER.decode(value)
    vpn, tor, proxy, relay, datacenter, mobile = memo.flags
    geo = Geo(
        country_code=memo.country_code,
        city=memo.city,
        latitude=memo.latitude,
        longitude=memo.longitude,
        accuracy_km=memo.accuracy_km,
    )
    network = Network(
        asn=memo.asn,
        as_org=memo.as_org,
        special=memo.special,
        is_vpn=vpn,
        is_tor=tor,
        is_proxy=proxy,
        is_relay=relay,
        is_datacenter=datacenter,
        is_mobile=mobile,
        kind=memo.network_kind,
    )
    return memo, geo, network, Device(browser=memo.browser, os=memo.os, kind=memo.kind, id=memo.device_id)
