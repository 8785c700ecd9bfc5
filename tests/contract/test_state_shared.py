"""What a state that processes share promises besides: memory's answers, no lost update, and to know when it is lost."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from detection_streams import new_prefix, new_redis_state
from litesoc_server.pipeline.state.base import (
    CountRequest,
    DecayedRequest,
    DistinctRequest,
    LastRequest,
    OnceRequest,
    RememberRequest,
    Request,
    SeenRequest,
    StateLost,
    StateUnavailable,
    Window,
)
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.redis import RedisState
from litesoc_server.pipeline.state.windows import OBSERVATIONS_MAX
from servers import RedisServer, provided

T0 = 1_750_000_000_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000

times = st.integers(0, 40 * 60).map(lambda second: T0 + second * 1000)
members = st.integers(0, 30).map(lambda number: f"m{number:02}")
values = st.sampled_from("abcd")
spans = st.sampled_from([MINUTE_MS, 5 * MINUTE_MS, 60 * MINUTE_MS])


def keys(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{kind} 1", f"{kind} 2", f"{kind} 3"])


requests = st.one_of(
    st.builds(CountRequest, keys("count"), spans, times, members, st.booleans()),
    st.builds(DistinctRequest, keys("distinct"), spans, times, values, members, st.booleans()),
    st.builds(LastRequest, keys("last"), times, st.integers(1, 8)),
    st.builds(RememberRequest, keys("last"), times, members, values, spans),
    st.builds(SeenRequest, keys("seen"), values, times, members, spans, st.booleans()),
    st.builds(DecayedRequest, keys("decayed"), st.just(MINUTE_MS), times, st.sampled_from([1.0, 2.5]), members),
    st.builds(OnceRequest, keys("once"), times, spans, members),
)
batches = st.lists(st.lists(requests, max_size=12), max_size=12)


@pytest.fixture(scope="module")
def url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    with provided(RedisServer, tmp_path / "redis") as server:
        yield server


def failed_login(at_ms: int, member: str, key: str = "k") -> CountRequest:
    return CountRequest(key, 5 * MINUTE_MS, at_ms, member)


@given(batches=batches)
def test_it_answers_what_memory_answers(url: str, batches: Sequence[list[Request]]) -> None:
    shared, memory = new_redis_state(url), MemoryState()
    assert [shared.answer(batch) for batch in batches] == [memory.answer(batch) for batch in batches]
    shared.close()


@given(batches=batches, seed=st.integers(0, 2**32))
def test_two_processes_answer_what_one_answers(url: str, batches: Sequence[list[Request]], seed: int) -> None:
    prefix = new_prefix()
    pair, memory, draw = (new_redis_state(url, prefix), RedisState(url, prefix=prefix)), MemoryState(), Random(seed)
    assert [draw.choice(pair).answer(batch) for batch in batches] == [memory.answer(batch) for batch in batches]
    for state in pair:
        state.close()


def test_no_update_is_lost_when_another_writes_between_reading_and_writing(url: str) -> None:
    ours = new_redis_state(url, prefix="between:")
    theirs = RedisState(url, prefix="between:")
    for n in range(20):
        ours.answer([failed_login(T0 + 2 * n, f"ours{n}")])  # each has a copy that the other has made wrong meanwhile
        (answer,) = theirs.answer([failed_login(T0 + 2 * n + 1, f"theirs{n}")])
        assert isinstance(answer, Window)
        assert answer.count == 2 * n + 2


def test_looking_writes_nothing(url: str) -> None:
    state, redis = new_redis_state(url, prefix="look:"), Redis.from_url(url)
    look = CountRequest("k", 5 * MINUTE_MS, T0, "", is_read_only=True)
    state.answer([look, LastRequest("last", T0)])
    assert redis.keys("look:k") == []
    state.answer([failed_login(T0, "m")])
    before = redis.get("look:k")
    state.answer([look])
    assert redis.get("look:k") == before


@pytest.mark.parametrize("foreign", [b"", b"x", b"12345678", b"12345678{not ours}", b"12345678\x93\xc1\x01\x02"])
def test_what_cannot_be_read_counts_as_nothing_known_and_is_replaced(url: str, foreign: bytes) -> None:
    state, redis = new_redis_state(url, prefix="foreign:"), Redis.from_url(url)
    redis.set("foreign:k", foreign)
    look = CountRequest("k", 5 * MINUTE_MS, T0, "", is_read_only=True)
    nothing, other = state.answer([look, failed_login(T0, "m", key="other")])
    assert isinstance(nothing, Window)
    assert isinstance(other, Window)
    assert (nothing.count, other.count) == (0, 1)
    state.answer([failed_login(T0, "m1")])
    (window,) = RedisState(url, prefix="foreign:").answer([failed_login(T0 + 1, "m2")])
    assert isinstance(window, Window)
    assert window.count == 2


def test_every_key_ends_by_itself(url: str) -> None:
    state, redis = new_redis_state(url, prefix="ttl:"), Redis.from_url(url)
    state.answer([failed_login(T0, "m"), RememberRequest("last", T0, "m", "Oslo", 90 * DAY_MS)])
    assert 15 * MINUTE_MS < redis.pttl("ttl:k") <= 15 * MINUTE_MS + 60 * MINUTE_MS
    assert 90 * DAY_MS < redis.pttl("ttl:last") <= 90 * DAY_MS + 60 * MINUTE_MS


def test_many_and_large_keys_travel_in_parts(url: str) -> None:
    state = new_redis_state(url)
    counts = [failed_login(T0 + n, f"{n:036}", f"ip{n % 40}") for n in range(40 * OBSERVATIONS_MAX)]
    answers = state.answer([*counts, *[failed_login(T0, "m", f"other{n}") for n in range(3_000)]])
    assert isinstance(answers[-3_001], Window)
    assert answers[-3_001].count == OBSERVATIONS_MAX


def test_a_state_that_lost_its_data_says_so_until_it_is_rebuilt(url: str) -> None:
    state, other, redis = new_redis_state(url, prefix="lost:"), RedisState(url, prefix="lost:"), Redis.from_url(url)
    state.answer([failed_login(T0, "m1")])
    redis.delete("lost:used at", "lost:k")
    with pytest.raises(StateLost):
        state.answer([failed_login(T0 + 1, "m2")])
    with state.rebuilding() as is_needed:
        assert is_needed
        with pytest.raises(StateUnavailable, match="another worker"), other.rebuilding():
            pass
        with pytest.raises(StateLost):
            other.answer([failed_login(T0 + 1, "m2")])
        state.answer([failed_login(T0, "m1")])
    (answer,) = other.answer([failed_login(T0 + 1, "m2")])
    assert isinstance(answer, Window)
    assert answer.count == 2
    with other.rebuilding() as is_needed:
        assert not is_needed


def test_a_rebuild_that_failed_is_begun_again(url: str) -> None:
    state = RedisState(url, prefix="failed:")
    with pytest.raises(ZeroDivisionError), state.rebuilding():
        raise ZeroDivisionError
    with RedisState(url, prefix="failed:").rebuilding() as is_needed:
        assert is_needed


def test_a_state_unused_for_longer_than_its_keys_live_is_rebuilt(url: str) -> None:
    state, redis = new_redis_state(url, prefix="idle:"), Redis.from_url(url)
    redis.set("idle:used at", int(redis.time()[0]) - 2 * 3600)
    with state.rebuilding() as is_needed:
        assert is_needed


def test_without_redis_it_is_unavailable_and_then_goes_on(own_redis: RedisServer) -> None:
    state = new_redis_state(own_redis.url)
    state.answer([failed_login(T0, "m1")])
    own_redis.kill()
    with pytest.raises(StateUnavailable):
        state.answer([failed_login(T0 + 1, "m2")])
    with pytest.raises(StateUnavailable), state.rebuilding():
        pass
    own_redis.start()
    with pytest.raises(StateLost):  # it kept nothing on disk
        state.answer([failed_login(T0 + 1, "m2")])
    with state.rebuilding() as is_needed:
        assert is_needed
    (answer,) = state.answer([failed_login(T0 + 2, "m3")])
    assert isinstance(answer, Window)
    assert answer.count == 1
