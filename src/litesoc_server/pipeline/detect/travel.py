"""Distance and speed between two located logins, as far as city databases can be trusted."""

import math
from functools import lru_cache
from ipaddress import IPv6Network

import msgspec

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.detect.networks import hides_its_user, is_mobile, kind_of
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.subjects import ipv4_block
from litesoc_server.pipeline.policy import MINUTE_MS

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG

# How far a city database may be off. Two independent ones put one address more than 500 km apart for 12 % of addresses; a
# home line and a phone in one city come out more than 500 km apart in 39 % of cases.
_ERROR_FIXED_IPV4_KM = 250.0
_ERROR_FIXED_IPV6_KM = 500.0
_ERROR_MOBILE_KM = 1000.0
_ERROR_HOSTING_KM = 100.0
_ERROR_COUNTRY_ONLY_KM = 500.0
_ERROR_WEIGHT = 1.5

GAP_MIN_MS = 5 * MINUTE_MS  # clocks and queues differ by so much; also the rule for two sessions at once
_MS_PER_HOUR = 3_600_000
_IPV6_SITE_LENGTH = 48  # what an organisation gets: RFC 6177
_SITES_CACHED = 16_384


class Journey(msgspec.Struct, frozen=True):
    """What it takes to get from one login to the other."""

    distance_km: float  # what is left of the great circle when both places are as wrong as they may be; never negative
    measured_km: float  # the great circle between the places as the database gives them
    gap_ms: int  # time between the logins, never negative
    speed_kmh: float
    is_abroad: bool  # the countries differ


def haversine_km(latitude_1: float, longitude_1: float, latitude_2: float, longitude_2: float) -> float:
    """Return the great-circle distance of two points, WGS-84 degrees in, km out."""
    phi_1, phi_2 = math.radians(latitude_1), math.radians(latitude_2)
    half_phi, half_lambda = (phi_2 - phi_1) / 2, math.radians(longitude_2 - longitude_1) / 2
    root = math.sin(half_phi) ** 2 + math.cos(phi_1) * math.cos(phi_2) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(root)))


def error_radius_km(login: Origin) -> float:
    """Return how far a login's place may be off: the database's own radius where it has one, else by kind of network.

    Never less than a mobile network's own: where its gateway is says little about where a phone is, however well the
    database knows the gateway. A network of unknown kind counts as a fixed line.
    """
    own_km = login.geo.accuracy_km if login.geo is not None else None
    if is_mobile(login.network):
        return max(_ERROR_MOBILE_KM, own_km or 0.0)
    if own_km is not None:
        return own_km
    if kind_of(login.network) is NetworkKind.HOSTING:
        return _ERROR_HOSTING_KM
    if login.geo is not None and login.geo.city is None:
        return _ERROR_COUNTRY_ONLY_KM
    return _ERROR_FIXED_IPV6_KM if login.ip is not None and ":" in login.ip else _ERROR_FIXED_IPV4_KM


def is_located(login: Origin) -> bool:
    """Return whether a login's place says where its person is: known, and not that of an anonymiser or a data centre."""
    geo = login.geo
    if login.ip is None or geo is None or geo.country_code is None or geo.latitude is None or geo.longitude is None:
        return False
    return not hides_its_user(login.network)


def are_neighbours(one: Origin, other: Origin) -> bool:
    """Return whether two logins came by one way: same autonomous system, same /24 (IPv4) or same /48 (IPv6)."""
    one_asn = one.network.asn if one.network is not None else None
    if one_asn is not None and other.network is not None and one_asn == other.network.asn:
        return True
    return one.ip is not None and other.ip is not None and _site_of(one.ip) == _site_of(other.ip)


@lru_cache(maxsize=_SITES_CACHED)
def _site_of(ip: str) -> str:
    return ipv4_block(ip) if ":" not in ip else str(IPv6Network((ip, _IPV6_SITE_LENGTH), strict=False))


def journey(one: Origin, other: Origin) -> Journey:
    """Return what it takes to get from one located login to another, in either direction. ValueError without a place.

    distance = great circle - 1.5 * (sum of both error radii); speed = distance / max(gap, 5 min).
    """
    measured_km = haversine_km(*_position(one), *_position(other))
    distance_km = max(0.0, measured_km - _ERROR_WEIGHT * (error_radius_km(one) + error_radius_km(other)))
    gap_ms = abs(one.at_ms - other.at_ms)
    return Journey(
        distance_km=distance_km,
        measured_km=measured_km,
        gap_ms=gap_ms,
        speed_kmh=distance_km / (max(gap_ms, GAP_MIN_MS) / _MS_PER_HOUR),
        is_abroad=_country(one) != _country(other),
    )


def _position(login: Origin) -> tuple[float, float]:
    if login.geo is None or login.geo.latitude is None or login.geo.longitude is None:
        raise ValueError("a login without a place has no journey")
    return login.geo.latitude, login.geo.longitude


def _country(login: Origin) -> str | None:
    return None if login.geo is None else login.geo.country_code
