"""Redis goes away, comes back with or without its data: events are stored all the same, and every alert is made, once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from litesoc_server.pipeline.consumer import PipelineConsumer
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.pipeline.state.redis import RedisState
from litesoc_server.pipeline.steady_detection import RETRY_MS
from litesoc_server.pipeline.writer import StoreWriter
from pipeline_line import NOW_MS, Line
from servers import RedisServer, provided
from unpacked_ip_data import unpacked_ip_data


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return Enricher.open(unpacked_ip_data())


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with provided(RedisServer, tmp_path / "redis") as server:
        yield server


@pytest.fixture
def line(tmp_path: Path, enricher: Enricher, redis: RedisServer) -> Iterator[Line]:
    opened = Line(tmp_path, enricher, lambda: RedisState(redis.url))
    yield opened
    opened.close()


class Running:
    """A worker that goes on, through whatever happens to Redis."""

    def __init__(self, line: Line) -> None:
        self.pipeline: PipelineConsumer
        self.writer: StoreWriter
        self.line = line
        self.pipeline, self.writer = line.new_worker()

    def process(self) -> None:
        """Process what was sent so far and wait until it is stored."""
        self.pipeline.run_once()
        assert self.writer.wait_until_written(30)
        self.pipeline.acknowledge_stored()

    def end(self) -> None:
        self.writer.stop(30)


def fail(line: Line, count: int, second: int, user: str = "mira") -> None:
    """Send failed logins received ``second`` seconds from the start on, one a second."""
    event: dict[str, Any] = {"event": "auth.login_failed", "actor": {"id": user}, "user_ip": "11.1.1.1"}
    for n in range(count):
        line.send(event, received_at_ms=NOW_MS + (second + n) * 1000)


def is_behind() -> bool:
    return REGISTRY.get_sample_value("litesoc_detection_behind") == 1


def fired(line: Line) -> list[int]:
    """Return how many failures each detection by address counted, in order, each detection once."""
    counts = {one.detection_id: one.event_count for one in line.detections() if one.detector == "brute_force_address"}
    return sorted(counts.values())


@pytest.mark.parametrize("keeps_data", [True, False], ids=["data kept", "data lost"])
def test_detection_catches_up_without_a_restart(line: Line, redis: RedisServer, *, keeps_data: bool) -> None:
    worker = Running(line)
    fail(line, 3, second=0)
    worker.process()
    assert not is_behind()

    redis.pause() if keeps_data else redis.kill()
    fail(line, 3, second=3)
    worker.process()
    assert is_behind()
    assert len(line.stored()) == 6
    assert fired(line) == []

    redis.resume() if keeps_data else redis.start()
    fail(line, 1, second=6)
    worker.process()  # it does not try at once
    line.clock.advance_ms(RETRY_MS)
    worker.process()
    assert not is_behind()
    assert fired(line)[-1] == 7  # those of one batch are judged together, so the counts before it need not be told
    fail(line, 1, second=7)
    worker.process()
    assert fired(line) == [8]  # detections are read from where the last reading ended
    worker.end()


def test_a_crash_during_the_outage_forgets_nothing(line: Line, redis: RedisServer) -> None:
    fail(line, 3, second=0)
    line.run()
    redis.kill()
    fail(line, 3, second=3)
    line.run()
    assert fired(line) == []
    redis.start()
    line.run()
    assert fired(line)[-1] == 6
    line.run()
    assert fired(line) == []


def test_data_that_vanishes_is_noticed_and_rebuilt(line: Line, redis: RedisServer) -> None:
    worker = Running(line)
    fail(line, 4, second=0)
    worker.process()
    redis.kill()
    redis.start()  # between two batches: the connection is made anew and nothing raises
    fail(line, 1, second=4)
    worker.process()
    worker.process()
    assert fired(line) == [5]
    assert not is_behind()
    worker.end()


def test_two_workers_see_one_attack_and_one_of_them_rebuilds(line: Line, redis: RedisServer) -> None:
    workers = [Running(line), Running(line)]
    for second in range(8):
        fail(line, 1, second=second)
        workers[second % 2].process()
    assert fired(line) == [5, 6, 7, 8]
    for worker in workers:
        worker.end()
