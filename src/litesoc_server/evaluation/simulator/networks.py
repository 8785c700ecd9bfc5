"""Accesses: an address with the place and network that enrichment would find, errors of the city database included.

Calibration (docs/evaluation.md): two independent city databases put the same fixed address more than 500 km apart for 12 %
of addresses, and a home line and a phone of one city for 39 % of pairs. An address is wrong for good, as in a database.
"""

import math
from collections.abc import Callable
from functools import cache
from random import Random

import msgspec

from litesoc_server.evaluation.simulator.atlas import (
    Net,
    cities_of,
    distance_km,
    draw_address,
    geo_of,
    load_atlas,
    nets_of,
    network_of,
)
from litesoc_server.events.event import Geo, Network, NetworkKind

FAR_KM = 500.0
# 1 - (1 - p)^2 = 0.12 for two databases that err independently.
FIXED_FAR_SHARE = 0.062
# A phone's traffic comes out at a gateway, often in another city: 1 - (1 - 0.062)(1 - p) = 0.39.
MOBILE_FAR_SHARE = 0.35
_FAR_MAX_KM = 4_000.0  # beyond, databases rarely confuse places
_ABROAD_SHARE, _ABROAD_MAX_KM = 0.1, 1_500.0  # of the far ones
_NEAR_MEDIAN_KM, _NEAR_SIGMA = 12.0, 1.1  # of the ordinary error, log-normal
_KM_PER_DEGREE = 111.2
CGNAT_ADDRESSES = 8  # shared by the phones of one operator in one city


class Access(msgspec.Struct, frozen=True):
    """A way into the net."""

    ip: str
    geo: Geo | None
    network: Network
    true_city: int  # where it really is: for the measures, never for detectors


def is_located(access: Access) -> bool:
    """Return whether an address tells where its user is."""
    return access.network.kind in (NetworkKind.ISP, NetworkKind.MOBILE)


def access_in(net: Net, rng: Random, city: int | None = None) -> Access:
    """Return a new address in ``net``, used in ``city`` (else where the network is)."""
    true_city = net.city if city is None else city
    shares = {NetworkKind.ISP: FIXED_FAR_SHARE, NetworkKind.MOBILE: MOBILE_FAR_SHARE}
    geo = database_place(true_city, shares.get(net.kind, 0.02), rng)
    return Access(draw_address(net, rng), geo, network_of(net), true_city)


def database_place(city: int, far_share: float, rng: Random) -> Geo:
    """Return where a city database puts an address of ``city``: mostly close, with ``far_share`` more than 500 km off.

    A far one is another city of the country or, less often, of a neighbour; where the world has none, a point of the country
    without a city, as databases have for addresses of which they know the country alone.
    """
    if rng.random() < far_share:
        in_country, abroad = _confused_with(city)
        if abroad and rng.random() < _ABROAD_SHARE:
            city = rng.choice(abroad)
        elif in_country:
            city = rng.choice(in_country)
        else:
            return _displaced(city, rng.uniform(FAR_KM * 1.1, FAR_KM * 2), rng, is_city_known=False)
    return _displaced(city, min(rng.lognormvariate(0, _NEAR_SIGMA) * _NEAR_MEDIAN_KM, 200.0), rng, is_city_known=True)


def _displaced(city: int, km: float, rng: Random, *, is_city_known: bool) -> Geo:
    place = load_atlas().cities[city]
    angle = rng.uniform(0, 2 * math.pi)
    north, east = km * math.cos(angle) / _KM_PER_DEGREE, km * math.sin(angle) / _KM_PER_DEGREE
    lat = max(-89.0, min(89.0, place.lat + north))
    geo = geo_of(place, lat, (place.lon + east / math.cos(math.radians(place.lat)) + 180) % 360 - 180)
    return geo if is_city_known else Geo(geo.country_code, None, None, geo.latitude, geo.longitude, geo.time_zone)


@cache
def _confused_with(city: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the far cities of the same country, and those of other countries that are not too far."""
    cities = load_atlas().cities
    far = [c for c in cities_of() if FAR_KM + 100 < distance_km(city, c) < _FAR_MAX_KM]
    return (
        tuple(c for c in far if cities[c].country == cities[city].country),
        tuple(c for c in far if cities[c].country != cities[city].country and distance_km(city, c) < _ABROAD_MAX_KM),
    )


def home_line(city: int, rng: Random) -> Access:
    """Return a household's line."""
    return access_in(rng.choice(nets_of(NetworkKind.ISP, city)), rng, city)


def same_network(access: Access, rng: Random) -> Access:
    """Return another address of the network that ``access`` is in, as a household gets one now and then."""
    nets = [net for net in nets_of(NetworkKind.ISP, access.true_city) if net.asn == access.network.asn]
    return access_in(rng.choice(nets or nets_of(NetworkKind.ISP, access.true_city)), rng, access.true_city)


class CarrierNat:
    """The shared addresses of mobile operators: phones of one operator and city come out of a few."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._pools: dict[tuple[Net, int], list[Access]] = {}

    def access(self, net: Net, city: int) -> Access:
        """Return one of the addresses, any of them."""
        pool = self._pools.get((net, city))
        if pool is None:
            pool = self._pools[net, city] = [access_in(net, self._rng, city) for _ in range(CGNAT_ADDRESSES)]
        return self._rng.choice(pool)


class Exits:
    """The servers of VPN services, relays and Tor: everybody who chooses one has its address."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._accesses: dict[Net, list[Access]] = {}

    def access(self, net: Net) -> Access:
        """Return one of the addresses of ``net``."""
        known = self._accesses.get(net)
        if known is None:
            known = self._accesses[net] = [access_in(net, self._rng) for _ in range(4)]
        return self._rng.choice(known)

    def of_kind(self, kind: NetworkKind, *, country: str | None = None, avoid: str | None = None) -> Access:
        """Return an exit of a kind, in ``country`` if there is one, never in the country ``avoid``."""
        cities = load_atlas().cities
        nets = _without(kind, country, lambda net: cities[net.city].country != avoid)
        return self.access(self._rng.choice(nets))


def _without(kind: NetworkKind, country: str | None, is_fine: Callable[[Net], bool]) -> list[Net]:
    return [net for net in nets_of(kind, country=country) if is_fine(net)] or [n for n in nets_of(kind) if is_fine(n)]
