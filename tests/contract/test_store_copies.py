"""Redelivery and races: however often a row is written, an event shows once."""

from collections.abc import Iterator

import pytest

from contract.store_cases import (
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
from litesoc_server.events.event import Actor, Event
from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import EventFilter
from litesoc_server.store.queries import recent_events as recent_events_query


@pytest.fixture
def unmerged_case(case: StoreCase) -> Iterator[StoreCase]:
    """A store in which copies stay until a test merges them."""
    case.execute("SYSTEM STOP MERGES events")
    yield case
    case.execute("SYSTEM START MERGES events")


def row_count(case: StoreCase, org_id: OrgId) -> int:
    """Return how many rows there really are."""
    return int(case.execute(f"SELECT count() FROM events WHERE org_id = '{org_id}'"))


def hourly_sum(case: StoreCase, org_id: OrgId) -> int:
    """Return what the hourly counts add up to."""
    counts = case.store.hourly_counts(org_id=org_id, environment=Environment.LIVE, from_ms=0, to_ms=NOW_MS * 2)
    return sum(count.events for count in counts)


def write_overlapping(case: StoreCase, events: list[Event]) -> None:
    """Write as two workers do that both took the middle third for unwritten."""
    third = len(events) // 3
    case.store.insert(stored(events[: 2 * third]))
    case.store.insert(stored(events[third:]))


def test_a_repeated_insert_changes_nothing(unmerged_case: StoreCase) -> None:
    org = new_org()
    events = make_events(org, 20)
    for _attempt in range(3):
        unmerged_case.store.insert(stored(events))

    assert row_count(unmerged_case, org) == 20
    assert hourly_sum(unmerged_case, org) == 20
    assert list_all(unmerged_case.store, org) == newest_first(events)


def test_a_repeated_insert_over_several_months_changes_nothing(unmerged_case: StoreCase) -> None:
    org = new_org()
    events = make_events(org, 10, step_ms=20 * 86_400_000)
    for _attempt in range(2):
        unmerged_case.store.insert(stored(events))

    assert row_count(unmerged_case, org) == 10


def test_equal_events_with_different_ids_are_all_kept(unmerged_case: StoreCase) -> None:
    org = new_org()
    events = [make_event(org) for _attempt in range(5)]
    for event in events:
        unmerged_case.store.insert(stored([event]))

    assert list_all(unmerged_case.store, org) == newest_first(events)


def test_a_repeated_insert_is_recognised_after_a_restart(unmerged_case: StoreCase) -> None:
    org = new_org()
    events = make_events(org, 5)
    unmerged_case.store.insert(stored(events))
    unmerged_case.reopen()
    unmerged_case.execute("SYSTEM STOP MERGES events")
    unmerged_case.store.insert(stored(events))

    assert row_count(unmerged_case, org) == 5


def test_events_written_by_two_workers_at_once_show_once_everywhere(unmerged_case: StoreCase) -> None:
    case, org = unmerged_case, new_org()
    events = make_events(org, 30)
    write_overlapping(case, events)
    assert row_count(case, org) == 40

    assert list_all(case.store, org) == newest_first(events)
    pages = [case.store.list_events(org_id=org, where=EventFilter(), limit=7, offset=offset) for offset in range(0, 35, 7)]
    assert [event for page in pages for event in page.events] == newest_first(events)
    assert {page.total for page in pages} == {30}
    ids = [event.event_id for event in events]
    assert case.store.get_events(org_id=org, event_ids=ids, not_before_ms=None) == {
        event.event_id: event for event in events
    }
    assert case.store.existing(stored(events)) == set(ids)
    assert case.store.count_received(org_id=org, from_ms=0, to_ms=NOW_MS * 2) == 30


@pytest.mark.parametrize(
    "where",
    [
        EventFilter(event_name="auth.login_failed"),
        EventFilter(actor_id="usr_1"),
        EventFilter(actor_id="usr_2"),
        EventFilter(not_before_ms=NOW_MS + 14_000),
    ],
)
def test_filtered_lists_show_raced_events_once(unmerged_case: StoreCase, where: EventFilter) -> None:
    org = new_org()
    events = [make_event(org, NOW_MS + number * 1000, actor=Actor(f"usr_{number % 2}")) for number in range(30)]
    write_overlapping(unmerged_case, events)

    expected = [
        event
        for event in newest_first(events)
        if where.actor_id in (None, event.actor and event.actor.id) and event.occurred_at_ms >= (where.not_before_ms or 0)
    ]
    assert list_all(unmerged_case.store, org, where) == expected


def test_raced_events_are_fed_to_the_detectors_once(unmerged_case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_events_query, "EVENTS_PER_PAGE", 3)  # so that copies fall on both sides of a page's end
    org, era_ms = new_org(), new_era_ms()
    events = make_events(org, 12, first_ms=era_ms)
    write_overlapping(unmerged_case, events)

    assert list(unmerged_case.store.recent_events(since_ms=era_ms, limit=100)) == events


def test_copies_become_one_row_when_parts_merge(unmerged_case: StoreCase) -> None:
    case, org = unmerged_case, new_org()
    events = make_events(org, 30)
    write_overlapping(case, events)
    case.execute("SYSTEM START MERGES events")
    case.execute("OPTIMIZE TABLE events FINAL")

    assert row_count(case, org) == 30
    assert list_all(case.store, org) == newest_first(events)


def test_the_store_merges_by_itself_within_the_time_in_which_it_looks_for_copies(case: StoreCase) -> None:
    settings = case.execute("SELECT engine_full FROM system.tables WHERE name = 'events' AND database = currentDatabase()")

    (merged_after_s,) = [
        int(part.removeprefix("min_age_to_force_merge_seconds = "))
        for part in str(settings).replace(" SETTINGS ", ", ").split(", ")
        if part.startswith("min_age_to_force_merge_seconds")
    ]
    assert 2 * merged_after_s < 86_400
