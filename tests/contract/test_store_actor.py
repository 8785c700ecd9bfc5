"""Finding, reading and removing one actor, in a module of its own, because a rewrite looks at every month there is."""

from typing import Any

import msgspec
import pytest

from contract.store_cases import NOW_MS, StoreCase, make_event, new_org, stored
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event
from litesoc_server.events.ids import OrgId
from litesoc_server.store import sql_store
from litesoc_server.store.actors import ActorNames, HeldRows
from litesoc_server.store.base import Cursor, EventSearch, StoreUnavailable

ADA = Actor("usr_ada", "Ada@x.example")
ROY = Actor("usr_ada2", "roy@x.example")


def meta(**values: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(values))


def events_of_ada(org: OrgId) -> list[Event]:
    own = {"user_ip": "198.51.100.8"}
    return [
        make_event(org, NOW_MS, actor=ADA, metadata=meta(actor_name="Ada Byron"), **own),
        make_event(org, NOW_MS + 1, actor=ADA, environment=Environment.TEST),
        make_event(org, NOW_MS + 2, actor=Actor("ADA@x.example"), **own),  # a login that failed
    ]


def events_of_roy(org: OrgId) -> list[Event]:
    return [
        make_event(org, NOW_MS + 3, actor=ROY, metadata=meta(actor_name="Roy", n=2)),
        make_event(org, NOW_MS + 4, actor=ROY, metadata=meta(who=["usr_ada", "usr_ada", "usr_ada2"], text="By Ada Byron.")),
        make_event(org, NOW_MS + 5, actor=None, user_ip="198.51.100.9", metadata=meta(to="ada@X.example")),
    ]


def found(case: StoreCase, org: OrgId) -> list[Event]:
    pages = [
        case.store.search_events(org_id=org, where=EventSearch(environment=environment), limit=100).events
        for environment in Environment
    ]
    return [event for page in pages for event in page]


@pytest.mark.parametrize("asked", ["usr_ada", "ada@x.example", "ADA@X.example"])
def test_an_actor_is_found_by_id_and_by_address_with_what_is_theirs_alone(case: StoreCase, asked: str) -> None:
    org = new_org()
    case.store.insert(stored([*events_of_ada(org), *events_of_roy(org)]))
    case.store.insert(stored(events_of_ada(new_org())))
    names = case.store.actor_names(org_id=org, actor_id=asked)
    assert names == ActorNames(
        ids=("ada@x.example", "usr_ada"),
        emails=("ada@x.example",),
        display_names=("Ada Byron",),
        addresses=("198.51.100.8",),
    )
    live, test = Environment.LIVE, Environment.TEST
    assert case.store.actor_held(org_id=org, names=names) == [
        HeldRows(place="events", environment=live, count=2, first_ms=NOW_MS, last_ms=NOW_MS + 2),
        HeldRows(place="events", environment=test, count=1, first_ms=NOW_MS + 1, last_ms=NOW_MS + 1),
        HeldRows(place="daily_sums", environment=live, count=2, first_ms=NOW_MS, last_ms=NOW_MS + 2),
        HeldRows(place="daily_sums", environment=test, count=1, first_ms=NOW_MS + 1, last_ms=NOW_MS + 1),
        HeldRows(place="events_of_others", environment=live, count=2, first_ms=NOW_MS + 4, last_ms=NOW_MS + 5),
    ]
    first = case.store.actor_events(org_id=org, names=names, limit=2)
    rest = case.store.actor_events(
        org_id=org, names=names, after=Cursor(first[-1].occurred_at_ms, first[-1].event_id), limit=2
    )
    assert [event.occurred_at_ms for event in (*first, *rest)] == [NOW_MS, NOW_MS + 1, NOW_MS + 2]


def test_an_address_that_several_actors_share_belongs_to_none_of_them(case: StoreCase) -> None:
    org = new_org()
    family = "family@x.example"
    case.store.insert(stored([make_event(org, actor=Actor(one, family)) for one in ("usr_1", "usr_2")]))
    assert case.store.actor_names(org_id=org, actor_id="usr_1") == ActorNames(ids=("usr_1",), others=("usr_2",))
    assert case.store.actor_names(org_id=org, actor_id=family) == ActorNames(ids=(family,), others=("usr_1", "usr_2"))
    assert case.store.actor_names(org_id=org, actor_id="nobody") == ActorNames(ids=("nobody",))


def test_removing_an_actor_leaves_nothing_of_them_in_any_table_and_others_as_they_were(case: StoreCase) -> None:
    org, other = new_org(), new_org()
    case.store.insert(stored([*events_of_ada(org), *events_of_roy(org), *events_of_ada(other)]))
    before = {event.event_id: event for event in found(case, org)}
    names = case.store.actor_names(org_id=org, actor_id="usr_ada")
    for _ in range(2):
        case.store.remove_actor(org_id=org, names=names)
        assert case.store.actor_held(org_id=org, names=names) == []
    left = found(case, org)
    assert len(left) == 3
    for event in left:
        assert msgspec.structs.replace(event, metadata=before[event.event_id].metadata) == before[event.event_id]
    assert {bytes(event.metadata) for event in left} == {
        b'{"actor_name":"Roy","n":2}',
        b'{"who":["[erased]","[erased]","usr_ada2"],"text":"By [erased]."}',
        b'{"to":"[erased]"}',
    }
    assert len(case.store.actor_events(org_id=other, names=names, limit=10)) == 3
    named = "SELECT table, mutation_id FROM system.mutations WHERE database = currentDatabase() AND {}"
    for name in (*names.ids, *names.display_names, *names.addresses):
        assert case.store._read(named.format("positionCaseInsensitive(command, {name:String}) > 0"), {"name": name}) == []


def test_what_is_left_of_the_metadata_of_others_is_json_that_means_the_same(case: StoreCase) -> None:
    org = new_org()
    values = {
        "n": 12345,
        "list": [12345, 12345, 123456, -12345],
        "text": 'Of\n12345,\n-12345 \\12345"12345',
        "so": True,
        "no": None,
    }
    case.store.insert(stored([make_event(org, NOW_MS, actor=ROY, metadata=meta(**values, is_it="true"))]))
    for word in ("true", "null", "12345"):
        names = ActorNames(ids=(word,))
        case.store.remove_actor(org_id=org, names=names)
        assert case.store.actor_held(org_id=org, names=names) == []
    (left,) = found(case, org)
    erased = "[erased]"
    assert msgspec.json.decode(left.metadata) == {
        "n": erased,
        "list": [erased, erased, 123456, -12345],
        "text": f'Of\n{erased},\n-{erased} \\{erased}"{erased}',
        "so": True,
        "no": None,
        "is_it": erased,
    }


def test_few_at_a_time_look_through_everything_and_others_go_on(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_store, "READER_WAIT_S", 0.01)
    org = new_org()
    with case.store._slow_turns, case.store._slow_turns:
        with pytest.raises(StoreUnavailable, match="busy with other long questions"):
            case.store.actor_names(org_id=org, actor_id="usr_ada")
        assert found(case, org) == []
    assert case.store.actor_names(org_id=org, actor_id="usr_ada").ids == ("usr_ada",)


def test_what_was_rewritten_is_named_while_it_lies_on_the_disk(case: StoreCase) -> None:
    org = new_org()
    case.store.insert(stored(events_of_ada(org)))
    case.store.remove_actor(org_id=org, names=case.store.actor_names(org_id=org, actor_id="usr_ada"))
    assert {"events", "visits_daily"} <= {part.partition("/")[0] for part in case.store.old_parts()}
