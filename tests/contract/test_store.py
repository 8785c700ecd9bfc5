"""What goes into the event store comes out of it unchanged or is refused, held by both implementations."""

import gc
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import law_examples
from clickhouse_http import ClickHouseServer
from contract.store_cases import (
    DAY_MS,
    NOW_MS,
    StoreCase,
    list_all,
    make_bare_event,
    make_event,
    make_events,
    new_org,
    newest_first,
    stored,
)
from event_strategies import stored_events_of_few_months
from litesoc_server.events.event import Actor
from litesoc_server.events.ids import EventId
from litesoc_server.store.base import EventFilter, RejectedRows, StoredEvent, StoreUnavailable


@pytest.fixture(scope="module")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server of this module's own: to take a hundred months out of one that others share is slower than to start one."""
    server = ClickHouseServer(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    yield server
    server.kill()


@settings(max_examples=law_examples.of(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(stored_events_of_few_months, min_size=1, max_size=5))
def test_what_is_inserted_comes_back_equal(case: StoreCase, rows: list[StoredEvent]) -> None:
    org = new_org()  # one for all of them, so that each question is asked once
    rows = [StoredEvent(msgspec.structs.replace(row.event, org_id=org), row.expires_at_ms) for row in rows]
    case.store.insert(rows)

    events = {row.event.event_id: row.event for row in rows}
    assert case.store.get_events(org_id=org, event_ids=list(events), not_before_ms=None) == events
    for environment in {event.environment for event in events.values()}:
        wanted = [event for event in events.values() if event.environment is environment]
        assert list_all(case.store, org, EventFilter(environment=environment)) == newest_first(wanted)
    assert case.store.existing(rows) == events.keys()


def test_an_insert_lets_go_of_what_it_wrote(case: StoreCase) -> None:
    org_id = new_org()
    rows = [StoredEvent(make_event(org_id, actor=Actor(f"somebody {number}")), NOW_MS + DAY_MS) for number in range(3)]
    texts = [row.event.actor.id for row in rows if row.event.actor is not None]
    before = [sys.getrefcount(text) for text in texts]
    gc.disable()  # what only the collector would free stays
    try:
        case.store.insert(rows)
        assert [sys.getrefcount(text) for text in texts] == before
    finally:
        gc.enable()


ODD_ACTORS = [
    "",
    " ",
    "x" * 400,
    "名前 🦊 👩‍👩‍👧 ñ é",
    "nul\0inside",
    "tab\tnewline\nreturn\rbackslash\\",
    'it\'s "quoted" `so`',
    "'; DROP TABLE events; --",
    "{org_id:String}",
    "%(actor)s %s 100%",
    "\\N",
    "NULL",
    "[REDACTED]",
]


@pytest.mark.parametrize("actor_id", ODD_ACTORS)
def test_an_actor_with_any_name_is_stored_and_found_by_it(case: StoreCase, actor_id: str) -> None:
    org = new_org()
    event, other = make_event(org, actor=Actor(actor_id, actor_id)), make_event(org, NOW_MS + 1)
    case.store.insert(stored([event, other]))

    assert list_all(case.store, org, EventFilter(actor_id=actor_id)) == [event]


@pytest.mark.parametrize("user_ip", ["2001:db8::8a2e:370:7334", "::ffff:198.51.100.7", "fe80::1%eth0"])
def test_ipv6_addresses_are_kept_as_written(case: StoreCase, user_ip: str) -> None:
    org = new_org()
    event = make_event(org, user_ip=user_ip)
    case.store.insert(stored([event]))

    assert list_all(case.store, org) == [event]


def test_an_event_may_hold_nearly_nothing(case: StoreCase) -> None:
    org = new_org()
    event = make_bare_event(org)
    case.store.insert(stored([event]))

    assert list_all(case.store, org) == [event]


def test_metadata_of_16_kib_come_back_to_the_byte_in_a_batch_of_many_blocks(case: StoreCase) -> None:
    org = new_org()
    filler = "é🦊\\u0000 " * 1200
    events = [
        make_event(org, NOW_MS + number, metadata=msgspec.Raw(f'{{"n":{number},"filler":"{filler}"}}'.encode()))
        for number in range(400)
    ]
    assert len(bytes(events[0].metadata)) > 14_000
    case.store.insert(stored(events))

    assert list_all(case.store, org) == newest_first(events)


def test_an_insert_of_nothing_does_nothing(case: StoreCase) -> None:
    case.store.insert([])


def test_one_insert_may_span_many_years(case: StoreCase) -> None:
    org = new_org()
    months = 102  # of its own accord the engine takes up to 100 at once
    events = make_events(org, months, first_ms=NOW_MS - months * 31 * DAY_MS, step_ms=31 * DAY_MS)
    case.store.insert(stored(events))

    assert list_all(case.store, org) == newest_first(events)


UNSTORABLE: list[dict[str, Any]] = [
    {"actor": Actor("secret-\ud800")},
    {"event_id": EventId("secret-id")},
    {"user_ip": 4711},
    {"occurred_at_ms": 2**70},
    {"severity": None},
]


@pytest.mark.parametrize("changes", UNSTORABLE)
def test_rows_that_can_never_be_stored_are_refused_as_such_without_naming_values(
    case: StoreCase, changes: dict[str, Any]
) -> None:
    org = new_org()
    neighbour = make_event(org)

    with pytest.raises(RejectedRows) as refusal:
        case.store.insert(stored([neighbour, make_event(org, **changes)]))

    assert "secret" not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert list_all(case.store, org) == []
    case.store.insert(stored([neighbour]))
    assert list_all(case.store, org) == [neighbour]


def test_threads_may_read_and_write_at_once(case: StoreCase) -> None:
    org, start = new_org(), threading.Barrier(9)
    events = make_events(org, 200)

    def write() -> None:
        start.wait()
        for event_start in range(0, 200, 20):
            case.store.insert(stored(events[event_start : event_start + 20]))

    def read() -> list[int]:
        start.wait()
        pages = (case.store.list_events(org_id=org, where=EventFilter(), limit=1000, offset=0) for _ in range(5))
        return [len(page.events) for page in pages]

    with ThreadPoolExecutor(9) as threads:
        writing = threads.submit(write)
        readings = [threads.submit(read) for _ in range(8)]
        writing.result()
        for reading in readings:
            assert reading.result() == sorted(reading.result())
    assert list_all(case.store, org) == newest_first(events)


def test_a_reopened_store_holds_everything(case: StoreCase) -> None:
    org = new_org()
    events = make_events(org, 5)
    case.store.insert(stored(events))

    case.reopen()

    assert list_all(case.store, org) == newest_first(events)


def test_a_store_that_is_not_open_says_so(case: StoreCase) -> None:
    closed = case.make()

    with pytest.raises(StoreUnavailable, match="not open"):
        closed.ping()
    with pytest.raises(StoreUnavailable, match="not open"):
        closed.insert(stored([make_event(new_org())]))
    closed.close()


def test_opening_twice_is_harmless_and_facts_are_given(case: StoreCase) -> None:
    case.store.insert(stored([make_event(new_org())]))
    case.store.open()

    facts = case.store.describe()
    assert set(facts) == {"engine_version", "rows", "bytes_on_disk", "active_parts"}
    assert all(facts.values())
    case.store.ping()
