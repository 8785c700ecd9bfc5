import random

from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.stream.ack_tracker import AckTracker, GracePeriod


@given(st.integers(0, 20), st.lists(st.integers(0, 40), max_size=60))
def test_the_mark_is_the_first_offset_that_is_missing(low: int, offsets: list[int]) -> None:
    tracker = AckTracker(low)

    tracker.ack(offsets)

    acked = set(range(low)) | set(offsets)
    assert tracker.low == next(offset for offset in range(100) if offset >= low and offset not in acked)
    for start in range(low, 50):
        assert tracker.count_from(start) == len({offset for offset in acked if offset >= start})


@given(st.integers(1, 200), st.randoms(use_true_random=False))
def test_any_order_ends_at_the_same_mark(count: int, rng: random.Random) -> None:
    offsets = list(range(count))
    rng.shuffle(offsets)
    tracker = AckTracker(0)

    for offset in offsets:
        tracker.ack([offset])

    assert tracker.low == count


def test_a_mark_is_due_only_after_the_grace_period() -> None:
    grace = GracePeriod(1000)
    grace.note(0, 5)
    grace.note(400, 9)

    assert grace.due(999) == 0
    assert grace.due(1000) == 5
    assert grace.due(1399) == 5
    assert grace.due(1400) == 9
    assert grace.due(99_999) == 9


def test_a_mark_that_stays_is_not_made_younger() -> None:
    grace = GracePeriod(1000)
    for now_ms in range(0, 1100, 100):
        grace.note(now_ms, 7)

    assert grace.due(1000) == 7
