"""What the event store answers, and to whom, held by both implementations."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.store_cases import (
    DAY_MS,
    NOW_MS,
    StoreCase,
    list_all,
    make_event,
    make_events,
    new_era_ms,
    new_org,
    newest_first,
    stored,
)
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk, RiskContribution
from litesoc_server.store.base import EventFilter, RiskyLoginsFilter
from litesoc_server.store.queries import history as history_query
from litesoc_server.store.queries import recent_events as recent_events_query
from litesoc_server.store.queries.recent_events import fair_share

HOUR_MS = 3_600_000
UNKNOWN_ID = "019e7044-8800-78af-997a-db9706d678b2"  # its time is NOW_MS


def test_pages_show_everything_once_newest_first_with_ties_in_order_of_ids(case: StoreCase) -> None:
    org = new_org()
    events = [make_event(org, NOW_MS + number // 20) for number in range(95)]
    for start in range(0, len(events), 10):
        case.store.insert(stored(events[start : start + 10]))

    pages = [
        case.store.list_events(org_id=org, where=EventFilter(), limit=10, offset=offset) for offset in range(0, 110, 10)
    ]

    assert [event for page in pages for event in page.events] == newest_first(events)
    assert {page.total for page in pages} == {95}
    assert case.store.list_events(org_id=org, where=EventFilter(), limit=0, offset=0).events == ()


FILTERS: list[dict[str, Any]] = [
    {"event_name": "auth.login_success"},
    {"actor_id": "usr_2"},
    {"severity": Severity.CRITICAL},
    {"not_before_ms": NOW_MS + 10_000},
    {"event_name": "auth.login_failed", "actor_id": "usr_1", "severity": Severity.INFO, "not_before_ms": NOW_MS + 5_000},
    {"event_name": "no.such_name"},
]


def _matches(event: Event, where: EventFilter) -> bool:
    return (
        event.environment == where.environment
        and where.event_name in (None, event.name)
        and (where.actor_id is None or (event.actor is not None and event.actor.id == where.actor_id))
        and where.severity in (None, event.severity)
        and (where.not_before_ms is None or event.occurred_at_ms >= where.not_before_ms)
    )


@pytest.mark.parametrize("fields", FILTERS)
def test_every_filter_that_is_set_must_match(case: StoreCase, fields: dict[str, Any]) -> None:
    org, where = new_org(), EventFilter(**fields)
    events = [
        make_event(
            org,
            NOW_MS + number * 500,
            name=("auth.login_failed", "auth.login_success")[number % 2],
            actor=(Actor("usr_1"), Actor("usr_2"), None)[number % 3],
            severity=list(Severity)[number % 3],
            environment=list(Environment)[number % 5 == 0],
        )
        for number in range(60)
    ]
    case.store.insert(stored(events))

    expected = newest_first([event for event in events if _matches(event, where)])
    page = case.store.list_events(org_id=org, where=where, limit=4, offset=1)
    assert list(page.events) == expected[1:5]
    assert page.total == len(expected)


def test_the_two_environments_never_mix(case: StoreCase) -> None:
    org = new_org()
    live, test = make_event(org), make_event(org, environment=Environment.TEST)
    case.store.insert(stored([live, test]))

    assert list_all(case.store, org) == [live]
    assert list_all(case.store, org, EventFilter(environment=Environment.TEST)) == [test]


def test_an_organisation_never_sees_anything_of_another(case: StoreCase) -> None:
    org, stranger = new_org(), new_org()
    events = make_events(org, 3)
    case.store.insert(stored(events))
    ids = [event.event_id for event in events]

    assert list_all(case.store, stranger) == []
    assert case.store.get_event(org_id=stranger, event_id=ids[0], not_before_ms=None) is None
    assert case.store.get_events(org_id=stranger, event_ids=ids, not_before_ms=None) == {}
    assert case.store.count_received(org_id=stranger, from_ms=0, to_ms=NOW_MS * 2) == 0
    assert case.store.hourly_counts(org_id=stranger, environment=Environment.LIVE, from_ms=0, to_ms=NOW_MS * 2) == []
    moved = [msgspec.structs.replace(event, org_id=stranger) for event in events]
    assert case.store.existing(stored(moved)) == set()


def test_events_are_found_by_id_even_when_they_were_backdated(case: StoreCase) -> None:
    org = new_org()
    ordinary = make_event(org)
    backdated = make_event(org, occurred_at_ms=NOW_MS - 399 * DAY_MS)
    case.store.insert(stored([ordinary, backdated]))

    for event in (ordinary, backdated):
        assert case.store.get_event(org_id=org, event_id=event.event_id, not_before_ms=None) == event
        assert case.store.get_event(org_id=org, event_id=EventId(event.event_id.upper()), not_before_ms=None) == event
    ids = [ordinary.event_id, backdated.event_id, EventId(UNKNOWN_ID), EventId("no id"), ordinary.event_id]
    found = case.store.get_events(org_id=org, event_ids=ids, not_before_ms=None)
    assert found == {ordinary.event_id: ordinary, backdated.event_id: backdated}


@pytest.mark.parametrize("event_id", ["", "no id", "1", "'", "ffffffff-ffff-4fff-bfff-ffffffffffff", UNKNOWN_ID])
def test_an_unknown_or_malformed_id_finds_nothing(case: StoreCase, event_id: str) -> None:
    org = new_org()
    case.store.insert(stored([make_event(org)]))

    assert case.store.get_event(org_id=org, event_id=EventId(event_id), not_before_ms=None) is None


def test_many_events_are_found_by_id_at_once(case: StoreCase) -> None:
    org = new_org()
    events = make_events(org, 1200)
    case.store.insert(stored(events))

    found = case.store.get_events(org_id=org, event_ids=[event.event_id for event in events], not_before_ms=None)
    assert found == {event.event_id: event for event in events}


def test_the_cutoff_is_on_event_time_and_includes_its_own_moment(case: StoreCase) -> None:
    org = new_org()
    old, new = make_event(org, occurred_at_ms=NOW_MS - 1), make_event(org)
    case.store.insert(stored([old, new]))

    assert list_all(case.store, org, EventFilter(not_before_ms=NOW_MS)) == [new]
    assert case.store.get_event(org_id=org, event_id=old.event_id, not_before_ms=NOW_MS) is None
    assert case.store.get_event(org_id=org, event_id=new.event_id, not_before_ms=NOW_MS) == new


def test_existing_names_exactly_the_stored_ones_of_many(case: StoreCase) -> None:
    org = new_org()
    events = make_events(org, 2500, step_ms=7)
    backdated = make_event(org, occurred_at_ms=NOW_MS - 90 * DAY_MS)
    malformed = make_event(org, event_id=EventId("no id"))
    case.store.insert(stored([*events[::2], backdated]))

    found = case.store.existing(stored([*events, backdated, malformed]))
    assert found == {backdated.event_id, *(event.event_id for event in events[::2])}
    assert case.store.existing([]) == set()


def test_recent_events_are_the_newest_of_all_organisations_oldest_first(
    case: StoreCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_events_query, "EVENTS_PER_PAGE", 7)
    era_ms = new_era_ms()
    events = [make_event(new_org(), era_ms + number // 3) for number in range(40)]
    before = make_event(new_org(), era_ms - 1)
    case.store.insert(stored([*events, before]))

    expected = newest_first(events)[::-1]
    for limit in (40, 1000):
        assert list(case.store.recent_events(since_ms=era_ms, limit=limit)) == expected
    assert list(case.store.recent_events(since_ms=era_ms, limit=0)) == []
    assert list(case.store.recent_events(since_ms=era_ms + 100, limit=10)) == []


def test_a_flood_of_one_organisation_pushes_out_nothing_of_the_others(
    case: StoreCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_events_query, "EVENTS_PER_PAGE", 7)
    era_ms = new_era_ms()
    quiet, flooding = new_org(), new_org()
    theirs = [make_event(quiet, era_ms + number) for number in range(5)]
    flood = [make_event(flooding, era_ms + 100 + number) for number in range(60)]
    case.store.insert(stored([*theirs, *flood]))
    assert list(case.store.recent_events(since_ms=era_ms, limit=20)) == [*theirs, *flood[-15:]]


@given(counts=st.lists(st.integers(1, 50), max_size=8), limit=st.integers(1, 200))
def test_shares_are_fair(counts: list[int], limit: int) -> None:
    share = fair_share(counts, limit)
    given_out = sum(min(count, share) for count in counts)
    assert given_out <= limit
    assert given_out == sum(counts) or given_out > limit - len(counts)  # nothing is left that all could have shared


def test_recent_events_can_be_those_received_lately_whenever_they_happened(case: StoreCase) -> None:
    era_ms = new_era_ms()
    org = new_org()
    events = [make_event(org, era_ms + number, received_at_ms=era_ms + number % 3) for number in range(9)]
    case.store.insert(stored(events))
    found = case.store.recent_events(since_ms=era_ms, limit=4, received_from_ms=era_ms + 1)
    assert list(found) == [event for event in events if event.received_at_ms > era_ms][-4:]


def test_events_are_counted_by_when_they_were_received(case: StoreCase) -> None:
    org = new_org()
    received_ms = [NOW_MS - 1, NOW_MS, NOW_MS + DAY_MS - 1, NOW_MS + DAY_MS]
    events = [make_event(org, at_ms, environment=list(Environment)[at_ms % 2]) for at_ms in received_ms]
    backdated = make_event(org, occurred_at_ms=NOW_MS - 300 * DAY_MS)
    ours = make_event(org, NOW_MS, source="feedback")  # published by the server itself: it costs nobody anything
    case.store.insert(stored([*events, backdated, ours]))

    assert case.store.count_received(org_id=org, from_ms=NOW_MS, to_ms=NOW_MS + DAY_MS) == 3
    assert case.store.count_received(org_id=org, from_ms=NOW_MS + 1, to_ms=NOW_MS + 2) == 0
    assert case.store.count_received(org_id=org, from_ms=0, to_ms=NOW_MS * 2) == 5


def test_hourly_counts_add_up_over_inserts(case: StoreCase) -> None:
    org, hour_ms = new_org(), NOW_MS // HOUR_MS * HOUR_MS
    events = make_events(org, 10, first_ms=hour_ms, step_ms=HOUR_MS // 4)
    for event in [*events, make_event(org, hour_ms, environment=Environment.TEST)]:
        case.store.insert(stored([event]))

    counts = case.store.hourly_counts(
        org_id=org, environment=Environment.LIVE, from_ms=hour_ms + 1, to_ms=hour_ms + 2 * HOUR_MS
    )
    assert [(count.hour_ms, count.name, count.severity, count.events) for count in counts] == [
        (hour_ms, "auth.login_failed", Severity.WARNING, 4),
        (hour_ms + HOUR_MS, "auth.login_failed", Severity.WARNING, 4),
    ]


def test_the_riskiest_logins_of_an_actor_are_those_that_weigh_most_today(case: StoreCase) -> None:
    org, stranger, half_life_ms = new_org(), new_org(), 7 * DAY_MS

    def login(org_id: OrgId, days_ago: float, score: int, **changes: Any) -> Event:
        risk = Risk(score, 1.5, (RiskContribution("network", "new country BR", 1.5),))
        at_ms = NOW_MS - round(days_ago * DAY_MS)
        return make_event(org_id, at_ms, **{"name": "auth.login_success", "actor": Actor("mira"), "risk": risk, **changes})

    fresh, older, oldest = login(org, 0, 30), login(org, 7, 58), login(org, 21, 99)
    others = [
        login(org, 0, 90, actor=Actor("jonas")),
        login(org, 0, 90, environment=Environment.TEST),
        login(org, -1, 90),
        login(org, 71, 100),
        login(org, 0, 0),
        login(org, 0, 90, name="auth.login_failed", risk=None),
        login(stranger, 0, 90),
    ]
    case.store.insert(stored([oldest, fresh, *others, older]))

    where = RiskyLoginsFilter(actor_id="mira", now_ms=NOW_MS, half_life_ms=half_life_ms)
    found = case.store.riskiest_logins(org_id=org, where=where, limit=10)
    assert [(one.event_id, one.at_ms, one.risk) for one in found] == [
        (event.event_id, event.occurred_at_ms, event.risk) for event in (fresh, older, oldest)
    ]
    assert case.store.riskiest_logins(org_id=org, where=where, limit=1) == found[:1]
    cut = msgspec.structs.replace(where, not_before_ms=NOW_MS - 10 * DAY_MS)
    assert case.store.riskiest_logins(org_id=org, where=cut, limit=10) == found[:2]
    assert case.store.riskiest_logins(org_id=new_org(), where=where, limit=10) == []


def test_the_riskiest_of_many_logins_are_found_whatever_days_they_are_on(case: StoreCase) -> None:
    org, half_life_ms, rng = new_org(), 7 * DAY_MS, random.Random(5)
    logins = [
        make_event(
            org,
            NOW_MS - rng.randrange(40 * DAY_MS),
            name="auth.login_success",
            actor=Actor("mira"),
            risk=Risk(rng.randint(1, 100), 1.5, ()),
        )
        for _ in range(120)
    ]
    case.store.insert(stored(logins))

    def weight(event: Event) -> float:
        assert event.risk is not None
        left: float = event.risk.score * 0.5 ** ((NOW_MS - event.occurred_at_ms) / half_life_ms)
        return left

    expected = [event.event_id for event in sorted(logins, key=weight, reverse=True)]
    for not_before_ms in (None, NOW_MS - round(9.3 * DAY_MS)):
        where = RiskyLoginsFilter(actor_id="mira", now_ms=NOW_MS, half_life_ms=half_life_ms, not_before_ms=not_before_ms)
        seen = {event.event_id for event in logins if event.occurred_at_ms >= (not_before_ms or 0)}
        for limit in (1, 2, 10, 50):
            found = case.store.riskiest_logins(org_id=org, where=where, limit=limit)
            assert [one.event_id for one in found] == [one for one in expected if one in seen][:limit]


def test_the_history_of_an_event_is_its_organisations_and_ends_with_it(
    case: StoreCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_query, "EVENTS_PER_PAGE", 4)
    org = new_org()
    made = [make_event(org, NOW_MS + number // 3 * 1_000) for number in range(12)]  # three at a time
    events = sorted(made, key=lambda event: (event.occurred_at_ms, event.event_id))
    tested = make_event(org, NOW_MS, environment=Environment.TEST)
    case.store.insert(stored([*events[::-1], tested, make_event(new_org(), NOW_MS)]))

    until = events[9]
    everything = list(case.store.history(until=until, since_ms=0, limit=100))
    assert everything == events[:10]
    assert list(case.store.history(until=until, since_ms=0, limit=6)) == everything[-6:]
    assert list(case.store.history(until=until, since_ms=NOW_MS + 1_000, limit=100)) == everything[3:]
    assert list(case.store.history(until=until, since_ms=0, limit=0)) == []
