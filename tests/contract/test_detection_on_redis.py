"""The same incidents from memory, from Redis and from a replay, whatever the order, the batches, repeats and a crash.

`make laws` runs these with 10,000 stories; LITESOC_TEST_LAWS_EXAMPLES says how many.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection_streams import Policies, detect, incidents, late_arrivals, lately, new_prefix, new_redis_state, stories
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.state.base import StateStore
from litesoc_server.pipeline.state.redis import RedisState
from servers import RedisServer

laws = settings(deadline=None, max_examples=int(os.environ.get("LITESOC_TEST_LAWS_EXAMPLES", "25")))
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def url(redis_server: RedisServer) -> str:
    return redis_server.url


def runner_on(state: StateStore) -> DetectionRunner:
    return DetectionRunner(state, DETECTORS, Policies())


def batches(events: Sequence[Event], draw: Random) -> Iterator[Sequence[Event]]:
    rest = list(events)
    while rest:
        size = draw.choice([1, 3, 20, 100])
        yield rest[:size]
        rest = rest[size:]


def run_in_batches(runners: Sequence[DetectionRunner], events: Sequence[Event], draw: Random) -> list[Detection]:
    found: list[Detection] = []
    for batch in batches(events, draw):
        found += draw.choice(runners).run(batch).detections
    return found


def all_at_once(events: Iterable[Event], url: str) -> list[Detection]:
    state = new_redis_state(url)
    found = runner_on(state).run(list(events)).detections
    state.close()
    return found


@laws
@given(events=stories(), seed=seeds)
def test_memory_redis_and_replay_find_the_same(events: list[Event], seed: int, url: str) -> None:
    draw = Random(seed)
    expected = incidents(detect(events))
    late = late_arrivals(events, seed)

    assert incidents(all_at_once(events, url)) == expected
    assert incidents(all_at_once(late, url)) == expected

    prefix = new_prefix()
    pair = (new_redis_state(url, prefix), RedisState(url, prefix=prefix))
    workers = [runner_on(state) for state in pair]
    found = run_in_batches(workers, late, draw)
    assert incidents(found) == expected
    again = [event for event in lately(events) for _ in range(2)]
    draw.shuffle(again)
    assert incidents(run_in_batches(workers, again, draw)) <= incidents(found)  # with, at most, fuller counts

    stored = sorted(late[: draw.randrange(len(late) + 1)], key=lambda event: (event.occurred_at_ms, event.event_id))
    fresh = RedisState(url, prefix=new_prefix())
    before = run_in_batches([runner_on(new_redis_state(url))], late[: len(stored)], draw)
    with fresh.rebuilding():
        runner_on(fresh).rebuild(stored)
    after = run_in_batches([runner_on(fresh)], late[len(stored) :], draw)
    assert incidents([*before, *after]) == expected
    for state in (*pair, fresh):
        state.close()
