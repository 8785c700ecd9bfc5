"""The same incidents from memory, from Redis and from a replay, whatever the order, the batches, repeats and a crash.

`make laws` runs these with 10,000 stories. LITESOC_TEST_LAWS_STORIES says how many, LITESOC_TEST_LAWS_FIRST the seed of
the first one: a failure names the seed of its story, and one story from that seed on repeats it.
"""

import os
from collections.abc import Iterator, Sequence
from random import Random

import pytest
from redis import Redis

from detection_streams import (
    Policies,
    detect,
    incidents,
    late_arrivals,
    lately,
    moved_to,
    new_prefix,
    new_redis_state,
    random_story,
)
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import StateStore
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.redis import RedisState
from risk_streams import risks, texts_of_familiarity
from servers import RedisServer

FIRST = int(os.environ.get("LITESOC_TEST_LAWS_FIRST", "0"))
STORIES = int(os.environ.get("LITESOC_TEST_LAWS_STORIES", "12"))
SHARDS = min(STORIES, 32)  # tests, to be shared between processes, each with a Redis of its own
OTHER_ORG = "7c1d0c0e-2b5e-4a3f-9c55-1d2f3a4b5c6d"


@pytest.fixture(scope="module")
def url(redis_server: RedisServer) -> str:
    return redis_server.url


def runner_on(state: StateStore) -> DetectionRunner:
    return DetectionRunner(state, DETECTORS, Policies(), score)


def run_in_batches(runners: Sequence[DetectionRunner], events: Sequence[Event], draw: Random) -> list[Detection]:
    found: list[Detection] = []
    for batch in batches(events, draw):
        found += draw.choice(runners).run(batch).detections
    return found


def batches(events: Sequence[Event], draw: Random) -> Iterator[Sequence[Event]]:
    rest = list(events)
    while rest:
        size = draw.choice([1, 3, 20, 100])
        yield rest[:size]
        rest = rest[size:]


def all_at_once(events: Sequence[Event], url: str) -> set[str]:
    state = new_redis_state(url)
    found = runner_on(state).run(events).detections
    state.close()
    return incidents(found)


def after_a_crash(events: Sequence[Event], url: str, draw: Random) -> set[str]:
    """Return what fires when the state is lost after some of ``events`` and rebuilt from them, in order of time."""
    cut = draw.randrange(len(events) + 1)
    stored = sorted(events[:cut], key=lambda event: (event.occurred_at_ms, event.event_id))
    before = detect(events[:cut])
    state = RedisState(url, prefix=new_prefix())
    runner = runner_on(state)
    with state.rebuilding():
        runner.rebuild(stored)
    after = run_in_batches([runner], events[cut:], draw)
    state.close()
    return incidents([*before, *after])


def two_workers_with_a_neighbour(
    events: Sequence[Event], theirs: Sequence[Event], url: str, draw: Random
) -> tuple[set[str], set[str]]:
    """Return what fires in two workers on one Redis for both organisations, and what more when the latest come again."""
    prefix = new_prefix()
    states = (new_redis_state(url, prefix), RedisState(url, prefix=prefix))
    workers = [runner_on(state) for state in states]
    mixed, left, right = [], list(events), list(theirs)
    while left or right:
        mixed.append((left if left and (not right or draw.random() < 0.5) else right).pop(0))
    found = incidents(run_in_batches(workers, mixed, draw))
    again = [event for event in lately(events) for _ in range(2)]
    draw.shuffle(again)
    repeated = incidents(run_in_batches(workers, again, draw))  # with, at most, fuller counts
    for state in states:
        state.close()
    return found, repeated - found


def broken_laws(seed: int, url: str) -> list[str]:
    draw = Random(seed)
    events = random_story(draw)
    theirs = moved_to(OTHER_ORG, random_story(draw)) if draw.randrange(4) == 0 else []
    expected, expected_theirs = incidents(detect(events)), incidents(detect(theirs))
    late = late_arrivals(events, seed)
    found, repeated = two_workers_with_a_neighbour(late, theirs, url, draw)
    results = {
        "in memory, shuffled": incidents(detect(late)) ^ expected,
        "in lockstep on Redis": all_at_once(events, url) ^ expected,
        "in lockstep on Redis, shuffled": all_at_once(late, url) ^ expected,
        "two workers, shuffled, with a neighbour": found ^ expected ^ expected_theirs,
        "come again": repeated,
        "rebuilt": after_a_crash(late, url, draw) ^ expected,
    }
    return [f"seed {seed}, {way}: {sorted(difference)}" for way, difference in results.items() if difference]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_memory_redis_and_replay_find_the_same(shard: int, url: str) -> None:
    broken: list[str] = []
    with Redis.from_url(url) as redis:
        for seed in range(FIRST + shard, FIRST + STORIES, SHARDS):
            broken += broken_laws(seed, url)
            redis.flushdb()
    assert broken == []


@pytest.mark.parametrize("seed", range(min(8, STORIES // 3)))
def test_redis_gives_the_risks_that_memory_gives(seed: int, url: str) -> None:
    """One by one exactly. Of what is judged together, an event may see more of the failures just before, and of marks."""
    events, state = random_story(Random(seed)), new_redis_state(url)
    runner = DetectionRunner(state, DETECTORS, Policies(), score)
    found: dict[EventId, Risk] = {}
    for event in events:
        found |= runner.run((event,)).risks
    state.close()
    assert found == risks(events)


@pytest.mark.parametrize("seed", range(min(8, STORIES // 3)))
def test_what_is_scored_together_on_redis_is_as_familiar_as_in_memory(seed: int, url: str) -> None:
    events, state = random_story(Random(seed)), new_redis_state(url)
    together = DetectionRunner(state, (), Policies(), score).run(events).risks
    state.close()
    alone = DetectionRunner(MemoryState(), (), Policies(), score).run(events).risks
    assert together.keys() == alone.keys()
    for event_id, risk in alone.items():
        assert texts_of_familiarity(together[event_id]) == texts_of_familiarity(risk)
