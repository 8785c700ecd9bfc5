"""How long rows are kept."""

import time

from contract.store_cases import DAY_MS, NOW_MS, StoreCase, list_all, make_event, new_org, newest_first, stored
from litesoc_server.events.event import Geo

PAST_MS = 1_600_000_000_000  # 2020


def test_rows_are_deleted_after_their_own_expiry_and_no_others(case: StoreCase) -> None:
    org = new_org()
    expired, kept = make_event(org), make_event(org, NOW_MS + 1)
    case.store.insert([*stored([expired], expires_at_ms=PAST_MS), *stored([kept])])
    case.execute("OPTIMIZE TABLE events FINAL")

    assert list_all(case.store, org) == [kept]
    assert case.store.get_event(org_id=org, event_id=expired.event_id, not_before_ms=None) is None
    assert case.store.count_received(org_id=org, from_ms=0, to_ms=NOW_MS * 2) == 1


def test_rows_may_be_kept_longer_than_the_engine_can_count(case: StoreCase) -> None:
    org = new_org()
    events = [make_event(org), make_event(org)]
    case.store.insert(stored(events, expires_at_ms=2**53))
    case.execute("OPTIMIZE TABLE events FINAL")

    assert list_all(case.store, org) == newest_first(events)


TABLES = ("events", "events_hourly", "visits_daily", "visitors", "places_hourly")


def test_a_shorter_retention_removes_what_is_older_and_lets_the_rest_expire_sooner(case: StoreCase) -> None:
    org, other = new_org(), new_org()
    now_ms = case.store.taken_span(since_s=0).now_s * 1000
    geo = Geo(country_code="DE", latitude=50.0, longitude=10.0)
    old, new, others = (make_event(one, now_ms - age * DAY_MS, geo=geo) for one, age in ((org, 40), (org, 10), (other, 40)))
    kept_until_ms = now_ms + 400 * DAY_MS
    case.store.insert(stored([old, new, others], expires_at_ms=kept_until_ms))
    assert case.store.count_before(org_id=org, before_ms=now_ms - 30 * DAY_MS) == 1

    assert case.store.shorten_expiry(org_id=org, days=30) > 0
    assert list_all(case.store, org) == [new]
    assert list_all(case.store, other) == [others]
    assert case.store.count_before(org_id=org, before_ms=now_ms - 30 * DAY_MS) == 0
    for table in TABLES:
        ends = case.store._read(
            f"SELECT toUnixTimestamp(expires_at) FROM {table} WHERE org_id = {{org:String}}", {"org": org}
        )
        assert ends, table
        assert all(now_ms // 1000 < end <= now_ms // 1000 + 22 * 86_400 for (end,) in ends), table
        assert case.store._read(f"SELECT 1 FROM {table} WHERE org_id = {{org:String}}", {"org": other}), table
    assert case.store.shorten_expiry(org_id=org, days=30) == 0, "it is done"
    assert case.store.shorten_expiry(org_id=org, days=60) == 0, "rows are never kept longer than they were to be"


def test_new_ends_are_kept_to(case: StoreCase) -> None:
    org = new_org()
    now_ms = case.store.taken_span(since_s=0).now_s * 1000
    case.store.insert(stored([make_event(org, now_ms - DAY_MS + 2_000)], expires_at_ms=now_ms + 400 * DAY_MS))
    case.store.shorten_expiry(org_id=org, days=1)
    while case.store.taken_span(since_s=0).now_s * 1000 < now_ms + 5_000:
        time.sleep(0.1)
    case.execute("OPTIMIZE TABLE events FINAL")
    assert list_all(case.store, org) == []
