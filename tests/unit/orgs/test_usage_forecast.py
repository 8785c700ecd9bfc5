import random

from litesoc_server.orgs.usage_forecast import DAYS_LOOKED_AT, forecast


def test_equal_days_go_on_as_they_are() -> None:
    found = forecast([100] * 10, used=1_000, days_left=20, limit=None)
    assert found is not None
    assert (found.low, found.expected, found.high, found.days_looked_at) == (3_000, 3_000, 3_000, 10)
    assert found.full_in_days is None


def test_newer_days_count_more_and_old_ones_not_at_all() -> None:
    rising = forecast([100] * 14 + [200] * 14, used=0, days_left=1, limit=None)
    assert rising is not None
    assert 170 < rising.expected < 200
    old = forecast([9_999] * 30 + [100] * DAYS_LOOKED_AT, used=0, days_left=1, limit=None)
    assert old is not None
    assert old.expected == 100


def test_of_fewer_than_three_days_nothing_is_said() -> None:
    assert forecast([100, 100], used=200, days_left=20, limit=None) is None


def test_it_tells_when_the_limit_will_be_reached_unless_it_will_not_or_is() -> None:
    days = [100] * 10
    full = forecast(days, used=1_000, days_left=20, limit=2_000)
    assert full is not None
    assert full.full_in_days == 10
    for limit in (3_001, 1_000, 900):
        found = forecast(days, used=1_000, days_left=20, limit=limit)
        assert found is not None
        assert found.full_in_days is None


def test_never_fewer_than_were_sent_already() -> None:
    found = forecast([0, 0, 10_000], used=10_000, days_left=0.5, limit=None)
    assert found is not None
    assert found.low == 10_000


def test_four_times_out_of_five_the_month_lies_in_the_range() -> None:
    rng, inside = random.Random(1), 0
    for _ in range(500):
        days = [max(0, round(rng.gauss(1_000, 300))) for _ in range(43)]
        found = forecast(days[:28], used=0, days_left=15, limit=None)
        assert found is not None
        inside += found.low <= sum(days[28:]) <= found.high
    assert 0.72 < inside / 500 < 0.88
