"""Taking an organisation out of the store; in a module of its own, because a rewrite looks at every month there is."""

from contract.store_cases import StoreCase, list_all, make_events, new_org, stored
from litesoc_server.store.base import EventFilter


def test_removing_an_organisation_leaves_nothing_of_it_in_any_table(case: StoreCase) -> None:
    org, other = new_org(), new_org()
    case.store.insert(stored([*make_events(org, 3), *make_events(other, 3)]))

    def rows_of(org_id: str) -> dict[str, int]:
        tables = case.store._read(
            "SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'org_id'", {}
        )
        counts = {
            table: case.store._read(f"SELECT count() FROM {table} WHERE org_id = {{org_id:String}}", {"org_id": org_id})
            for (table,) in tables
        }
        return {table: count for table, ((count,),) in counts.items() if count}

    before = rows_of(other)
    assert {"events", "events_hourly", "visits_daily", "visitors"} <= rows_of(org).keys()
    for _ in range(2):
        case.store.remove_organization(org_id=org)
        assert rows_of(org) == {}
    assert rows_of(other) == before
    assert list_all(case.store, org, EventFilter()) == []
