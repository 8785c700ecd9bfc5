"""Who follows which search, and the one task per search that looks for all of them.

Belongs to one event loop. Looks block, so they run in a thread of their own, one after the other: however many searches are
followed, they take one connection to the store.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from litesoc_server.store.base import StoreUnavailable

TICK_S = 1.0  # between two looks of a search
REST = 4  # rests are so many times as long as looks, so that looks of all searches take a fifth of the thread's time
REST_MAX_S = 30.0  # a slow search among many is still looked for
WAITING_MAX = 8  # ticks kept for a reader who does not take them
T = TypeVar("T")


@dataclass(frozen=True)
class Tick:
    """What one look found, ready to be shown."""

    html: str  # rows of a table, newest first; may be empty
    shown_count: int
    passed_over_count: int  # events beside them
    position_s: int  # where to go on from: store.feed.FeedStep
    is_store_away: bool = False  # it does not answer; the next look may find more
    is_beginning: bool = False  # from here on nothing is missed: what came in before is the reader's to ask for


Look = Callable[[], Tick]
AWAY = Tick("", 0, 0, 0, is_store_away=True)
BEGUN = Tick("", 0, 0, 0, is_beginning=True)


@dataclass(eq=False)
class Subscription:
    """One reader of a search."""

    _waiting: asyncio.Queue[Tick | None] = field(default_factory=lambda: asyncio.Queue(WAITING_MAX + 1))
    _missed_count: int = 0

    async def next(self) -> Tick | None:
        """Wait for what is found next; None when the server ends."""
        return await self._waiting.get()

    def hand_over(self, tick: Tick | None) -> None:
        """Keep a tick until it is taken. Who takes too slowly loses the rows of the oldest, not their number."""
        if tick is not None and self._waiting.qsize() >= WAITING_MAX:
            lost = self._waiting.get_nowait()
            if lost is not None:
                self._missed_count += lost.shown_count + lost.passed_over_count
        if tick is not None and self._missed_count:
            tick = replace(tick, passed_over_count=tick.passed_over_count + self._missed_count)
            self._missed_count = 0
        self._waiting.put_nowait(tick)


@dataclass(eq=False)
class _Followed:
    """One search that is followed."""

    look: Look
    readers: set[Subscription] = field(default_factory=set)
    is_begun: bool = False  # the first look is done

    def hand_over(self, tick: Tick | None) -> None:
        for reader in self.readers:
            reader.hand_over(tick)


class FeedHub:
    """All searches that are followed."""

    def __init__(self) -> None:
        self._followed: dict[Hashable, tuple[_Followed, asyncio.Task[None]]] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feed")

    @asynccontextmanager
    async def following(self, key: Hashable, begin: Callable[[], Look]) -> AsyncIterator[Subscription]:
        """Follow the search named ``key``; ``begin`` starts it where nobody follows it yet."""
        if key not in self._followed:
            new = _Followed(begin())
            self._followed[key] = new, asyncio.create_task(self._follow(new))
        followed, task = self._followed[key]
        subscription = Subscription()
        followed.readers.add(subscription)
        if followed.is_begun:
            subscription.hand_over(BEGUN)
        try:
            yield subscription
        finally:
            followed.readers.discard(subscription)
            if not followed.readers:
                del self._followed[key]
                task.cancel()

    def _rest_s(self, look_s: float) -> float:
        """Return how long a search rests after a look. It pays for its own looks, not for waiting behind others."""
        return max(TICK_S, min(REST_MAX_S, REST * look_s * len(self._followed)))

    async def in_thread(self, ask: Callable[[], T]) -> T:
        """Run one blocking question in the feed's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)

    def end(self) -> None:
        """Tell every reader that the server ends."""
        for followed, _ in self._followed.values():
            followed.hand_over(None)

    async def _follow(self, followed: _Followed) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                tick, look_s = await self.in_thread(lambda: _timed(followed.look))
                if not tick.is_store_away and not followed.is_begun:
                    followed.is_begun = True
                    followed.hand_over(BEGUN)
                if tick.shown_count or tick.passed_over_count or tick.is_store_away:
                    followed.hand_over(tick)
                await asyncio.sleep(self._rest_s(look_s))


def _timed(look: Look) -> tuple[Tick, float]:
    """Return what is found, and how long it took in s."""
    started_s = time.monotonic()
    try:
        tick = look()
    except StoreUnavailable:
        tick = AWAY
    return tick, time.monotonic() - started_s


HUB = FeedHub()
