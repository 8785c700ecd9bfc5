"""Taking an organisation, or its test environment, out of the store.

In a module of its own, because a rewrite looks at every month there is.
"""

import msgspec

from contract.store_cases import NOW_MS, StoreCase, list_all, make_event, make_events, new_org, stored
from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import EventFilter

TABLES = {"events", "events_hourly", "visits_daily", "visitors", "places_hourly"}
FAR_S = 4_000_000_000


def rows_of(case: StoreCase, org_id: str) -> dict[tuple[str, str], list[str]]:
    """Return all rows of an organisation, by table and environment."""
    tables = case.store._read("SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'org_id'", {})
    found: dict[tuple[str, str], list[str]] = {}
    for (table,) in tables:
        rows = case.store._read(
            f"SELECT environment, toString(tuple(* EXCEPT environment)) AS row FROM {table} FINAL"
            " WHERE org_id = {org_id:String} ORDER BY row",
            {"org_id": org_id},
        )
        for environment, row in rows:
            found.setdefault((table, environment), []).append(row)
    return found


def test_removing_an_organisation_leaves_nothing_of_it_in_any_table(case: StoreCase) -> None:
    org, other = new_org(), new_org()
    case.store.insert(stored([*make_events(org, 3), *make_events(other, 3)]))
    before = rows_of(case, other)
    assert {table for table, _ in rows_of(case, org)} >= TABLES
    for _ in range(2):
        case.store.remove_organization(org_id=org)
        assert rows_of(case, org) == {}
    assert rows_of(case, other) == before
    assert list_all(case.store, org, EventFilter()) == []


def make_test_events(org: OrgId, count: int) -> list[Event]:
    return [msgspec.structs.replace(event, environment=Environment.TEST) for event in make_events(org, count)]


def test_removing_the_test_environment_leaves_live_whole(case: StoreCase) -> None:
    org, other = new_org(), new_org()
    # In one insert and for one hour, actor and place, so that both environments stand in the same parts and blocks.
    events = [*make_events(org, 3), *make_test_events(org, 3), *make_test_events(other, 3)]
    case.store.insert(stored(events))
    before = rows_of(case, org)
    assert before.keys() >= {(table, environment) for table in TABLES for environment in ("live", "test")}
    others = rows_of(case, other)
    for _ in range(2):
        case.store.remove_environment(org_id=org, environment=Environment.TEST, taken_before_s=FAR_S)
        assert rows_of(case, org) == {place: rows for place, rows in before.items() if place[1] == "live"}
    assert rows_of(case, other) == others


def test_events_that_are_not_counted_yet_stay_but_for_our_own(case: StoreCase) -> None:
    org = new_org()
    theirs, ours = make_test_events(org, 1), make_event(org, NOW_MS, environment=Environment.TEST, source=FEEDBACK_SOURCE)
    case.store.insert(stored([*theirs, ours]))
    case.store.remove_environment(org_id=org, environment=Environment.TEST, taken_before_s=0)
    assert list_all(case.store, org, EventFilter(environment=Environment.TEST)) == theirs
