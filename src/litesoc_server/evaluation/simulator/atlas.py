"""The simulated world: real cities and real networks in them, chosen once from the packaged IP data.

`docs/generate_atlas.py` makes atlas.json. Place data: DB-IP City Lite (CC BY 4.0) and GeoNames, see NOTICE.
"""

import math
from functools import cache, lru_cache
from importlib.resources import files
from ipaddress import IPv4Address
from random import Random

import msgspec

from litesoc_server.events.event import Geo, Network, NetworkKind

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG


class City(msgspec.Struct, frozen=True):
    """One city."""

    name: str
    country: str  # ISO 3166-1 alpha-2
    region: str | None
    lat: float  # WGS-84 degrees
    lon: float  # WGS-84 degrees
    tz: str  # IANA name


class Net(msgspec.Struct, frozen=True):
    """One network in one city."""

    kind: NetworkKind
    city: int  # position in Atlas.cities
    asn: int
    org: str
    provider: str | None
    ranges: tuple[tuple[str, int], ...]  # first address and how many follow


class Atlas(msgspec.Struct, frozen=True):
    """All cities and networks."""

    cities: tuple[City, ...]
    networks: tuple[Net, ...]


_DECODER = msgspec.json.Decoder(Atlas)


@cache
def load_atlas() -> Atlas:
    """Return the world; read once."""
    return _DECODER.decode((files("litesoc_server.evaluation.simulator") / "atlas.json").read_bytes())


@cache
def nets_of(kind: NetworkKind, city: int | None = None, country: str | None = None) -> tuple[Net, ...]:
    """Return the networks of a kind, of one city or one country if given; of the whole world where these have none."""
    atlas = load_atlas()
    found = tuple(
        net
        for net in atlas.networks
        if net.kind is kind
        and (city is None or net.city == city)
        and (country is None or atlas.cities[net.city].country == country)
    )
    return found or nets_of(kind)


@cache
def cities_of(country: str | None = None) -> tuple[int, ...]:
    """Return the positions of the cities of a country, or of all."""
    return tuple(i for i, city in enumerate(load_atlas().cities) if country is None or city.country == country)


def draw_address(net: Net, rng: Random) -> str:
    """Return an address in one of the network's ranges."""
    start, size = rng.choice(net.ranges)
    return str(IPv4Address(int(IPv4Address(start)) + rng.randrange(size)))


@lru_cache(maxsize=65_536)
def distance_km(one: int, other: int) -> float:
    """Return the great-circle distance of two cities in km."""
    a, b = load_atlas().cities[one], load_atlas().cities[other]
    return great_circle_km(a.lat, a.lon, b.lat, b.lon)


def great_circle_km(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    """Return the great-circle distance of two points (WGS-84 degrees) in km."""
    phi_1, phi_2 = math.radians(lat_1), math.radians(lat_2)
    half = math.sin((phi_2 - phi_1) / 2) ** 2
    half += math.cos(phi_1) * math.cos(phi_2) * math.sin(math.radians(lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


@cache
def network_of(net: Net) -> Network:
    """Return what enrichment says about the network: its kind and flags, as a good data set knows them."""
    kind = net.kind
    return Network(
        asn=net.asn,
        as_org=net.org,
        is_vpn=kind is NetworkKind.VPN,
        is_tor=kind is NetworkKind.TOR,
        is_proxy=False,
        is_relay=kind is NetworkKind.RELAY,
        is_datacenter=kind in (NetworkKind.HOSTING, NetworkKind.VPN),
        is_mobile=kind is NetworkKind.MOBILE,
        kind=kind,
        confidence=0.9,
        provider=net.provider,
    )


def geo_of(city: City, lat: float, lon: float) -> Geo:
    """Return the place that a database gives for an address near ``city``."""
    return Geo(city.country, city.region, city.name, round(lat, 2), round(lon, 2), city.tz)
