"""Time as a dependency: the system's clock in production, one that tests move by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the present moment comes from."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the Unix time in milliseconds it was last set to."""
        return self._now_ms

    def advance_ms(self, delta_ms: int) -> None:
        """Move forward (or back, with a negative value) by ``delta_ms`` milliseconds."""
        self._now_ms += delta_ms
