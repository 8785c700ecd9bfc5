"""What the state keeps for the score: it fits, it comes back as it was, and it builds on what is final."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.pipeline.risk.chain import final_memos
from litesoc_server.pipeline.risk.community import (
    HISTORY_BUCKETS,
    RATIO_MAX,
    RATIO_MIN,
    SAMPLE_MAX,
    Community,
    Sample,
    learn_sample,
)
from litesoc_server.pipeline.risk.memo import (
    ActorMemo,
    CommunityMemo,
    read_actor_memo,
    read_community,
    read_sample,
    read_trace,
    write_actor_memo,
    write_community_memo,
)
from litesoc_server.pipeline.risk.profile import KINDS_COUNT, ONE, Profile, fade, learn
from litesoc_server.pipeline.risk.scale import score_of
from litesoc_server.pipeline.risk.trace import HOURS_COUNT, Trace
from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, Remembered

EVENT_ID = "0197c9a0-0000-7000-8000-000000000001"
VALUE_MAX = 1_024  # bytes; what the state takes
HALF_LIFE_MS = 90 * DAY_MS


def any_trace(random: Random) -> Trace:
    return Trace(EVENT_ID, random.randrange(HOURS_COUNT), tuple(random.randrange(1, 2**24) for _ in range(KINDS_COUNT)))


def any_sample(random: Random) -> Sample:
    return Sample(
        EVENT_ID,
        "a" * 80,
        random.randrange(len(HISTORY_BUCKETS)),
        random.randrange(5),
        random.randrange(6),
        random.randrange(HOURS_COUNT),
        *(random.randrange(2**24 - 30, 2**24) for _ in range(3)),
        random.randrange(RATIO_MIN, RATIO_MAX),
    )


@pytest.mark.parametrize("logins", [1, 40, 3_000])
def test_the_memo_of_an_actor_with_ever_new_values_fits(logins: int) -> None:
    random, profile = Random(logins), Profile()
    for number in range(logins):
        learn(profile, any_trace(random), number * DAY_MS, HALF_LIFE_MS)
    trace = any_trace(random)
    text = write_actor_memo(ActorMemo(profile, trace))
    assert len(text.encode()) <= VALUE_MAX
    memo = read_actor_memo(text)
    assert memo.base.logins == profile.logins
    assert all(memo.base.values)
    assert memo.trace == read_trace(text) == trace


def test_the_memo_of_an_organisation_with_ever_new_values_fits() -> None:
    random, community, longest = Random(1), Community(), 0
    for _ in range(2 * SAMPLE_MAX):
        sample = any_sample(random)
        learn_sample(community, sample)
        longest = max(longest, len(write_community_memo(CommunityMemo(community, sample)).encode()))
    assert longest <= VALUE_MAX
    text = write_community_memo(CommunityMemo(community, sample))
    assert read_community(text) == community
    assert read_sample(text) == sample


def test_what_was_seen_once_is_forgotten_after_two_half_lives() -> None:
    def after(days: int) -> Profile:
        profile = Profile()
        learn(profile, any_trace(Random(1)), 0, HALF_LIFE_MS)
        fade(profile, days * DAY_MS, HALF_LIFE_MS)
        return profile

    assert any(after(170).values)
    assert not any(after(190).values)
    assert after(90).logins == pytest.approx(ONE / 2, rel=0.05)


def test_the_common_stays_when_the_rare_comes_and_goes() -> None:
    random, usual, community = Random(1), 42, Community()
    for number in range(1_500):
        sample = any_sample(random)
        learn_sample(community, msgspec.structs.replace(sample, asn=usual) if number % 2 else sample)
    assert max(community.asns, key=community.asns.__getitem__) == usual


@settings(deadline=None)
@given(ratios=st.lists(st.integers(RATIO_MIN, RATIO_MAX - 1), max_size=60), pair=st.tuples(*[st.floats(-40, 40)] * 2))
def test_a_higher_ratio_never_scores_lower(ratios: list[int], pair: tuple[float, float]) -> None:
    community = Community()
    for ratio in ratios:
        learn_sample(community, msgspec.structs.replace(any_sample(Random(1)), ratio=ratio))
    low, high = sorted(pair)
    assert 0 <= score_of(low, community) <= score_of(high, community) <= 100


def test_the_score_follows_the_organisation() -> None:
    risky = Community()
    for _ in range(1_500):
        learn_sample(risky, msgspec.structs.replace(any_sample(Random(1)), ratio=0))
    assert score_of(0.5, risky) < 15
    assert score_of(0.5, Community()) > 50


def memo(spell: int, member: str = "m") -> Remembered:
    return Remembered(spell * LATENESS_MS, member, f"{spell}{member}")


def test_a_chain_builds_on_what_is_two_spells_old() -> None:
    now_ms = 100 * LATENESS_MS + 17
    assert final_memos([], now_ms) == ()
    assert final_memos([memo(99), memo(100)], now_ms) == ()
    assert final_memos([memo(50), memo(98), memo(99)], now_ms) == [memo(98)]
    assert final_memos([memo(50), memo(51), memo(51, "n"), memo(100)], now_ms) == [memo(50), memo(51), memo(51, "n")]


def test_where_nothing_held_is_final_the_oldest_serves() -> None:
    crowd = [memo(100, str(n)) for n in range(LAST_MAX)]
    assert final_memos(crowd, 100 * LATENESS_MS) == crowd[:1]
