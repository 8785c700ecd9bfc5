"""What the event store finds for a query, held by both implementations against the same decision made in Python."""

import os
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import law_examples
from contract.store_cases import (
    DAY_MS,
    NOW_MS,
    StoreCase,
    make_bare_event,
    make_event,
    make_events,
    new_org,
    newest_first,
    stored,
)
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, NetworkKind, Severity
from litesoc_server.events.ids import OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_query
from litesoc_server.search.parse import parse
from litesoc_server.search.query import Exactly, Query, StartsWith, Term
from litesoc_server.store.base import Cursor, EventFilter, EventSearch
from litesoc_server.store.queries.event_columns import CHOICES, NUMBER_COLUMNS, TEXT_COLUMNS
from query_matching import field_of, matches
from query_strategies import queries

SHARED_ORG = new_org()
FACET_FIELDS = tuple(TEXT_COLUMNS)
# Each is up to 40 questions and 6 inserts, a third of a second; `make laws` asks for many.
PAGING_EXAMPLES = int(os.environ.get("LITESOC_TEST_PAGING_EXAMPLES", "8"))
DATABASE = settings(max_examples=law_examples.of(60), suppress_health_check=[HealthCheck.function_scoped_fixture])


def varied(org: OrgId) -> list[Event]:
    """Make events that differ in everything a query can ask about."""
    names = ["auth.login_failed", "auth.login_success", "data.export", "admin.user_deleted"]
    actors = [Actor("usr_1", "Mira@shop.example"), Actor('Ann O\'Neil \\ "x"', None), Actor("", "ann@x.example"), None]
    addresses = ["203.0.113.9", "203.0.114.1", "2001:db8::1", "2001:db9::1", None, "198.51.100.77"]
    networks = [
        Network(64500, "Example Net", None, is_vpn=True, is_mobile=False, kind=NetworkKind.VPN, provider="FastVPN"),
        Network(64501, "example net", None, is_datacenter=True, kind=NetworkKind.HOSTING),
        Network(None, None, "private"),
        None,
    ]
    places = [Geo("NO", "Vestland", "Bergen"), Geo("SE", None, "Åre"), Geo(None), None]
    devices = [Device("x", "Firefox", "141", "Linux", "Pixel 9", "dev_1"), Device("y", "Chrome", "1", "Windows"), None]
    metadata = [b'{"reason":"bad_password","n":500,"in":{"a":[1,"b"]}}', b'{"reason":"Bad","ok":true}', b"{}", b'{"n":null}']
    scores = [None, 0, 30, 71, 100]
    return [
        make_event(
            org,
            NOW_MS + number * 60_000,
            name=names[number % 4],
            category=names[number % 4].partition(".")[0],
            severity=list(Severity)[number % 3],
            actor=actors[number // 2 % 4],
            user_ip=addresses[number % 6],
            network=networks[number // 3 % 4],
            geo=places[number // 5 % 4],
            device=devices[number % 3],
            session_id=("s_1", None)[number % 2],
            metadata=msgspec.Raw(metadata[number % 4]),
            source=("collect", "auth0")[number % 2],
            risk=None if (score := scores[number % 5]) is None else Risk(score, 0.5, ()),
        )
        for number in range(80)
    ]


@pytest.fixture(scope="module")
def corpus(case: StoreCase) -> list[Event]:
    """The events of SHARED_ORG, stored, newest first."""
    events = varied(SHARED_ORG)
    case.store.insert(stored(events))
    return newest_first(events)


def found(case: StoreCase, query: Query | str, org: OrgId = SHARED_ORG, **search: Any) -> list[Event]:
    parsed = parse(query, EVENT_FIELDS) if isinstance(query, str) else query
    page = case.store.search_events(org_id=org, where=EventSearch(query=parsed, **search), limit=1_000)
    assert not page.has_more
    return list(page.events)


def occurring(corpus: list[Event]) -> st.SearchStrategy[Term]:
    """Return terms about values that occur."""

    @st.composite
    def term(draw: st.DrawFn) -> Term:
        field = draw(st.sampled_from([*TEXT_COLUMNS, "meta.reason", "meta.n", "meta.ok", "meta.in.a"]))
        values = sorted({value for event in corpus if (value := field_of(event, field)) is not None})
        chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        return Term(
            field,
            tuple(StartsWith(text[:3]) if text[:3] and draw(st.booleans()) else Exactly(text) for text in chosen),
            draw(st.booleans()),
        )

    return term()


@DATABASE
@given(data=st.data())
def test_what_is_found_is_what_matches(case: StoreCase, corpus: list[Event], data: st.DataObject) -> None:
    terms = data.draw(st.lists(occurring(corpus), max_size=3))
    query = Query((*terms, *data.draw(queries(EVENT_FIELDS)).terms))

    expected = [event for event in corpus if matches(query, event)]
    assert found(case, query) == expected, format_query(query, EVENT_FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "event:auth.login_failed",
        "event:auth.*,data.export -severity:info",
        "mira",
        "-MIRA",
        "user_del",
        'actor:""',
        'actor:"Ann O\'Neil \\\\ \\"x\\""',
        "email:MIRA@SHOP.EXAMPLE",
        "ip:203.0.113.0/24",
        "ip:203.0.*",
        "ip:0.0.0.0/0",
        "ip:::/0",
        "-ip:2001:db8::/32",
        "2001:db8::1",
        "country:NO,SE",
        "-country:NO",
        "city:åre",
        "asn:64500",
        "asn:>64500",
        "provider:FASTVPN",
        'provider:"Example net"',
        "vpn",
        "-vpn",
        "is:vpn,datacenter",
        "network:hosting",
        "risk:>70",
        "risk:0..30",
        "-risk:>=0",
        "has:risk -has:actor",
        'model:"Pixel 9" device:dev_1 session:s_1',
        "meta.reason:bad*",
        "meta.n:500",
        "meta.n:null",
        "meta.ok:true",
        'meta.in.a:"[1,\\"b\\"]"',
        "-meta.reason:Bad",
        "meta.nothing:x",
    ],
)
def test_each_form_of_a_term(case: StoreCase, corpus: list[Event], text: str) -> None:
    expected = [event for event in corpus if matches(parse(text, EVENT_FIELDS), event)]
    assert found(case, text) == expected
    assert len(expected) < len(corpus)


def test_every_field_can_be_asked_for() -> None:
    known = {*TEXT_COLUMNS, *NUMBER_COLUMNS, *CHOICES}
    assert known == {field.name for field in EVENT_FIELDS.fields}
    for name, choices in CHOICES.items():
        field = EVENT_FIELDS.find(name)
        assert field is not None
        assert [value.text for value in field.values] == list(choices)


ODD_TEXTS = ["'; DROP TABLE events; --", "{org_id:String}", "%(query_0)s %s 100%", "\\N", "NULL", "tab\tline\n\\", "🦊 ñ"]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_is_only_a_text(case: StoreCase, text: str) -> None:
    org = new_org()
    event = make_event(
        org, actor=Actor(text, text), metadata=msgspec.Raw(msgspec.json.encode({text.replace(".", ""): text}))
    )
    case.store.insert(stored([event, make_event(org, NOW_MS + 1)]))

    for field in ("actor", "email", f"meta.{text.replace('.', '')}", None):
        assert found(case, Query((Term(field, (Exactly(text),)),)), org) == [event]


def test_events_of_other_organisations_times_and_environments_are_never_found(case: StoreCase, corpus: list[Event]) -> None:
    org = new_org()
    events = make_events(org, 5)
    case.store.insert(stored([*events, make_event(org, environment=Environment.TEST)]))

    assert found(case, "", org) == newest_first(events)
    assert found(case, "", new_org()) == []
    assert len(found(case, "", org, environment=Environment.TEST)) == 1
    middle = events[1].occurred_at_ms, events[3].occurred_at_ms
    assert found(case, "", org, from_ms=middle[0], to_ms=middle[1]) == newest_first(events[1:3])
    assert found(case, "", org, from_ms=0, not_before_ms=middle[0]) == newest_first(events[1:])
    assert found(case, "", org, from_ms=middle[1], not_before_ms=0) == newest_first(events[3:])
    assert corpus[0] not in found(case, "", org)


def test_a_list_takes_a_query_beside_its_filters(case: StoreCase, corpus: list[Event]) -> None:
    where = EventFilter(severity=Severity.INFO, query=parse("event:auth.*", EVENT_FIELDS))
    page = case.store.list_events(org_id=SHARED_ORG, where=where, limit=3, offset=1)
    expected = [event for event in corpus if event.severity is Severity.INFO and event.category == "auth"]
    assert list(page.events) == expected[1:4]
    assert page.total == len(expected)


def cursor_of(event: Event) -> Cursor:
    return Cursor(event.occurred_at_ms, event.event_id)


@settings(DATABASE, max_examples=PAGING_EXAMPLES)
@given(
    gaps=st.lists(st.integers(0, 2), min_size=1, max_size=40),
    arrivals=st.lists(st.integers(-5, 60), max_size=6),
    limit=st.integers(1, 7),
    is_forward=st.booleans(),
)
def test_going_through_pages_neither_skips_nor_repeats_while_events_arrive(
    case: StoreCase, gaps: list[int], arrivals: list[int], limit: int, is_forward: bool
) -> None:
    org, at_ms, events = new_org(), NOW_MS, []
    for gap in gaps:
        at_ms += gap
        events.append(make_event(org, at_ms))
    case.store.insert(stored(events))
    coming = [make_event(org, NOW_MS + offset_ms) for offset_ms in arrivals]

    seen: list[Event] = []
    where = EventSearch()
    page = (
        case.store.search_events(org_id=org, where=where, after=Cursor(0, events[0].event_id), limit=limit)
        if is_forward
        else case.store.search_events(org_id=org, where=where, limit=limit)
    )
    seen.extend(reversed(page.events) if is_forward else page.events)
    while page.has_more:
        if coming:
            case.store.insert(stored([coming.pop()]))
        if is_forward:
            page = case.store.search_events(org_id=org, where=where, after=cursor_of(page.events[0]), limit=limit)
            seen.extend(reversed(page.events))
        else:
            page = case.store.search_events(org_id=org, where=where, before=cursor_of(page.events[-1]), limit=limit)
            seen.extend(page.events)
    ids = [event.event_id for event in seen]
    assert len(set(ids)) == len(ids)
    assert {event.event_id for event in events} <= set(ids)
    assert seen == newest_first(seen)[:: -1 if is_forward else 1]


def test_there_is_more_only_where_there_is_more(case: StoreCase) -> None:
    org = new_org()
    events = newest_first(make_events(org, 6))
    case.store.insert(stored(events))
    search = case.store.search_events

    assert search(org_id=org, where=EventSearch(), limit=6).has_more is False
    assert search(org_id=org, where=EventSearch(), limit=5).has_more is True
    newer = search(org_id=org, where=EventSearch(), after=cursor_of(events[3]), limit=2)
    assert (list(newer.events), newer.has_more) == (events[1:3], True)
    assert search(org_id=org, where=EventSearch(), after=cursor_of(events[0]), limit=2).events == ()


def test_a_count_ends_at_its_ceiling(case: StoreCase, corpus: list[Event]) -> None:
    def count(limit: int) -> tuple[int, bool]:
        counted = case.store.count_matching(org_id=SHARED_ORG, where=EventSearch(), limit=limit)
        return counted.events, counted.is_exact

    assert count(len(corpus)) == (len(corpus), True)
    assert count(len(corpus) - 1) == (len(corpus) - 1, False)


@DATABASE
@given(data=st.data())
def test_facets_count_what_is_found(case: StoreCase, corpus: list[Event], data: st.DataObject) -> None:
    fields = data.draw(st.lists(st.sampled_from(FACET_FIELDS), max_size=6, unique=True))
    query = Query(tuple(data.draw(st.lists(occurring(corpus), max_size=1))))
    top = data.draw(st.integers(1, 6))

    facets = case.store.facets(org_id=SHARED_ORG, where=EventSearch(query=query), fields=fields, top=top)

    matching = [event for event in corpus if matches(query, event)]
    assert facets.total == len(matching)
    assert list(facets.values) == fields
    for field, values in facets.values.items():
        expected = Counter(value for event in matching if (value := field_of(event, field)) is not None)
        assert len(values) == min(top, len(expected))
        assert all(expected[value.value] == value.events for value in values)
        assert [value.events for value in values] == sorted(expected.values(), reverse=True)[: len(values)]


@pytest.mark.parametrize("bucket_ms", [60_000, 90_000, DAY_MS])
def test_a_histogram_adds_up(case: StoreCase, corpus: list[Event], bucket_ms: int) -> None:
    where = EventSearch(query=parse("-severity:info", EVENT_FIELDS))
    from_ms, to_ms = NOW_MS + 30_000, NOW_MS + 3_000_000

    buckets = case.store.histogram(org_id=SHARED_ORG, where=where, from_ms=from_ms, to_ms=to_ms, bucket_ms=bucket_ms)

    expected: Counter[tuple[int, Severity]] = Counter(
        (from_ms + (event.occurred_at_ms - from_ms) // bucket_ms * bucket_ms, event.severity)
        for event in corpus
        if event.severity is not Severity.INFO and from_ms <= event.occurred_at_ms < to_ms
    )
    assert {(one.start_ms, severity): count for one in buckets for severity, count in one.events.items()} == expected
    assert [one.start_ms for one in buckets] == sorted(one.start_ms for one in buckets)


def test_events_written_twice_count_once_everywhere(case: StoreCase) -> None:
    case.execute("SYSTEM STOP MERGES events")
    try:
        org = new_org()
        events = make_events(org, 30)
        case.store.insert(stored(events[:20]))
        case.store.insert(stored(events[10:]))
        where = EventSearch()
        end_ms = events[-1].occurred_at_ms + 1

        assert found(case, "", org) == newest_first(events)
        page = case.store.search_events(org_id=org, where=where, before=cursor_of(events[18]), limit=8)
        assert list(page.events) == newest_first(events[10:18])
        assert case.store.count_matching(org_id=org, where=where, limit=100).events == 30
        facets = case.store.facets(org_id=org, where=where, fields=["event"], top=1)
        assert (facets.total, facets.values["event"][0].events) == (30, 30)
        (bucket,) = case.store.histogram(org_id=org, where=where, from_ms=NOW_MS, to_ms=end_ms, bucket_ms=DAY_MS)
        assert bucket.events == {Severity.WARNING: 30}
    finally:
        case.execute("SYSTEM START MERGES events")


def test_an_event_of_which_nothing_is_known_is_found_by_what_is_not_there(case: StoreCase) -> None:
    org = new_org()
    bare = make_bare_event(org)
    case.store.insert(stored([bare]))

    assert found(case, "-country:NO -vpn -actor:x -risk:>0 -mira -meta.x:y -ip:10.0.0.0/8 -has:ip", org) == [bare]
    assert found(case, "has:actor", org) == []
