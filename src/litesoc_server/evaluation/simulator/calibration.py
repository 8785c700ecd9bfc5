"""Measures the simulated traffic against what is known of real traffic, so that the docs can say how far it holds."""

from collections.abc import Iterable
from random import Random

import msgspec

from litesoc_server.evaluation.simulator.atlas import great_circle_km, nets_of
from litesoc_server.evaluation.simulator.clock import HOUR_MS
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED
from litesoc_server.evaluation.simulator.networks import FAR_KM, access_in, home_line
from litesoc_server.evaluation.simulator.population import World
from litesoc_server.events.event import Event, Geo, NetworkKind

NAIVE_KMH = 804.7  # 500 mph
_GAP_MIN_MS = 60_000  # as rules do that would divide by nothing otherwise


class Calibration(msgspec.Struct, frozen=True):
    """What was measured; shares are 0 to 1."""

    databases_disagree_share: float  # a home line placed by two databases more than 500 km apart
    home_and_phone_far_share: float  # a home line and a phone in one city more than 500 km apart
    naive_travel_alarms_per_1000_user_days: float  # every pair of logins in a row that needs more than 500 mph
    failures_share: float  # of login attempts, in traffic without attacks
    repeats_share: float  # events that came twice
    late_share: float  # events that came after one that is more than a second younger
    events_per_user_day: float


def places_agree(world: World, seed: int, pairs_count: int = 4_000) -> tuple[float, float]:
    """Return the first two shares of a Calibration, measured on the homes of ``world``."""
    rng = Random(f"calibration|{seed}")
    users = [user for org in world.orgs for user in org.users if not user.is_service]
    disagree = far = 0
    for _ in range(pairs_count):
        user = rng.choice(users)
        one, other = home_line(user.city, rng), home_line(user.city, rng)
        disagree += _km(one.geo, other.geo) > FAR_KM
        net = user.phone_net or rng.choice(nets_of(NetworkKind.MOBILE))
        far += _km(one.geo, access_in(net, rng, user.city).geo) > FAR_KM
    return disagree / pairs_count, far / pairs_count


def measure(world: World, events: Iterable[Event], *, days: int, seed: int) -> Calibration:
    """Measure traffic without attacks."""
    disagree, far = places_agree(world, seed)
    latest: dict[str, Event] = {}
    seen: set[str] = set()
    count = alarms = failures = successes = repeats = late = 0
    newest_ms = 0
    for event in events:
        count += 1
        repeats += event.event_id in seen
        seen.add(event.event_id)
        late += event.received_at_ms < newest_ms - 1_000
        newest_ms = max(newest_ms, event.received_at_ms)
        failures += event.name == LOGIN_FAILED
        if event.name == LOGIN_SUCCEEDED and event.actor is not None:
            successes += 1
            before = latest.get(event.actor.id)
            alarms += before is not None and _is_too_fast(before, event)
            latest[event.actor.id] = event
    user_days = world.users_count * days
    return Calibration(
        databases_disagree_share=disagree,
        home_and_phone_far_share=far,
        naive_travel_alarms_per_1000_user_days=1000 * alarms / user_days,
        failures_share=failures / max(1, failures + successes),
        repeats_share=repeats / max(1, count),
        late_share=late / max(1, count),
        events_per_user_day=count / user_days,
    )


def _is_too_fast(before: Event, after: Event) -> bool:
    if before.event_id == after.event_id:
        return False
    hours = max(abs(after.occurred_at_ms - before.occurred_at_ms), _GAP_MIN_MS) / HOUR_MS
    return _km(before.geo, after.geo) / hours > NAIVE_KMH


def _km(one: Geo | None, other: Geo | None) -> float:
    if one is None or other is None or one.latitude is None or other.latitude is None:
        return 0.0
    assert one.longitude is not None
    assert other.longitude is not None
    return great_circle_km(one.latitude, one.longitude, other.latitude, other.longitude)
