"""A store of the previous release gets the sums of what it holds, once, however often the migration runs."""

import pytest

from contract.store_cases import DAY_MS, NOW_MS, StoreCase, make_event, new_org, stored
from litesoc_server.events.ids import OrgId
from litesoc_server.store.migrations import VERSION_TABLE, backfill
from litesoc_server.store.queries.key_figures import KeyFigures
from litesoc_server.store.queries.span import Span

TABLES = ("visits_daily", "visitors", "places_hourly")
DAYS_AGO = (0, 1, 2, 10, 29)  # in two months; each costs an insert into each table
SPAN = Span(from_ms=NOW_MS - 40 * DAY_MS, to_ms=NOW_MS + DAY_MS)


@pytest.fixture(scope="module", autouse=True)
def nothing_of_others(case: StoreCase) -> None:
    """Forget what other files stored on the server that they share: thousands of days, each summed up by itself."""
    case.execute("TRUNCATE TABLE events")


def go_back(case: StoreCase) -> None:
    """Say that the schema is the previous release's, and open the store anew."""
    case.execute(f"TRUNCATE TABLE {VERSION_TABLE}")
    case.execute(f"INSERT INTO {VERSION_TABLE} VALUES ('0002')")
    case.reopen()


def figures(case: StoreCase, org: OrgId) -> tuple[KeyFigures, int, int]:
    """Return what each of the three tables says: events of all, then of visits and of places."""
    visits = case.store.top_actors(org_id=org, span=SPAN, limit=5)
    places = case.store.places(org_id=org, span=SPAN, limit=5)
    return (
        case.store.key_figures(org_id=org, span=SPAN),
        sum(one.events for one in visits),
        sum(one.events for one in places),
    )


def test_what_was_stored_before_is_summed_up_once(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "AHEAD_S", 1)
    monkeypatch.setattr(backfill, "SETTLE_S", 0)
    org = new_org()
    case.store.insert(stored([make_event(org, NOW_MS - days * DAY_MS) for days in DAYS_AGO]))
    for table in TABLES:
        case.execute(f"DROP VIEW {table}_view")
        case.execute(f"DROP TABLE {table}")

    expected = (KeyFigures(events=5, failures=5, criticals=0, actors=1, addresses=1), 5, 5)
    for _run in range(2):
        go_back(case)
        assert figures(case, org) == expected
    case.store.insert(stored([make_event(org)]))
    assert figures(case, org)[1:] == (6, 6)


def test_a_day_of_many_events_is_summed_up_piece_by_piece(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "AHEAD_S", 1)
    monkeypatch.setattr(backfill, "SETTLE_S", 0)
    monkeypatch.setattr(backfill, "EVENTS_PER_PIECE_MAX", 100)
    org = new_org()
    case.store.insert(stored([make_event(org, NOW_MS + second * 1_000) for second in range(400)]))
    for table in TABLES:
        case.execute(f"DROP VIEW {table}_view")
        case.execute(f"DROP TABLE {table}")

    go_back(case)
    assert figures(case, org)[1:] == (400, 400)
