"""Journeys by air, with the way to the airport and from it, and how people get online abroad."""

from random import Random

from litesoc_server.evaluation.simulator.atlas import cities_of, distance_km, load_atlas, nets_of
from litesoc_server.evaluation.simulator.clock import DAY_MS, HOUR_MS, local_ms
from litesoc_server.evaluation.simulator.networks import Access, CarrierNat, home_line
from litesoc_server.evaluation.simulator.population import Trip, User
from litesoc_server.events.event import NetworkKind

CRUISE_KMH = 800.0
GROUND_H = 3.5  # to the airport, security, waiting, and into the city
_TRIPS_PER_DAY, _TRIPS_PER_DAY_FREQUENT = 1 / 150, 1 / 14  # assumed
_ABROAD_SHARE = 0.6


def plan(user: User, day_ms: int, rng: Random) -> None:
    """Let ``user`` set off on some days, and be home again."""
    if user.trip is not None and user.trip.home_ms < day_ms:
        user.trip = None
    if user.trip is None and rng.random() < (_TRIPS_PER_DAY_FREQUENT if user.is_frequent_traveller else _TRIPS_PER_DAY):
        user.trip = journey(user, _destination(user, rng), local_ms(user.city, day_ms, rng.uniform(5.0, 18.0)), rng)


def journey(user: User, city: int, leaves_ms: int, rng: Random) -> Trip:
    """Return a trip to ``city`` of some days."""
    hours = distance_km(user.city, city) / CRUISE_KMH + GROUND_H
    arrives_ms = leaves_ms + int(hours * HOUR_MS)
    returns_ms = arrives_ms + int(rng.uniform(1.0, 9.0) * DAY_MS)
    return Trip(leaves_ms, arrives_ms, returns_ms, returns_ms + int(hours * HOUR_MS), city, home_line(city, rng))


def city_at(user: User, at_ms: int) -> int:
    """Return where a user is at a time."""
    trip = user.trip
    return user.city if trip is None or not trip.arrives_ms <= at_ms < trip.returns_ms else trip.city


def access_abroad(user: User, trip: Trip, carriers: CarrierNat, *, is_phone: bool, roams_home: bool) -> Access:
    """Return how a traveller gets online: the hotel's WLAN, the home operator's gateway, or a local operator."""
    if not is_phone or user.phone_net is None:
        return trip.hotel
    if roams_home:
        return carriers.access(user.phone_net, user.city)
    country = load_atlas().cities[trip.city].country
    return carriers.access(nets_of(NetworkKind.MOBILE, country=country)[0], trip.city)


def _destination(user: User, rng: Random) -> int:
    cities = load_atlas().cities
    home = cities[user.city].country
    within = [c for c in cities_of(home) if c != user.city]
    if not within or rng.random() < _ABROAD_SHARE:
        within = [c for c in cities_of() if cities[c].country not in (home, user.org.blocked_country)]
    return rng.choice(within)
