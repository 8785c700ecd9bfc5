"""The simulated population: repeatable, calibrated, and silent about what is an attack."""

import re
from collections import Counter

import msgspec
import pytest

from litesoc_server.evaluation.simulator.attacks.registry import FAMILIES
from litesoc_server.evaluation.simulator.calibration import measure
from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.population import build_world
from litesoc_server.evaluation.simulator.simulation import TWINS, Plan, Simulation
from litesoc_server.evaluation.simulator.wire import collect_body
from litesoc_server.events.event import Event
from litesoc_server.pipeline.state.base import LATENESS_MS
from litesoc_server.sources.collect import translate

SMALL = Plan(seed=7, users=120, days=9, attacks_per_org_day=12, twins_per_org_day=6)
QUIET = Plan(seed=7, users=800, days=10, attacks_per_org_day=0, twins_per_org_day=0)


@pytest.fixture(scope="module")
def small() -> tuple[Simulation, list[Event]]:
    simulation = Simulation(SMALL)
    return simulation, list(simulation.events())


@pytest.fixture(scope="module")
def quiet() -> tuple[Simulation, list[Event]]:
    simulation = Simulation(QUIET)
    return simulation, list(simulation.events())


def test_one_seed_gives_one_stream(small: tuple[Simulation, list[Event]]) -> None:
    assert list(Simulation(SMALL).events()) == small[1]
    assert [event.user_ip for event in Simulation(msgspec.structs.replace(SMALL, seed=8)).events()] != [
        event.user_ip for event in small[1]
    ]


def test_every_family_and_most_twins_take_the_stage(small: tuple[Simulation, list[Event]]) -> None:
    staged = {campaign.family for campaign in small[0].ledger.campaigns}
    missing = {family.name for family in FAMILIES} - staged
    # An organisation of 60 has perhaps no administrator and no service account.
    assert missing <= {"mass_delete", "off_hours_admin", "api_key_abuse"}
    assert len(staged & {twin.name for twin in TWINS}) > 10
    assert all(campaign.events_count and campaign.end_ms >= campaign.start_ms for campaign in small[0].ledger.campaigns)


def test_nothing_in_an_event_tells_that_it_is_an_attack(small: tuple[Simulation, list[Event]]) -> None:
    simulation, events = small
    words = {family.name for family in FAMILIES} | {"simulat", "campaign", "attack", "twin", "benign"}
    for event in events:
        body = msgspec.json.encode(collect_body(event)).decode()
        assert not [word for word in words if word in body]
    # Ids rise for everybody alike, and the metadata of attacks has no field that ordinary events lack.
    fields: dict[bool, set[str]] = {True: set(), False: set()}
    shapes: dict[bool, set[str]] = {True: set(), False: set()}
    for event in events:
        is_staged = event.event_id in simulation.ledger.campaign_of
        fields[is_staged] |= set(msgspec.json.decode(event.metadata))
        shapes[is_staged].add(re.sub(r"[0-9a-f]", "0", event.event_id))
    assert shapes[True] == shapes[False]
    assert fields[True] - fields[False] <= {"name", "new_role", "resource", "count", "reason", "setting", "target_user_id"}


def test_attacks_stay_within_attacked_organisations(small: tuple[Simulation, list[Event]]) -> None:
    simulation, events = small
    quiet_orgs = {org.org_id for org in simulation.world.orgs if not org.is_attacked}
    staged = {event.org_id for event in events if event.event_id in simulation.ledger.campaign_of}
    assert quiet_orgs
    assert not staged & quiet_orgs


def test_attackers_come_as_the_plan_says() -> None:
    simulation = Simulation(Plan(seed=3, users=100, days=9, attacks_per_org_day=60, twins_per_org_day=0))
    for _ in simulation.events():
        pass
    attacks = [campaign for campaign in simulation.ledger.campaigns if campaign.is_attack]
    remote = [campaign for campaign in attacks if campaign.place not in (Place.OWN, Place.TOR)]
    residential = sum(campaign.place is Place.RESIDENTIAL for campaign in remote) / len(remote)
    assert 0.35 < residential < 0.55  # 40 % and the families that come no other way
    with_victim = [c for c in attacks if c.family in {"travel_takeover", "device_takeover", "takeover_chain", "tor_login"}]
    assert 0.2 < sum(campaign.copies_agent for campaign in with_victim) / len(with_victim) < 0.4


def test_events_arrive_within_the_promised_disorder(small: tuple[Simulation, list[Event]]) -> None:
    newest_ms = 0
    ids = Counter(event.event_id for event in small[1])
    for event in small[1]:
        assert event.occurred_at_ms > newest_ms - LATENESS_MS
        newest_ms = max(newest_ms, event.occurred_at_ms)
    assert 0.005 < sum(count - 1 for count in ids.values()) / len(small[1]) < 0.02


def test_calibration_holds(quiet: tuple[Simulation, list[Event]]) -> None:
    simulation, events = quiet
    found = measure(simulation.world, events, days=QUIET.days, seed=QUIET.seed)
    assert 0.09 < found.databases_disagree_share < 0.15
    assert 0.30 < found.home_and_phone_far_share < 0.46
    assert 20 < found.naive_travel_alarms_per_1000_user_days < 140
    assert 0.03 < found.failures_share < 0.1
    assert 0.005 < found.repeats_share < 0.015
    assert 0.01 < found.late_share < 0.03


def test_an_office_and_a_carrier_are_shared(quiet: tuple[Simulation, list[Event]]) -> None:
    users_of: dict[str, set[str]] = {}
    for event in quiet[1]:
        if event.actor is not None and event.user_ip is not None:
            users_of.setdefault(event.user_ip, set()).add(event.actor.id)
    office = quiet[0].world.orgs[0].offices[0].ip
    assert len(users_of[office]) > 20
    assert sum(len(users) > 1 for users in users_of.values()) > 50


def test_bodies_are_what_collect_takes(small: tuple[Simulation, list[Event]]) -> None:
    for event in small[1][:500]:
        (item,) = translate(msgspec.json.encode(collect_body(event)))
        assert item.actor_id == (event.actor.id if event.actor else None)
        assert item.user_ip == event.user_ip
        assert item.session_id == event.session_id


def test_worlds_of_different_sizes_have_quiet_and_attacked_organisations() -> None:
    for users in (10, 5_000):
        world = build_world(1, users)
        assert world.users_count == users
        assert {org.is_attacked for org in world.orgs} == {True, False}
