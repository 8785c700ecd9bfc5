"""How many requests Django works on at once: each takes a thread, and a sign-in half a second of a processor."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from litesoc_server.ingest.responses import unavailable


class Gate:
    """Lets ``at_once`` through at a time; up to ``waiting_max`` wait their turn; whoever comes then is told to come back."""

    def __init__(self, *, at_once: int, waiting_max: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting_max = waiting_max
        self._waiting_count = 0

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises Refused (503) when too many wait."""
        if self._free.locked() and self._waiting_count >= self._waiting_max:
            raise unavailable("a turn on this busy server is")
        self._waiting_count += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting_count -= 1
        try:
            yield
        finally:
            self._free.release()


class GatePerKey:
    """A gate for each key, such as a person, so that one of them cannot hold all places of another gate behind it."""

    def __init__(self, *, at_once: int, waiting_max: int) -> None:
        self._at_once, self._waiting_max = at_once, waiting_max
        self._gates: dict[Hashable, Gate] = {}  # of keys that pass or wait; others have none
        self._used: Counter[Hashable] = Counter()

    @asynccontextmanager
    async def passing(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a turn among those of ``key`` and hold it. Raises Refused (503) when too many of them wait."""
        gate = self._gates.setdefault(key, Gate(at_once=self._at_once, waiting_max=self._waiting_max))
        self._used[key] += 1
        try:
            async with gate.passing():
                yield
        finally:
            self._used[key] -= 1
            if not self._used[key]:
                del self._used[key], self._gates[key]
