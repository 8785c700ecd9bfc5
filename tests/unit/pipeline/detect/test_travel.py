import pytest

from factories import PLACES
from litesoc_server.events.event import Geo, Network
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.travel import are_neighbours, error_radius_km, haversine_km, is_located, journey


def origin(
    ip: str | None = "203.0.113.9", geo: Geo | None = PLACES["Oslo"], network: Network | None = None, at_ms: int = 0
) -> Origin:
    return Origin(EventId("e"), at_ms, ip=ip, geo=geo, network=network)


@pytest.mark.parametrize(
    ("place", "other", "km"),
    [("London", "New York", 5_570), ("Oslo", "Tokyo", 8_405), ("Oslo", "Oslo", 0)],
)
def test_great_circles(place: str, other: str, km: float) -> None:
    one, two = PLACES[place], PLACES[other]
    assert None not in (one.latitude, one.longitude, two.latitude, two.longitude)
    measured = haversine_km(one.latitude or 0, one.longitude or 0, two.latitude or 0, two.longitude or 0)
    assert measured == pytest.approx(km, rel=0.001, abs=1)


def test_the_other_side_of_the_world_is_half_its_circumference_away() -> None:
    assert haversine_km(0, 0, 0, 180) == pytest.approx(20_015.1, abs=0.1)


@pytest.mark.parametrize(
    ("login", "radius_km"),
    [
        (origin(), 250),
        (origin(ip="2001:db8::1"), 500),
        (origin(geo=Geo("NO", latitude=60, longitude=8)), 500),
        (origin(network=Network(is_mobile=True)), 1000),
        (origin(network=Network(is_datacenter=True)), 100),
    ],
)
def test_error_radii(login: Origin, radius_km: float) -> None:
    assert error_radius_km(login) == radius_km


def test_a_journey_leaves_out_location_error_and_takes_five_minutes_at_least() -> None:
    trip = journey(origin(), origin(geo=PLACES["Tokyo"], at_ms=60_000))
    assert trip.distance_km == pytest.approx(trip.measured_km - 750)
    assert trip.speed_kmh == pytest.approx(trip.distance_km * 12)
    assert trip.is_abroad
    assert journey(origin(), origin(geo=PLACES["Bergen"])).distance_km == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (origin("203.0.113.9"), origin("203.0.113.200"), True),
        (origin("203.0.113.9"), origin("203.0.114.9"), False),
        (origin("2001:db8:1:2::1"), origin("2001:db8:1:9::1"), True),
        (origin("2001:db8:1::1"), origin("2001:db8:2::1"), False),
        (origin("203.0.113.9"), origin("2001:db8::1"), False),
        (origin("1.1.1.1", network=Network(asn=5)), origin("2.2.2.2", network=Network(asn=5)), True),
        (origin("1.1.1.1", network=Network()), origin("2.2.2.2", network=Network()), False),
        (origin(None), origin(None), False),
    ],
)
def test_neighbours(one: Origin, other: Origin, expected: bool) -> None:
    assert are_neighbours(one, other) is expected


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (origin(), True),
        (origin(ip=None), False),
        (origin(geo=None), False),
        (origin(geo=Geo(latitude=1, longitude=1)), False),
        (origin(network=Network(special="private")), False),
        (origin(network=Network(is_proxy=True)), False),
        (origin(network=Network(is_vpn=False)), True),
    ],
)
def test_what_counts_as_located(login: Origin, expected: bool) -> None:
    assert is_located(login) is expected


def test_a_login_without_a_place_has_no_journey() -> None:
    with pytest.raises(ValueError, match="no journey"):
        journey(origin(), origin(geo=None))
