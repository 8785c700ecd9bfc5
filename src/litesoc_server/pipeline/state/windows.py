"""Sliding windows in memory: observations sorted by event time, asked for the fullest window around one of them."""

from bisect import bisect_left, bisect_right
from collections import Counter

import msgspec

from litesoc_server.pipeline.state.base import LATENESS_MS, MEMBERS_MAX, Window

# An observation costs about 100 bytes, so a full window stays under half a megabyte; 4,096 failed logins are an attack
# whatever the threshold. A count that has reached the ceiling means "at least".
OBSERVATIONS_MAX = 4096
_SLACK = 512  # how far a list may outgrow the ceiling before it is cut, so that cutting costs little per observation
# Below this length nothing is cut, however old: a replayed log and live traffic may then share a key.
_TRIM_LENGTH = 128
_STEP_COST = 4  # what a step back from the newest window costs, in observations counted anew
_TALLY_LENGTH = 32  # from this many observations on, counting the different ones anew each time costs more than a tally

NO_WINDOW = Window(0, 0, 0, ())


def keep_ms_for(window_ms: int) -> int:
    """Return how far behind the newest observation a late one may have to look: its window and lateness on both sides."""
    return window_ms + 2 * LATENESS_MS


class Observations(msgspec.Struct, array_like=True, gc=False):
    """The observations of one key, sorted by (time, label). A label is a member or a value.

    An observation is known by its label *and* its time: an event's time never changes, so a redelivered one is found among
    those of the very same time.
    """

    keep_ms: int  # idle for this long, the key may go; observations this far behind the newest one may go
    checked_ms: int = 0  # when it came up last as one that may have to go, on the state's clock
    is_used: bool = False  # since then
    trim_length: int = _TRIM_LENGTH
    times: list[int] = []
    labels: list[str] = []

    def insert_late(self, at_ms: int, label: str) -> int | None:
        """Put an observation that is not the newest into its place and return its index; None when it is already there."""
        times, labels = self.times, self.labels
        low, high = bisect_left(times, at_ms), bisect_right(times, at_ms)
        index = bisect_left(labels, label, low, high)
        if index < high and labels[index] == label:
            return None
        times.insert(index, at_ms)
        labels.insert(index, label)
        return index

    def trim(self, window_ms: int) -> int:
        """Cut what no window needs any more, or what is beyond the ceiling; return how many went."""
        self.keep_ms = max(self.keep_ms, keep_ms_for(window_ms))
        size = len(self.times)
        cut = bisect_left(self.times, self.times[-1] - self.keep_ms)
        if size - cut >= OBSERVATIONS_MAX + _SLACK:
            cut = size - OBSERVATIONS_MAX
        del self.times[:cut]
        del self.labels[:cut]
        self.trim_length = min(max(_TRIM_LENGTH, 2 * (size - cut)), OBSERVATIONS_MAX + _SLACK)
        return cut


class CountWindow(Observations, tag=1, gc=False):
    """Counts the observations of a key."""

    def add(self, at_ms: int, member: str, window_ms: int) -> Window:
        """Add one observation and return the fullest window that contains it, the latest of equals."""
        times = self.times
        if not times or at_ms > times[-1] or (at_ms == times[-1] and member >= self.labels[-1]):
            if not times or at_ms > times[-1] or member != self.labels[-1]:  # else it is counted by two detectors
                times.append(at_ms)
                self.labels.append(member)
                if len(times) >= self.trim_length:
                    self.trim(window_ms)
            oldest_ms = at_ms - window_ms
            size = len(times)
            if size <= MEMBERS_MAX and times[0] >= oldest_ms:  # by far the most common: all of few
                return Window(size, times[0], at_ms, tuple(self.labels))
            return self._window(bisect_left(times, oldest_ms), size)
        if self.insert_late(at_ms, member) is not None and len(times) >= self.trim_length:
            self.trim(window_ms)
        if at_ms == times[-1]:
            return self._window(bisect_left(times, at_ms - window_ms), len(times))
        if at_ms < times[0]:  # older than everything the ceiling leaves room for
            return Window(1, at_ms, at_ms, (member,))
        return self._fullest(at_ms, window_ms)

    def peek(self, at_ms: int, window_ms: int) -> Window:
        """Return the window that ends at ``at_ms``, changing nothing."""
        start, stop = bisect_left(self.times, at_ms - window_ms), bisect_right(self.times, at_ms)
        return self._window(start, stop) if stop > start else NO_WINDOW

    def _fullest(self, at_ms: int, window_ms: int) -> Window:
        """Try every window that ends at an observation and still contains ``at_ms``. Windows are closed at both ends."""
        times = self.times
        best_start = best_stop = 0
        stop = bisect_right(times, at_ms)
        last_stop = bisect_right(times, at_ms + window_ms)
        while stop <= last_stop:
            end_ms = times[stop - 1]
            stop = bisect_right(times, end_ms, stop - 1)
            start = bisect_left(times, end_ms - window_ms)
            if stop - start >= best_stop - best_start:
                best_start, best_stop = start, stop
            stop += 1
        return self._window(best_start, best_stop)

    def _window(self, start: int, stop: int) -> Window:
        times = self.times
        count = stop - start
        if count <= MEMBERS_MAX:
            return Window(count, times[start], times[stop - 1], tuple(self.labels[start:stop]))
        newest = tuple(self.labels[stop - MEMBERS_MAX : stop])
        return Window(min(count, OBSERVATIONS_MAX), times[start], times[stop - 1], newest)


