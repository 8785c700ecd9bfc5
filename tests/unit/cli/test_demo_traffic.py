from collections import defaultdict

from litesoc_server.cli.demo_traffic import DAYS, ordinary_days

DAY_MS = 86_400_000
NOW_MS = 1_780_000_000_000  # 2026-05-28T20:26:40Z


def test_the_days_reach_up_to_now_and_is_the_same_each_time() -> None:
    past = ordinary_days(NOW_MS)
    days = {(NOW_MS // DAY_MS) - event.occurred_at_ms // DAY_MS for event in past}
    assert days == set(range(DAYS + 1))
    assert max(event.received_at_ms for event in past) < NOW_MS
    assert [event.event_id for event in past] == [event.event_id for event in ordinary_days(NOW_MS)]


def test_nobody_in_it_moves_to_another_network() -> None:
    networks = defaultdict(set)
    for event in ordinary_days(NOW_MS):
        if event.actor is not None and event.network is not None:
            networks[event.actor.id].add(event.network.asn)
    assert len(networks) > 50
    assert all(len(seen) == 1 for seen in networks.values())
