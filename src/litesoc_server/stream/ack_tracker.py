"""Which offsets are acknowledged: a contiguous low-water mark, and those above it that came out of order."""

import threading
from collections import deque
from collections.abc import Iterable


class AckTracker:
    """Acknowledged offsets of one log. Safe to use from any thread."""

    def __init__(self, low: int) -> None:
        self._lock = threading.Lock()
        self._low = low
        self._above: set[int] = set()

    @property
    def low(self) -> int:
        """The low-water mark: every offset below it is acknowledged."""
        return self._low

    def ack(self, offsets: Iterable[int]) -> None:
        """Acknowledge ``offsets``; repeating one changes nothing."""
        with self._lock:
            self._above.update(offset for offset in offsets if offset >= self._low)
            low = self._low
            while low in self._above:
                self._above.remove(low)
                low += 1
            self._low = low

    def count_from(self, offset: int) -> int:
        """Return how many offsets at or above ``offset`` are acknowledged."""
        with self._lock:
            below_mark = max(0, self._low - offset)
            return below_mark + sum(1 for acked in self._above if acked >= offset)


class GracePeriod:
    """Tells up to which offset acknowledged rows are old enough to be deleted."""

    def __init__(self, grace_ms: int) -> None:
        self._grace_ms = grace_ms
        self._marks: deque[tuple[int, int]] = deque()  # (Unix ms, low-water mark at that time)
        self._due = 0

    def note(self, now_ms: int, low: int) -> None:
        """Remember the low-water mark of this moment; call it about once a second."""
        if not self._marks or self._marks[-1][1] < low:
            self._marks.append((now_ms, low))

    def due(self, now_ms: int) -> int:
        """Return the offset below which everything was acknowledged at least the grace period ago; 0 at first."""
        while self._marks and self._marks[0][0] + self._grace_ms <= now_ms:
            self._due = self._marks.popleft()[1]
        return self._due