class DistinctWindow(Observations, tag=2, gc=False):
    """Counts the different values observed under a key.

    A second observation of one value at one time cannot change any answer and is not kept, which also makes redelivery
    harmless. The number is exact up to OBSERVATIONS_MAX observations per window, so no estimate is needed beyond 256 values.
    """

    tally: dict[str, int] | None = None  # how often each value stands in the newest window, once that is worth keeping
    tally_start: int = 0  # index of the first observation that the tally counts
    tally_window_ms: int = 0

    def add(self, at_ms: int, value: str, window_ms: int) -> int:
        """Add one observation and return the number of different values in the richest window that contains it."""
        times, labels = self.times, self.labels
        index: int | None = len(times)
        if not times or at_ms > times[-1] or (at_ms == times[-1] and value > labels[-1]):
            times.append(at_ms)
            labels.append(value)
        else:
            index = self.insert_late(at_ms, value)
        if index is not None:
            self._keep_tally(index, value)
            if len(times) >= self.trim_length and self.trim(window_ms):
                self.tally = None
        oldest_ms = at_ms - window_ms
        if at_ms < times[-1]:
            return self._richest(at_ms, window_ms)
        if len(times) < _TALLY_LENGTH:
            return len(set(labels if times[0] >= oldest_ms else labels[bisect_left(times, oldest_ms) :]))
        return len(self._newest_tally(window_ms))

    def peek(self, at_ms: int, window_ms: int) -> int:
        """Return the number of different values in the window that ends at ``at_ms``, changing no answer."""
        times = self.times
        start, stop = bisect_left(times, at_ms - window_ms), bisect_right(times, at_ms)
        is_tallied = self.tally is None or self.tally_window_ms == window_ms
        if stop < len(times) or stop - start < _TALLY_LENGTH or not is_tallied:
            return len(set(self.labels[start:stop]))
        tally = self._newest_tally(window_ms)
        if _STEP_COST * (start - self.tally_start) > stop - start:
            return len(set(self.labels[start:]))
        gone = Counter(self.labels[self.tally_start : start])  # nothing came since the newest, but time went on
        return len(tally) - sum(tally[value] == count for value, count in gone.items())

    def _keep_tally(self, index: int, value: str) -> None:
        """Have the tally count what was just put at ``index``, unless it is older than all that is counted."""
        if self.tally is None:
            return
        if index < self.tally_start:
            self.tally_start += 1
        else:
            self.tally[value] = self.tally.get(value, 0) + 1

    def _newest_tally(self, window_ms: int) -> dict[str, int]:
        """Return how often each value stands in the newest window: constant work per observation, however long it is."""
        start = bisect_left(self.times, self.times[-1] - window_ms)
        tally = self.tally
        if tally is None or self.tally_window_ms != window_ms:
            tally = {}
            for present in self.labels[start:]:
                tally[present] = tally.get(present, 0) + 1
            self.tally, self.tally_window_ms = tally, window_ms
        else:
            for gone in self.labels[self.tally_start : start]:
                _take_out(tally, gone)
        self.tally_start = start
        return tally

    def _richest(self, at_ms: int, window_ms: int) -> int:
        """Slide over every window that ends at an observation and still contains ``at_ms``, which is not the newest."""
        times = self.times
        start, stop = bisect_left(times, at_ms - window_ms), bisect_right(times, at_ms)
        if at_ms >= times[-1] - window_ms and len(times) >= _TALLY_LENGTH:
            tally = self._newest_tally(window_ms)
            if _STEP_COST * (len(times) - stop + self.tally_start - start) < stop - start:
                return self._richest_backwards(stop, window_ms, tally)
        return self._richest_forwards(start, stop, at_ms, window_ms)

    def _richest_backwards(self, first_stop: int, window_ms: int, tally: dict[str, int]) -> int:
        """Slide from the newest window, whose tally is at hand, to the one that ends before ``first_stop``: few steps.

        What happens at one moment or in parallel seldom comes in order, so nearly all late observations are late by little.
        """
        times, values = self.times, self.labels
        moved: dict[str, int] = {}  # the tally stays as it is; what differs from it stands here
        start, inside_count = self.tally_start, len(tally)
        best = inside_count
        for stop in range(len(times) - 1, first_stop - 1, -1):
            value = values[stop]
            moved[value] = moved.get(value, 0) - 1
            if not tally.get(value, 0) + moved[value]:
                inside_count -= 1
            oldest_ms = times[stop - 1] - window_ms
            while start and times[start - 1] >= oldest_ms:
                start -= 1
                value = values[start]
                if not tally.get(value, 0) + moved.get(value, 0):
                    inside_count += 1
                moved[value] = moved.get(value, 0) + 1
            best = max(best, inside_count)
        return best

    def _richest_forwards(self, start: int, stop: int, at_ms: int, window_ms: int) -> int:
        times, values = self.times, self.labels
        last_stop = bisect_right(times, at_ms + window_ms)
        inside: dict[str, int] = {}
        for present in values[start:stop]:
            inside[present] = inside.get(present, 0) + 1
        best = max(1, len(inside))
        for index in range(stop, last_stop):
            inside[values[index]] = inside.get(values[index], 0) + 1
            oldest_ms = times[index] - window_ms
            while times[start] < oldest_ms:
                _take_out(inside, values[start])
                start += 1
            best = max(best, len(inside))
        return best


def _take_out(tally: dict[str, int], value: str) -> None:
    if tally[value] == 1:
        del tally[value]
    else:
        tally[value] -= 1
