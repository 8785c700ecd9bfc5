"""One look serves everybody who follows a search."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.feed import hub as hub_module
from litesoc_server.web.feed.hub import AWAY, BEGUN, WAITING_MAX, FeedHub, Subscription, Tick


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TICK_S", 0.0)


def tick(number: int, shown: int = 1) -> Tick:
    return Tick(f"<tr>{number}</tr>", shown, 0, number)


def counted(looks: list[int], result: Callable[[int], Tick]) -> Callable[[], Tick]:
    def look() -> Tick:
        looks.append(1)
        return result(len(looks))

    return look


def test_fifty_readers_cost_one_look_and_see_the_same() -> None:
    begun: list[int] = []
    looks: list[int] = []

    def begin() -> Callable[[], Tick]:
        begun.append(1)
        return counted(looks, tick)

    async def run() -> list[str]:
        hub = FeedHub()

        async def read() -> str:
            async with hub.following("search", begin) as subscription:
                assert await subscription.next() == BEGUN
                found = await subscription.next()
                return "" if found is None else found.html

        return await asyncio.gather(*(read() for _ in range(50)))

    assert set(asyncio.run(run())) == {"<tr>1</tr>"}
    assert len(begun) == 1


def test_a_search_that_nobody_follows_is_looked_for_no_more() -> None:
    looks: list[int] = []

    async def run() -> tuple[int, int]:
        hub = FeedHub()
        async with hub.following("search", lambda: counted(looks, tick)) as subscription:
            await subscription.next()
        await asyncio.sleep(0)
        before = len(looks)
        async with hub.following("other", lambda: counted([], tick)) as subscription:
            for _ in range(5):
                await subscription.next()
        return before, len(looks)

    before, after = asyncio.run(run())
    assert after <= before + 1  # the look that was under way


def test_who_waits_behind_a_slow_search_does_not_rest_for_it() -> None:
    """With 49 searches beside it, one that takes 0.1 s may rest for long; the others go on at their own pace."""

    def slow() -> Tick:
        time.sleep(0.1)  # in the feed's thread, as a store would keep it
        return tick(0)

    async def run() -> list[int]:
        hub = FeedHub()
        looks: list[list[int]] = [[] for _ in range(49)]
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(hub.following("slow", lambda: slow))
            quick = [
                await stack.enter_async_context(hub.following(number, lambda found=found: counted(found, tick)))  # type: ignore[misc]
                for number, found in enumerate(looks)
            ]
            for _ in range(4):
                await asyncio.gather(*(subscription.next() for subscription in quick))
        return [len(found) for found in looks]

    started_s = time.monotonic()
    assert min(asyncio.run(run())) >= 3  # the first of what a reader gets only says that it begins
    assert time.monotonic() - started_s < hub_module.REST * 0.1 + 0.1


def test_what_is_found_goes_on_after_the_store_was_away() -> None:
    def result(number: int) -> Tick:
        if number == 1:
            raise StoreUnavailable("gone")
        return tick(number)

    looks: list[int] = []

    async def run() -> list[Tick | None]:
        async with FeedHub().following("search", lambda: counted(looks, result)) as subscription:
            return [await subscription.next() for _ in range(3)]

    assert asyncio.run(run()) == [AWAY, BEGUN, tick(2)]


def test_who_reads_too_slowly_is_told_how_many_were_lost() -> None:
    async def run() -> list[Tick | None]:
        subscription = Subscription()
        for number in range(WAITING_MAX + 3):
            subscription.hand_over(tick(number, shown=10))
        return [await subscription.next() for _ in range(WAITING_MAX)]

    taken = asyncio.run(run())
    assert [one.position_s for one in taken if one is not None] == list(range(3, WAITING_MAX + 3))
    assert sum(one.passed_over_count for one in taken if one is not None) == 30


def test_readers_are_told_that_the_server_ends_even_when_they_are_slow() -> None:
    async def run() -> Tick | None:
        hub = FeedHub()
        async with hub.following("search", lambda: counted([], lambda _: Tick("", 0, 0, 0))) as subscription:
            for number in range(WAITING_MAX):
                subscription.hand_over(tick(number))
            hub.end()
            last: Tick | None = AWAY
            for _ in range(WAITING_MAX + 1):
                last = await subscription.next()
            return last

    assert asyncio.run(run()) is None
