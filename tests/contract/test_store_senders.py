"""What the event store answers about those who send, held by both implementations."""

from typing import Any

import msgspec

from contract.store_cases import DAY_MS, NOW_MS, StoreCase, make_event, new_era_ms, new_org, stored
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event, Network
from litesoc_server.events.ids import OrgId

HOUR_MS = 3_600_000
SPAN = {"from_ms": NOW_MS, "to_ms": NOW_MS + DAY_MS}


def event(org: OrgId, second: int = 0, metadata: str = "{}", **changes: Any) -> Event:
    fields = {"metadata": msgspec.Raw(metadata.encode()), "network": Network(asn=64500), **changes}
    return make_event(org, NOW_MS + second * 1000, **fields)


def test_the_facts_of_each_key(case: StoreCase) -> None:
    org, stranger = new_org(), new_org()
    events = [
        event(org, name="auth.login_success", actor=Actor("usr_1")),
        event(org, 1, name="auth.login_success", actor=Actor("usr_2"), network=Network(is_datacenter=True)),
        event(org, 2, actor=Actor("usr_2"), user_ip="10.0.0.7", network=Network(special="private")),
        event(org, 3, '{"user_ip_raw":"unknown, 192.0.2.1"}', user_ip=None),
        event(org, 4, '{"user_ip_raw":"unknown"}', user_ip=None, network=None),
        event(org, 5, '{"a":1,"timestamp_raw":"x","timestamp_ignored":"too_old"}'),
        event(org, 6, '{"timestamp_ignored":"no_backfill_scope"}'),
        event(org, 7, '{"original_event":"X","unrecognized_format":true}', name="shop.checkout"),
        event(org, 8, '{"user_ip_raw":"198.51.100.77, 10.0.0.1"}'),
        event(org, 9, key_id="18"),
    ]
    elsewhere = [
        event(stranger),
        event(org, environment=Environment.TEST),
        make_event(org, NOW_MS - 1),
        make_event(org, NOW_MS + DAY_MS),
    ]
    case.store.insert(stored([*events, *elsewhere]))

    first, second = case.store.sender_facts(org_id=org, environment=Environment.LIVE, **SPAN)
    assert (first.key_id, second.key_id, second.events_count) == ("17", "18", 1)
    assert (first.events_count, first.actors_count, first.addresses_count) == (9, 3, 2)
    assert (first.without_address_count, first.unreadable_address_count, first.address_list_count) == (2, 2, 2)
    assert (first.special_address_count, first.rented_address_count) == (1, 1)
    assert (first.logins_count, first.failures_count) == (2, 6)
    assert (first.clock_count, first.no_backfill_count) == (1, 1)
    assert (first.unrecognised_count, first.unrecognised_names) == (1, ("shop.checkout",))
    assert (first.busiest_address, first.busiest_address_count) == ("198.51.100.77", 6)
    assert first.busiest_address_actors_count == 3
    assert case.store.sender_facts(org_id=new_org(), environment=Environment.LIVE, **SPAN) == []


def test_events_are_counted_by_the_computer_they_came_from(case: StoreCase) -> None:
    org, stranger = new_org(), new_org()
    of_web = '{"source_hostname":"web-3"}'
    counted = [event(org, 0, of_web), event(org, 1, '{"a":1,"source_hostname":"web-3"}')]
    others = [
        event(org, 2, '{"source_hostname":"db-1"}'),
        event(org, 3),
        event(org, 4, '{"note":"\\"source_hostname\\":\\"x\\""}'),
        event(org, 5, '{"source_hostname":""}'),
    ]
    elsewhere = [
        event(stranger, 0, of_web),
        event(org, 6, of_web, environment=Environment.TEST),
        event(org, -1, of_web),
        event(org, 86_400, of_web),
    ]
    case.store.insert(stored([*counted, *others, *elsewhere]))
    case.store.insert(stored(counted[:1]))  # a repetition shows nothing twice

    live = {"org_id": org, "environment": Environment.LIVE, **SPAN}
    assert case.store.events_by_host(**live, limit=10) == {"web-3": 2, "db-1": 1}
    assert case.store.events_by_host(**live, limit=1) == {"web-3": 2}
    assert case.store.events_by_host(**live | {"org_id": new_org()}, limit=10) == {}


def test_a_key_that_never_sends_an_address_has_no_busiest_one(case: StoreCase) -> None:
    org = new_org()
    case.store.insert(stored([event(org, user_ip=None)]))
    (facts,) = case.store.sender_facts(org_id=org, environment=Environment.LIVE, **SPAN)
    assert (facts.busiest_address, facts.busiest_address_count, facts.without_address_count) == (None, 0, 1)


def test_the_hours_in_which_each_key_sent(case: StoreCase) -> None:
    org, stranger = new_org(), new_org()
    begin_ms = NOW_MS // HOUR_MS * HOUR_MS
    events = [make_event(org, begin_ms + offset) for offset in (HOUR_MS, 5, HOUR_MS + 7, 4 * HOUR_MS + 1)]
    backdated = make_event(org, begin_ms + 2 * HOUR_MS, occurred_at_ms=begin_ms - 300 * DAY_MS)
    others = [make_event(stranger, begin_ms), make_event(org, begin_ms, environment=Environment.TEST)]
    case.store.insert(stored([*events, backdated, *others]))

    (hours,) = case.store.sender_hours(org_id=org, environment=Environment.LIVE, from_ms=begin_ms, to_ms=begin_ms + DAY_MS)
    assert hours.key_id == "17"
    assert hours.hours_ms == tuple(begin_ms + hour * HOUR_MS for hour in (0, 1, 2, 4))
    assert hours.last_ms == begin_ms + 4 * HOUR_MS + 1


def test_when_each_organisation_sent_last(case: StoreCase) -> None:
    era_ms = new_era_ms()
    first, second, silent = new_org(), new_org(), new_org()
    case.store.insert(
        stored(
            [
                make_event(first, NOW_MS, received_at_ms=era_ms),
                make_event(first, NOW_MS, received_at_ms=era_ms + 5, environment=Environment.TEST),
                make_event(first, NOW_MS, received_at_ms=era_ms + 9, source="feedback"),
                make_event(second, NOW_MS + 1, received_at_ms=era_ms + 1),
                make_event(silent, era_ms, received_at_ms=era_ms - 1),
            ]
        )
    )
    assert case.store.last_received(from_ms=era_ms) == {first: era_ms + 5, second: era_ms + 1}
