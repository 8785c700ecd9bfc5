"""How many events an incident has, from windows that overlap: the largest number that can be proved.

Detectors report windows: "7 events between t1 and t2". One detector fires several times while an attack grows, and two
detectors see the same events, so the windows of an incident overlap, and adding them up would count events twice. Windows
that do not overlap in time cannot share an event. So the largest sum over windows that do not overlap is a number of events
that surely happened. It does not depend on the order of arrival, and it never falls.
"""

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

WINDOWS_MAX = 256  # kept one by one; older ones are added up and only their end is remembered


class CountedWindow(msgspec.Struct, frozen=True, array_like=True, order=True):
    """``count`` events between two moments of event time, Unix ms, both included."""

    last_ms: int
    first_ms: int
    count: int


class Tally(msgspec.Struct, frozen=True):
    """What is known of an incident's number of events."""

    windows: tuple[CountedWindow, ...] = ()  # sorted by their end
    settled_count: int = 0  # events up to settled_ms, from windows that are no longer kept
    settled_ms: int | None = None
    count: int = 0


def largest_disjoint_count(windows: Sequence[CountedWindow]) -> int:
    """Return the largest sum of counts over windows of which no two overlap; ``windows`` are sorted by their end.

    This is weighted interval scheduling: each window is left out, or taken on top of the best that ends before it begins.
    """
    ends = [window.last_ms for window in windows]
    best = [0]
    for index, window in enumerate(windows):
        before = bisect_left(ends, window.first_ms, 0, index)
        best.append(max(best[index], best[before] + window.count))
    return best[-1]


def add_window(tally: Tally, window: CountedWindow) -> Tally:
    """Return ``tally`` with one more window; adding one that is known already changes nothing."""
    windows = sorted({*tally.windows, window})
    settled_count, settled_ms = tally.settled_count, tally.settled_ms
    if len(windows) > WINDOWS_MAX:
        old, windows = windows[: WINDOWS_MAX // 2], windows[WINDOWS_MAX // 2 :]
        settled_count += largest_disjoint_count(_after(old, settled_ms))
        settled_ms = old[-1].last_ms
    count = settled_count + largest_disjoint_count(_after(windows, settled_ms))
    return Tally(
        windows=tuple(windows),
        settled_count=settled_count,
        settled_ms=settled_ms,
        count=max(count, tally.count, window.count),
    )


def _after(windows: Sequence[CountedWindow], moment_ms: int | None) -> Sequence[CountedWindow]:
    """Return the windows that surely share no event with what was settled."""
    return windows if moment_ms is None else [window for window in windows if window.first_ms > moment_ms]
