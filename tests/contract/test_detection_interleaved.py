"""The same incidents however the steps of several workers fall between each other.

Workers that share a state judge events at the same time: between two questions of one event any number of another's may be
answered. Here every event of a span is a worker of its own, and chance says whose turn it is. `make laws` tries 10,000.
"""

import os
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from detection_streams import Policies, detect, incidents, late_arrivals, random_story
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.lockstep import spans_of
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import LAST_MAX, Answer
from litesoc_server.pipeline.state.memory import MemoryState

FIRST = int(os.environ.get("LITESOC_TEST_LAWS_FIRST", "0"))
STORIES = int(os.environ.get("LITESOC_TEST_LAWS_STORIES", "120"))
SHARDS = 8  # tests, to be shared between processes
TURNS = (1, 1, 3, 10)  # questions that a worker asks in a row


def interleaved(events: Sequence[Event], draw: Random) -> list[Detection]:
    state = MemoryState()
    runner = DetectionRunner(state, DETECTORS, Policies(), score)
    found: list[Detection] = []
    for span in spans_of(events):
        workers = [judging for index in span if (judging := runner.judging(events[index])) is not None]
        answers: list[Answer] = [None] * len(workers)
        while workers:
            place = draw.randrange(len(workers))
            try:
                for _ in range(draw.choice(TURNS)):
                    answers[place] = state.answer_one(workers[place].send(answers[place]))
            except StopIteration as stop:
                found += stop.value[0] if stop.value else []
                del workers[place], answers[place]
    return found


def fits_the_state(events: Sequence[Event]) -> bool:
    """Return whether the state can remember all logins of everybody: those of the same moment push out no older ones."""
    logins = Counter(event.actor.id for event in events if event.name == LOGIN_SUCCEEDED and event.actor is not None)
    return max(logins.values(), default=0) <= LAST_MAX


def broken_laws(seed: int) -> list[str]:
    draw = Random(seed)
    events = random_story(draw)
    if not fits_the_state(events):
        return []
    expected = incidents(detect(events))
    results = {
        "interleaved": incidents(interleaved(events, draw)) ^ expected,
        "interleaved, shuffled": incidents(interleaved(late_arrivals(events, seed), draw)) ^ expected,
    }
    return [f"seed {seed}, {way}: {sorted(difference)}" for way, difference in results.items() if difference]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_workers_that_judge_at_the_same_time_find_the_same(shard: int) -> None:
    assert [law for seed in range(FIRST + shard, FIRST + STORIES, SHARDS) for law in broken_laws(seed)] == []
