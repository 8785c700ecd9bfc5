"""What `litesoc doctor` says about Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from litesoc_server.pipeline.gap_file import Gap, GapFile
from litesoc_server.runtime.state_check import find_state_problem
from servers import RedisServer, free_port, provided


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with provided(RedisServer, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.mark.parametrize(
    ("maxmemory", "policy", "found", "is_well"),
    [
        ("64mb", "volatile-ttl", "Redis answers", True),
        ("64mb", "noeviction", "refuses to remember more", False),
        ("64mb", "allkeys-lru", "drop what is known of users", False),
        ("0", "volatile-ttl", "all memory", False),
    ],
)
def test_it_warns_of_what_a_full_redis_does(  # one row of the table
    redis: RedisServer, tmp_path: Path, *, maxmemory: str, policy: str, found: str, is_well: bool
) -> None:
    with Redis.from_url(redis.url) as client:
        client.config_set("maxmemory", maxmemory)
        client.config_set("maxmemory-policy", policy)
    is_fatal, finding, fix = find_state_problem(redis.url, tmp_path / "gap.json")
    assert not is_fatal
    assert found in finding
    assert (fix == "") == is_well


def test_it_says_since_when_events_wait_for_detection(redis: RedisServer, tmp_path: Path) -> None:
    GapFile(tmp_path / "gap.json").write(Gap(since_ms=1_772_366_400_000))
    _, finding, fix = find_state_problem(redis.url, tmp_path / "gap.json")
    assert "received since 2026-03-01 12:00:00 UTC" in finding
    assert "by itself" in fix


def test_a_redis_that_is_away_is_a_failure(tmp_path: Path) -> None:
    is_fatal, finding, fix = find_state_problem(f"redis://127.0.0.1:{free_port()}", tmp_path / "gap.json")
    assert is_fatal
    assert "cannot be reached" in finding
    assert "without detection" in fix
