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
    fits_in_sample,
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
from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, VALUE_LENGTH_MAX, Remembered

EVENT_ID = "0197c9a0-0000-7000-8000-000000000001"
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
    assert len(text.encode()) <= VALUE_LENGTH_MAX
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
    assert longest <= VALUE_LENGTH_MAX
    text = write_community_memo(CommunityMemo(community, sample))
    assert read_community(text) == community
    assert read_sample(text) == sample


def full(values_count: int, largest: int, count: int) -> dict[int, int]:
    return {largest - n: count + n for n in range(values_count)}


def test_the_largest_memo_of_an_organisation_fits_and_lacks_only_what_is_rarest() -> None:
    most = SAMPLE_MAX - 1
    largest = Community(
        most,
        [[most] * 5 for _ in HISTORY_BUCKETS],
        [[most] * 6 for _ in HISTORY_BUCKETS],
        [most] * HOURS_COUNT,
        full(12, 2**24 - 1, 1_000),
        full(12, 2**32 - 1, 1_000),
        full(8, 2**24 - 1, 1_000),
        [most] * (RATIO_MAX - RATIO_MIN),
    )
    sample = Sample(EVENT_ID, "\x1f" * 13, 4, 4, 5, 15, 2**24 - 1, 2**32 - 1, 2**24 - 1, RATIO_MIN)
    assert fits_in_sample(sample.actor)
    text = write_community_memo(CommunityMemo(largest, sample))
    assert len(text.encode()) <= VALUE_LENGTH_MAX
    assert read_sample(text) == sample
    kept = read_community(text)
    sets = {"addresses": kept.addresses, "asns": kept.asns, "countries": kept.countries}
    assert kept == msgspec.structs.replace(largest, **sets)
    for name, known in sets.items():
        all_known: dict[int, int] = getattr(largest, name)
        assert known == dict(sorted(all_known.items(), key=lambda pair: -pair[1])[: len(known)][::-1])
        assert len(known) >= 4


@pytest.mark.parametrize(
    ("actor", "expected"),
    [("a" * 80, True), ("a" * 81, False), ("\x1f" * 13, True), ("\x1f" * 14, False), ("\N{SNOWMAN}" * 27, False)],
)
def test_only_ids_that_are_short_in_json_are_remembered_with_a_sample(actor: str, expected: bool) -> None:
    assert fits_in_sample(actor) is expected


def test_the_largest_memo_of_an_actor_fits() -> None:
    most = 10**9  # a million logins
    largest = Profile(
        9_999,
        10**8,
        most,
        [full(8, 2**32 - 1, most) for _ in range(KINDS_COUNT)],
        [most] * HOURS_COUNT,
        [most] * 5,
        [most] * 6,
    )
    trace = Trace(EVENT_ID, HOURS_COUNT - 1, (2**32 - 1,) * KINDS_COUNT)
    text = write_actor_memo(ActorMemo(largest, trace))
    assert len(text.encode()) <= VALUE_LENGTH_MAX
    assert read_trace(text) == trace


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
