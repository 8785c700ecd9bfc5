"""The feed of new events: each is told of once, whatever the order in which inserts become visible."""

import msgspec
import pytest

from contract.store_cases import NOW_MS, StoreCase, make_event, make_events, new_org, newest_first, stored
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.parse import parse
from litesoc_server.store import feed as feed_module
from litesoc_server.store.base import ID_MAX, EventSearch, TakenCursor, TakenEvent
from litesoc_server.store.feed import OVERLAP_S, Feed


def follow(case: StoreCase, org: OrgId, where: EventSearch | None = None, position_s: int | None = None) -> Feed:
    return Feed(case.store, org_id=org, where=where or EventSearch(), position_s=position_s, shown_max=5)


def insert_as_if_taken_earlier(case: StoreCase, event: Event, seconds: int) -> None:
    """Store an event whose insert began so long ago and becomes visible now."""
    copied = new_org()
    case.store.insert(stored([msgspec.structs.replace(event, org_id=copied)]))
    case.execute(
        f"INSERT INTO events SELECT * REPLACE('{event.org_id}' AS org_id, now() - INTERVAL {seconds} SECOND AS inserted_at)"
        f" FROM (SELECT * FROM events WHERE org_id = '{copied}')"
    )


def test_a_feed_begins_with_what_comes_after_it(case: StoreCase) -> None:
    org = new_org()
    case.store.insert(stored(make_events(org, 3)))
    feed = follow(case, org)

    assert feed.look().events == ()
    new = make_events(org, 2, first_ms=NOW_MS - 1_000_000)
    case.store.insert(stored(new))
    step = feed.look()
    assert (list(step.events), step.passed_over_count) == (newest_first(new), 0)
    assert feed.look().events == ()


def test_an_insert_that_lasted_is_not_missed(case: StoreCase) -> None:
    org = new_org()
    feed = follow(case, org)
    feed.look()
    quick, slow = make_event(org), make_event(org, NOW_MS + 1)
    case.store.insert(stored([quick]))
    assert list(feed.look().events) == [quick]
    insert_as_if_taken_earlier(case, slow, OVERLAP_S - 5)

    assert list(feed.look().events) == [slow]
    assert feed.look().events == ()


def test_of_many_at_once_the_newest_are_shown_and_the_rest_counted(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    org = new_org()
    feed = follow(case, org)
    feed.look()
    events = make_events(org, 12)
    case.store.insert(stored(events))

    step = feed.look()
    assert list(step.events) == newest_first(events)[:5]
    assert step.passed_over_count == 7
    monkeypatch.setattr(feed_module, "TAKEN_MAX", 3)
    more = make_events(org, 6, first_ms=NOW_MS + 1_000_000)
    case.store.insert(stored(more))
    assert list(feed.look().events) == newest_first(more)[:3]


def test_only_what_matches_is_in_the_feed(case: StoreCase) -> None:
    org = new_org()
    feed = follow(case, org, EventSearch(query=parse("event:data.*", EVENT_FIELDS)))
    feed.look()
    wanted = make_event(org, name="data.export")
    other_environment = make_event(org, name="data.export", environment=Environment.TEST)
    case.store.insert(stored([wanted, other_environment, make_event(org), make_event(new_org(), name="data.export")]))

    assert list(feed.look().events) == [wanted]


def test_a_feed_goes_on_where_another_ended(case: StoreCase) -> None:
    org = new_org()
    first = follow(case, org)
    position_s = first.look().position_s
    missed = make_events(org, 3)
    case.store.insert(stored(missed))

    again = follow(case, org, position_s=position_s)
    assert list(again.look().events) == newest_first(missed)
    assert again.look().events == ()


def test_what_was_taken_in_after_a_place_comes_in_that_order(case: StoreCase) -> None:
    org = new_org()
    ours = TakenCursor(0, ID_MAX)
    early, late = make_events(org, 3), make_events(org, 2, first_ms=NOW_MS - 500_000)  # the late ones have smaller ids
    for event in early:
        insert_as_if_taken_earlier(case, event, 100)
    for event in late:
        insert_as_if_taken_earlier(case, event, 50)
    case.store.insert(stored([make_event(new_org())]))
    case.store.insert(stored([msgspec.structs.replace(make_event(org), environment=Environment.TEST)]))

    def after(cursor: TakenCursor, limit: int, until_s: int = 2**32 - 1) -> list[TakenEvent]:
        return case.store.taken_after(org_id=org, environment=Environment.LIVE, after=cursor, until_s=until_s, limit=limit)

    found = after(ours, 10)
    assert [row.event for row in found] == [*sorted(early, key=lambda event: event.event_id), *late]
    pages, cursor = [], ours
    while page := after(cursor, 2):
        pages.extend(page)
        cursor = page[-1].cursor
    assert pages == found
    assert after(ours, 10, until_s=found[3].cursor.taken_s)[-1].event == found[2].event
