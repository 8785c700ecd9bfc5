"""Where and through what network something came, in the wire's words (contract 4.1 to 4.3)."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from litesoc_server.events.event import Geo, Network

ThreatScore = Annotated[int | None, Field(ge=0, le=100, description="Risk score of a login, 0 to 100; else null.")]


class ForensicNetwork(Schema):
    """The network of an address."""

    is_vpn: bool
    is_tor: bool
    is_proxy: bool
    is_datacenter: bool
    is_mobile: bool
    asn: int | None
    asn_org: str | None
    isp: str | None
    threat_score: ThreatScore


class ForensicLocation(Schema):
    """The place of an address."""

    city: str | None
    region: str | None
    country_code: str | None
    country_name: str | None
    timezone: str | None
    latitude: float | None
    longitude: float | None


class Forensics(Schema):
    """Everything that was looked up for an address."""

    network: ForensicNetwork
    location: ForensicLocation


class FlatIntelligence(Schema):
    """The same without levels; null where nothing is known."""

    is_vpn: bool | None
    is_tor: bool | None
    is_proxy: bool | None
    is_datacenter: bool | None
    latitude: float | None
    longitude: float | None
    city: str | None
    country: str | None
    isp: str | None
    threat_score: ThreatScore


def forensics_of(geo: Geo | None, network: Network | None, threat_score: int | None) -> Forensics | None:
    """Return what was looked up; None when nothing was, so when there was no address."""
    if geo is None and network is None:
        return None
    geo, network = geo or Geo(), network or Network()
    return Forensics(
        network=ForensicNetwork(
            is_vpn=bool(network.is_vpn),
            is_tor=bool(network.is_tor),
            is_proxy=bool(network.is_proxy),
            is_datacenter=bool(network.is_datacenter),
            is_mobile=bool(network.is_mobile),
            asn=network.asn,
            asn_org=network.as_org,
            isp=network.as_org,
            threat_score=threat_score,
        ),
        location=ForensicLocation(
            city=geo.city,
            region=geo.region,
            country_code=geo.country_code,
            country_name=None,
            timezone=geo.time_zone,
            latitude=geo.latitude,
            longitude=geo.longitude,
        ),
    )


def flat_intelligence_of(geo: Geo | None, network: Network | None, threat_score: int | None) -> FlatIntelligence:
    """Return what was looked up, for clients that read it from an alert's metadata only."""
    geo, network = geo or Geo(), network or Network()
    return FlatIntelligence(
        is_vpn=network.is_vpn,
        is_tor=network.is_tor,
        is_proxy=network.is_proxy,
        is_datacenter=network.is_datacenter,
        latitude=geo.latitude,
        longitude=geo.longitude,
        city=geo.city,
        country=geo.country_code,
        isp=network.as_org,
        threat_score=threat_score,
    )
