from datetime import UTC, datetime

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS
from litesoc_server.web.time_range import BUCKETS_MAX, PRESETS, RangeInvalid, TimeRange, time_range_of

NOW_MS = 1_780_000_000_000
KEPT_MS = NOW_MS - 90 * DAY_MS


def read(query: str) -> TimeRange:
    return time_range_of(QueryDict(query), now_ms=NOW_MS, not_before_ms=KEPT_MS)


def test_without_a_word_it_is_the_last_day() -> None:
    found = read("")
    assert (found.from_ms, found.to_ms, found.preset) == (NOW_MS - DAY_MS, NOW_MS, "24h")
    assert found.before == (NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_an_address_names_is_named_again(preset: str) -> None:
    assert read(f"range={preset}").query == {"range": preset}


def test_two_moments_in_any_zone() -> None:
    found = read("from=2026-05-28T10:00:00%2B02:00&to=2026-05-28T09:00:00Z")
    assert found.length_ms == HOUR_MS
    assert found.query == {"from": "2026-05-28T08:00:00.000Z", "to": "2026-05-28T09:00:00.000Z"}
    assert read("from=2026-05-28T08:00:00Z").to_ms == NOW_MS


@pytest.mark.parametrize(
    ("query", "word"),
    [("range=9y", "1h, 24h"), ("from=yesterday", "from"), ("to=0000-99", "to"), ("from=2026-05-28&to=2026-05-01", "before")],
)
def test_a_mistake_is_named(query: str, word: str) -> None:
    with pytest.raises(RangeInvalid, match=word):
        read(query)


def test_nothing_older_than_the_retention_is_asked_for() -> None:
    assert read("from=2001-01-01T00:00:00Z&to=2026-05-28T00:00:00Z").from_ms == KEPT_MS
    long_ago = read("from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z")
    assert long_ago.from_ms >= KEPT_MS
    assert long_ago.length_ms > 0


@given(st.integers(KEPT_MS, NOW_MS), st.integers(KEPT_MS, NOW_MS))
def test_a_chart_has_bars_that_can_be_told_apart(one_ms: int, other_ms: int) -> None:
    from_s, to_s = sorted((one_ms // 1000, other_ms // 1000 + 1))
    query = QueryDict(mutable=True)
    query.update({"from": _iso(from_s), "to": _iso(to_s)})
    found = time_range_of(query, now_ms=NOW_MS, not_before_ms=KEPT_MS)
    assert 0 < found.length_ms <= BUCKETS_MAX * found.bucket_ms


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
