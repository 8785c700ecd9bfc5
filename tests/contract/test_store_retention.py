"""How long rows are kept."""

from contract.store_cases import NOW_MS, StoreCase, list_all, make_event, new_org, newest_first, stored

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
