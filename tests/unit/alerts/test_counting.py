import functools
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.alerts.counting import WINDOWS_MAX, CountedWindow, Tally, add_window, largest_disjoint_count


def window(first_ms: int, last_ms: int, count: int) -> CountedWindow:
    return CountedWindow(last_ms=last_ms, first_ms=first_ms, count=count)


def tally_of(windows: list[CountedWindow]) -> Tally:
    return functools.reduce(add_window, windows, Tally())


@pytest.mark.parametrize(
    ("windows", "count"),
    [
        ([window(0, 10, 5)], 5),
        ([window(0, 10, 5), window(0, 20, 8)], 8),  # one attack that grows
        ([window(0, 10, 5), window(11, 20, 8)], 13),  # two bursts
        ([window(0, 10, 5), window(10, 20, 8)], 8),  # may share the event at 10
        ([window(0, 10, 5), window(5, 15, 6), window(11, 20, 5)], 10),  # the two that do not overlap weigh more
        ([window(7, 7, 1), window(8, 8, 1), window(9, 9, 1)], 3),  # instant detections
        ([window(0, 10, 5), window(0, 10, 5)], 5),
    ],
)
def test_count(windows: list[CountedWindow], count: int) -> None:
    assert tally_of(windows).count == count


# Event times, and the windows that a detector could report over them: each counts the real events between its ends.
histories = st.lists(st.integers(0, 60), min_size=1, max_size=25).flatmap(
    lambda times: st.tuples(
        st.just(sorted(times)),
        st.lists(st.tuples(st.sampled_from(times), st.sampled_from(times)), min_size=1, max_size=7),
    )
)


def windows_over(times: list[int], spans: list[tuple[int, int]]) -> list[CountedWindow]:
    ends = [(min(span), max(span)) for span in spans]
    return [window(first, last, sum(first <= at <= last for at in times)) for first, last in ends]


@given(histories)
def test_never_more_than_there_are_and_at_least_the_largest_window(history: tuple[list[int], list[tuple[int, int]]]) -> None:
    times, spans = history
    windows = windows_over(times, spans)
    assert max(item.count for item in windows) <= tally_of(windows).count <= len(times)


@given(histories, st.randoms())
def test_order_and_repetition_change_nothing(history: tuple[list[int], list[tuple[int, int]]], random: object) -> None:
    windows = windows_over(*history)
    shuffled = [*windows, *windows]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tally_of(shuffled) == tally_of(windows)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8), st.integers(1, 9)), max_size=7))
def test_it_is_the_best_of_all_choices(spans: list[tuple[int, int, int]]) -> None:
    windows = sorted({window(first, first + length, count) for first, length, count in spans})
    choices = itertools.chain.from_iterable(itertools.combinations(windows, size) for size in range(len(windows) + 1))
    best = max(
        sum(item.count for item in choice)
        for choice in choices
        if all(a.last_ms < b.first_ms or b.last_ms < a.first_ms for a, b in itertools.combinations(choice, 2))
    )
    assert largest_disjoint_count(windows) == best


def test_long_incidents_stay_small_and_are_still_counted_in_full() -> None:
    tally = tally_of([window(at, at, 1) for at in range(5 * WINDOWS_MAX)])
    assert tally.count == 5 * WINDOWS_MAX
    assert len(tally.windows) <= WINDOWS_MAX


def test_a_late_window_of_settled_times_never_lowers_the_count() -> None:
    tally = tally_of([window(at, at, 1) for at in range(2 * WINDOWS_MAX)])
    assert add_window(tally, window(0, 3, 4)).count == tally.count
