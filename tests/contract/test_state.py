"""What every backend of the state port promises.

The oracles are as plain as can be: they keep everything and look through all of it for each answer.
"""

from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import law_examples
from detection_streams import new_redis_state
from litesoc_server.events.ids import OrgId
from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    MEMBERS_MAX,
    SEEN_MAX,
    VALUE_LENGTH_MAX,
    CountRequest,
    DecayedRequest,
    DistinctRequest,
    LastRequest,
    OnceRequest,
    Remembered,
    RememberRequest,
    Request,
    Seen,
    SeenRequest,
    StateStore,
    Window,
    WrongPrimitive,
)
from litesoc_server.pipeline.state.memory import MemoryState
from servers import RedisServer

MakeState = Callable[[], StateStore]


@pytest.fixture(scope="module", params=["memory", "redis"])
def make_state(request: pytest.FixtureRequest) -> MakeState:
    """Make an empty state."""
    if request.param == "memory":
        return MemoryState
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda: new_redis_state(server.url)


T0 = 1_750_000_000_000
WINDOW_MS = 300_000
DAY_MS = 86_400_000

Observation = tuple[int, int]  # (seconds after T0, member)

# At most 50 observations within a quarter of an hour, in any order and with repeats: all of it is within lateness.
streams = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 60)), max_size=50).map(
    lambda pairs: [(second, f"m{number:02}") for second, number in dict.fromkeys((s - s % 5, m) for s, m in pairs)]
)


def ask(state: StateStore, request: Request) -> object:
    return state.answer([request])[0]


def count(state: StateStore, second: float, member: str, key: str = "k") -> Window:
    answer = ask(state, CountRequest(key, WINDOW_MS, T0 + int(second * 1000), member))
    assert isinstance(answer, Window)
    return answer


def peek(state: StateStore, second: float, key: str = "k") -> Window:
    answer = ask(state, CountRequest(key, WINDOW_MS, T0 + int(second * 1000), "", is_read_only=True))
    assert isinstance(answer, Window)
    return answer


def seen(state: StateStore, value: str, second: float, member: str, ttl_ms: int = DAY_MS) -> Seen:
    answer = ask(state, SeenRequest("k", value, T0 + int(second * 1000), member, ttl_ms))
    assert isinstance(answer, Seen)
    return answer


def fullest(observations: Iterable[tuple[int, str]], at: int, window: int) -> int:
    """Return the most observations that any closed window of this length around ``at`` holds."""
    times = [second for second, _ in observations]
    ends = [end for end in times if at <= end <= at + window]
    return max(sum(end - window <= time <= end for time in times) for end in ends)


class TestCount:
    def test_a_window_slides_and_is_closed_at_both_ends(self, make_state: MakeState) -> None:
        state = make_state()
        assert count(state, 0, "a").count == 1
        assert count(state, 300, "b") == Window(2, T0, T0 + 300_000, ("a", "b"))
        assert count(state, 300.001, "c") == Window(2, T0 + 300_000, T0 + 300_001, ("b", "c"))

    @given(stream=streams)
    def test_any_order_gives_what_brute_force_computes(self, make_state: MakeState, stream: list[tuple[int, str]]) -> None:
        state = make_state()
        arrived: list[tuple[int, str]] = []
        for second, member in stream:
            arrived.append((second, member))
            answer = count(state, second, member)
            assert answer.count == fullest(arrived, second, 300)
            inside = sorted(o for o in arrived if answer.first_ms <= T0 + o[0] * 1000 <= answer.last_ms)
            assert answer.members == tuple(name for _, name in inside[-MEMBERS_MAX:])
            assert answer.last_ms - answer.first_ms <= WINDOW_MS
            assert answer.first_ms <= T0 + second * 1000 <= answer.last_ms

    @given(stream=streams)
    def test_redelivery_changes_nothing(self, make_state: MakeState, stream: list[tuple[int, str]]) -> None:
        state = make_state()
        for second, member in stream:
            count(state, second, member)
        for second, member in stream:
            assert count(state, second, member).count == fullest(stream, second, 300)

    @given(stream=streams, at=st.integers(0, 1300))
    def test_a_peek_sees_the_window_that_ends_there_and_adds_nothing(
        self, make_state: MakeState, stream: list[tuple[int, str]], at: int
    ) -> None:
        state = make_state()
        for second, member in stream:
            count(state, second, member)
        expected = sorted(o for o in stream if at - 300 <= o[0] <= at)
        for _ in range(2):
            answer = peek(state, at)
            assert answer.count == len(expected)
            assert answer.members == tuple(name for _, name in expected[-MEMBERS_MAX:])

    def test_a_peek_at_nothing_is_an_empty_window(self, make_state: MakeState) -> None:
        assert peek(make_state(), 5).count == 0

    def test_a_long_and_busy_window_stays_exact(self, make_state: MakeState) -> None:
        state = make_state()
        arrival = sorted(range(2000), key=lambda n: n + (n * 7919 % 100))  # up to 100 places, 200 seconds, out of order
        arrived: list[tuple[int, str]] = []
        for n in arrival:
            arrived.append((n * 2, f"m{n:04}"))
            answer = count(state, n * 2, f"m{n:04}")
            assert answer.count == fullest(arrived[-400:], n * 2, 300)
        assert len(answer.members) == MEMBERS_MAX

    def test_late_observations_count_at_their_own_time(self, make_state: MakeState) -> None:
        state = make_state()
        for n in range(4):
            count(state, n, f"early{n}")
        count(state, LATENESS_MS / 1000 + 4, "now")
        assert count(state, 4, "late").count == 5
        assert peek(state, 4).count == 5

    def test_five_of_the_same_moment_are_five(self, make_state: MakeState) -> None:
        state = make_state()
        assert [count(state, 7, f"m{n}").count for n in (3, 1, 4, 0, 2)] == [1, 2, 3, 4, 5]


class TestDistinct:
    @staticmethod
    def add(state: StateStore, second: int, value: str, member: str) -> object:
        return ask(state, DistinctRequest("k", WINDOW_MS, T0 + second * 1000, value, member))

    @given(stream=streams, values=st.lists(st.sampled_from("abcdef"), min_size=61, max_size=61))
    def test_any_order_gives_what_brute_force_computes(
        self, make_state: MakeState, stream: list[tuple[int, str]], values: list[str]
    ) -> None:
        state = make_state()
        arrived: list[tuple[int, str]] = []
        for second, member in [*stream, *stream]:
            value = values[int(member[1:])]
            arrived.append((second, value))
            ends = [end for end, _ in arrived if second <= end <= second + 300]
            richest = max(len({v for at, v in arrived if end - 300 <= at <= end}) for end in ends)
            assert self.add(state, second, value, member) == richest

    def test_many_values_are_counted_exactly(self, make_state: MakeState) -> None:
        state = make_state()
        for n in range(1500):
            expected = len({m % 400 for m in range(max(0, n - 300), n + 1)})
            assert self.add(state, n, f"v{n % 400}", f"m{n}") == expected

    @given(
        late_by=st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 2, 7, 60, 290, 400]), min_size=240, max_size=240),
        values=st.lists(st.integers(0, 40), min_size=240, max_size=240),
    )
    @settings(max_examples=law_examples.of(15))
    def test_a_long_and_busy_window_stays_exact(self, make_state: MakeState, late_by: list[int], values: list[int]) -> None:
        state = make_state()
        arrived: list[tuple[int, str]] = []
        for n, (late_s, number) in enumerate(zip(late_by, values, strict=True)):
            second, value = 600 + n // 3 * 4 - late_s, f"v{number:02}"  # three of each moment
            arrived.append((second, value))
            ends = {end for end, _ in arrived if second <= end <= second + 300}
            richest = max(len({v for at, v in arrived if end - 300 <= at <= end}) for end in ends)
            assert self.add(state, second, value, f"m{n}") == richest
            for end in (second, *range(900, 1_500, 97)):  # in the middle, at the newest, and long after it
                look = DistinctRequest("k", WINDOW_MS, T0 + end * 1000, "", "", is_read_only=True)
                assert ask(state, look) == len({v for at, v in arrived if end - 300 <= at <= end})

    def test_looking_adds_nothing(self, make_state: MakeState) -> None:
        state = make_state()
        look = DistinctRequest("k", WINDOW_MS, T0 + 2000, "", "", is_read_only=True)
        assert ask(state, look) == 0
        self.add(state, 1, "a", "m1")
        self.add(state, 2, "b", "m2")
        assert [ask(state, look), ask(state, look)] == [2, 2]


class TestLast:
    @staticmethod
    def remember(state: StateStore, second: int, member: str, ttl_ms: int = DAY_MS) -> None:
        ask(state, RememberRequest("k", T0 + second * 1000, member, f"value of {member}", ttl_ms))

    @staticmethod
    def last(state: StateStore, second: int, k: int = 3) -> list[str]:
        answer = ask(state, LastRequest("k", T0 + second * 1000, k))
        assert isinstance(answer, tuple)
        assert all(isinstance(value, Remembered) and value.value == f"value of {value.member}" for value in answer)
        return [value.member for value in answer]

    @given(stream=st.permutations([(n * 10, f"m{n}") for n in range(LAST_MAX)]), at=st.integers(-5, 90), k=st.integers(1, 5))
    def test_the_nearest_on_either_side_in_any_order_of_arrival(
        self, make_state: MakeState, stream: list[tuple[int, str]], at: int, k: int
    ) -> None:
        state = make_state()
        for second, member in [*stream, *stream]:
            self.remember(state, second, member)
        before = [m for second, m in sorted(stream) if second <= at]
        after = [m for second, m in sorted(stream) if second > at]
        assert self.last(state, at, k) == before[-k:] + after[:k]

    @given(stream=st.permutations([(n * 10, f"m{n:02}") for n in range(LAST_MAX + 4)]))
    def test_the_latest_by_event_time_are_kept(self, make_state: MakeState, stream: list[tuple[int, str]]) -> None:
        state = make_state()
        for second, member in stream:
            self.remember(state, second, member)
        assert self.last(state, 1000, LAST_MAX) == [m for _, m in sorted(stream)[-LAST_MAX:]]

    def test_values_end_with_their_time_to_live(self, make_state: MakeState) -> None:
        state = make_state()
        self.remember(state, 0, "old", ttl_ms=60_000)
        self.remember(state, 30, "new", ttl_ms=60_000)
        assert self.last(state, 60) == ["old", "new"]
        assert self.last(state, 61) == ["new"]
        assert self.last(state, 91) == []

    @pytest.mark.parametrize("character", ["a", "\N{SNOWMAN}", "\N{GRINNING FACE}"])
    def test_the_longest_value_comes_back_whole_and_a_longer_one_cannot_be_asked_for(
        self, make_state: MakeState, character: str
    ) -> None:
        state, size = make_state(), len(character.encode())
        longest = character * (VALUE_LENGTH_MAX // size)
        ask(state, RememberRequest("k", T0, "m", longest, DAY_MS))
        assert ask(state, LastRequest("k", T0, 1)) == (Remembered(T0, "m", longest),)
        with pytest.raises(ValueError, match="at most 1024"):
            RememberRequest("k", T0, "n", longest + character, DAY_MS)

    def test_nothing_is_remembered_of_an_unknown_key(self, make_state: MakeState) -> None:
        assert self.last(make_state(), 0) == []


class TestSeen:
    @given(stream=streams, values=st.lists(st.sampled_from("abc"), min_size=61, max_size=61))
    def test_what_was_known_before_in_event_time_in_any_order_of_arrival(
        self, make_state: MakeState, stream: list[tuple[int, str]], values: list[str]
    ) -> None:
        state = make_state()
        arrived: set[tuple[int, str]] = set()
        for second, member in [*stream, *stream]:
            value = values[int(member[1:])]
            earlier = sorted(o for o in arrived if o < (second, member))
            times = [T0 + at * 1000 for at, name in earlier if values[int(name[1:])] == value]
            tally = Counter(values[int(name[1:])] for _, name in earlier)
            answer = seen(state, value, second, member)
            assert (answer.count, answer.last_ms) == (len(times), times[-1] if times else None)
            assert (answer.set_size, answer.set_count) == (len(tally), tally.total())
            assert (answer.first_ms is None) == (not times)
            arrived.add((second, member))

    def test_looking_adds_nothing(self, make_state: MakeState) -> None:
        state = make_state()
        look = SeenRequest("k", "v", T0 + 5000, "", 0, is_read_only=True)
        assert ask(state, look) == Seen(0, None, None, 0, 0)
        seen(state, "v", 1, "m1")
        seen(state, "w", 2, "m2")
        assert [ask(state, look), ask(state, look)] == [Seen(1, T0 + 1000, T0 + 1000, 2, 2)] * 2

    def test_a_long_history_stays_a_number(self, make_state: MakeState) -> None:
        state = make_state()
        for n in range(500):
            assert seen(state, "v", n * 3600, f"m{n}", ttl_ms=40 * DAY_MS).count == n
        answer = seen(state, "v", 500 * 3600, "next", ttl_ms=40 * DAY_MS)
        assert answer == Seen(500, T0, T0 + 499 * 3_600_000, 1, 500)

    def test_values_end_with_their_time_to_live(self, make_state: MakeState) -> None:
        state = make_state()
        seen(state, "v", 0, "m0", ttl_ms=60_000)
        assert seen(state, "v", 60, "m1", ttl_ms=60_000).count == 1
        answer = seen(state, "v", 121, "m2", ttl_ms=60_000)
        assert (answer.count, answer.set_size) == (0, 0)
        assert seen(state, "v", 122, "m3", ttl_ms=60_000).first_ms == T0 + 121_000

    def test_a_full_set_forgets_the_value_seen_longest_ago(self, make_state: MakeState) -> None:
        state = make_state()
        for n in range(SEEN_MAX + 1):
            seen(state, f"v{n}", n, f"m{n}")
        look = [SeenRequest("k", f"v{n}", T0 + 100_000, "", 0, is_read_only=True) for n in (0, 1, SEEN_MAX)]
        answers = state.answer(look)
        assert [answer.count for answer in answers if isinstance(answer, Seen)] == [0, 1, 1]


class TestDecayed:
    @given(stream=streams)
    def test_any_order_gives_what_the_formula_says(self, make_state: MakeState, stream: list[tuple[int, str]]) -> None:
        state = make_state()
        arrived: set[tuple[int, str]] = set()
        for second, member in [*stream, *stream]:
            arrived.add((second, member))
            expected = sum(2.0 * 0.5 ** ((second - at) / 60) for at, _ in arrived if at <= second)
            answer = ask(state, DecayedRequest("k", 60_000, T0 + second * 1000, 2.0, member))
            assert answer == pytest.approx(expected)

    def test_a_long_stream_keeps_its_value(self, make_state: MakeState) -> None:
        state = make_state()
        expected = 0.0
        for n in range(2000):
            expected = expected * 0.5 ** (1 / 60) + 1.0
            answer = ask(state, DecayedRequest("k", 60_000, T0 + n * 1000, 1.0, f"m{n}"))
            assert answer == pytest.approx(expected)


class TestOnce:
    @staticmethod
    def claim(state: StateStore, second: float, member: str) -> object:
        return ask(state, OnceRequest("k", T0 + int(second * 1000), 60_000, member))

    def test_only_the_first_claim_within_the_time_is_granted(self, make_state: MakeState) -> None:
        state = make_state()
        assert self.claim(state, 0, "a") is True
        assert self.claim(state, 59, "b") is False
        assert self.claim(state, 60, "c") is True
        assert self.claim(state, 61, "d") is False

    def test_a_redelivered_claim_gets_the_same_answer(self, make_state: MakeState) -> None:
        state = make_state()
        answers = [[self.claim(state, at, who) for at, who in ((0, "a"), (5, "b"), (70, "c"))] for _ in range(3)]
        assert answers == [[True, False, True]] * 3


class TestAllRequests:
    def test_answers_come_in_the_order_of_the_requests(self, make_state: MakeState) -> None:
        state = make_state()
        answers = state.answer(
            [
                CountRequest("count", WINDOW_MS, T0, "m1"),
                RememberRequest("last", T0, "m1", "here", DAY_MS),
                LastRequest("last", T0),
                CountRequest("count", WINDOW_MS, T0 + 1, "m2"),
                DistinctRequest("distinct", WINDOW_MS, T0, "v", "m1"),
                OnceRequest("once", T0, 1000, "m1"),
                SeenRequest("seen", "v", T0, "m1", DAY_MS),
                DecayedRequest("decayed", 1000, T0, 3.0, "m1"),
            ]
        )
        assert answers == [
            Window(1, T0, T0, ("m1",)),
            None,
            (Remembered(T0, "m1", "here"),),
            Window(2, T0, T0 + 1, ("m1", "m2")),
            1,
            True,
            Seen(0, None, None, 0, 0),
            3.0,
        ]

    @settings(max_examples=law_examples.of(50))
    @given(ours=streams, theirs=streams)
    def test_keys_do_not_touch_each_other(
        self, make_state: MakeState, ours: list[tuple[int, str]], theirs: list[tuple[int, str]]
    ) -> None:
        alone, together = make_state(), make_state()
        expected = [count(alone, second, member, "org-a|k") for second, member in ours]
        answers: list[Window] = []
        for index in range(max(len(ours), len(theirs))):
            if index < len(theirs):
                count(together, *theirs[index], "org-b|k")
            if index < len(ours):
                answers.append(count(together, *ours[index], "org-a|k"))
        assert answers == expected


def test_a_key_of_another_primitive_is_refused_and_the_rest_is_answered(make_state: MakeState) -> None:
    state = make_state()
    count(state, 0, "a")
    remembers = RememberRequest("k", T0 + 1, "m", "v", DAY_MS)
    refused, counted = state.answer([remembers, CountRequest("k", 60_000, T0 + 1, "b")])
    assert isinstance(refused, WrongPrimitive)
    assert isinstance(counted, Window)
    assert counted.count == 2
    assert isinstance(state.answer([LastRequest("k", T0 + 2)])[0], WrongPrimitive)


def test_remembering_tells_when_the_same_was_remembered_last(make_state: MakeState) -> None:
    state = make_state()

    def remember(at: int, member: str, value: str) -> object:
        return ask(state, RememberRequest("where", T0 + at, member, value, DAY_MS))

    assert remember(10, "a", "home") is None
    assert remember(20, "b", "home") == T0 + 10
    assert remember(20, "b", "home") is None  # come again
    assert remember(15, "c", "home") is None  # late
    assert remember(30, "d", "office") is None
    assert remember(40, "e", "home") is None


@pytest.mark.parametrize("only_test", [False, True], ids=["all of it", "its test environment"])
def test_what_is_forgotten_of_one_organisation_stays_known_of_others(make_state: MakeState, only_test: bool) -> None:
    state = make_state()
    keys = [f"{org}|{world}seen|mira" for org in ("one", "two") for world in ("", "test|")]

    def seen(key: str) -> int:
        (answer,) = state.answer([SeenRequest(key, "a device", T0 + 1, "n", DAY_MS, is_read_only=True)])
        assert isinstance(answer, Seen)
        return answer.count

    def windows(key: str) -> int:
        (answer,) = state.answer([CountRequest(f"{key}|window", WINDOW_MS, T0, "m", is_read_only=True)])
        assert isinstance(answer, Window)
        return answer.count

    for key in keys:
        state.answer(
            [
                SeenRequest(key, "a device", T0, "m", DAY_MS),
                CountRequest(f"{key}|window", WINDOW_MS, T0, "m"),
            ]
        )
    state.forget(OrgId("one"), only_test=only_test)
    live = (1, 1) if only_test else (0, 0)
    assert [(seen(key), windows(key)) for key in keys] == [live, (0, 0), (1, 1), (1, 1)]
    state.answer([CountRequest(f"{keys[1]}|window", WINDOW_MS, T0, "m")])
    assert windows(keys[1]) == 1


def test_packed_histories_are_forgotten_too() -> None:
    state = MemoryState(max_keys=4)
    for number in range(20):
        state.answer([SeenRequest(f"one|seen|{number}", "a device", T0, "m", DAY_MS)])
    state.answer([SeenRequest("two|seen|mira", "a device", T0, "m", DAY_MS)])
    assert state.packed_bytes > 0
    state.forget(OrgId("one"))
    state.answer([SeenRequest("two|seen|nia", "a device", T0, "m", DAY_MS)])
    assert state.packed_bytes == 0
    assert len(state) == 2


def test_an_actor_is_forgotten_in_keys_and_in_what_others_remember(make_state: MakeState) -> None:
    state = make_state()
    pad = [SeenRequest(f"one|pad|{number}", "a device", T0, "m", DAY_MS) for number in range(3)]
    state.answer(
        [
            SeenRequest("one|devices|mira", "a device", T0, "m", DAY_MS),
            SeenRequest("one|test|devices|mira", "a device", T0, "m", DAY_MS),
            SeenRequest("one|devices|miranda", "a device", T0, "m", DAY_MS),
            SeenRequest("two|devices|mira", "a device", T0, "m", DAY_MS),
            SeenRequest("one|users|1.2.3.4", "mira", T0, "m1", DAY_MS),
            SeenRequest("one|users|1.2.3.4", "miranda", T0, "m2", DAY_MS),
            CountRequest("one|failed|mira", WINDOW_MS, T0, "m"),
            DistinctRequest("one|accounts", WINDOW_MS, T0, "mira", "m1"),
            DistinctRequest("one|accounts", WINDOW_MS, T0 + 1, "miranda", "m2"),
            RememberRequest("one|logins", T0, "m1", '{"actor":"mira"}', DAY_MS),
            RememberRequest("one|logins", T0 + 1, "m2", '{"actor":"miranda"}', DAY_MS),
            RememberRequest("one|only hers", T0, "m1", '{"actor":"mira"}', DAY_MS),
            *pad,
        ]
    )
    state.forget_actor(OrgId("one"), Mentions(["mira"]))
    state.forget_actor(OrgId("one"), Mentions(["one", "test", "users", "devices"]))  # called as words of ours
    state.answer([CountRequest("two|something new", WINDOW_MS, T0, "m")])  # memory forgets with the next new key

    def known(key: str, value: str) -> int:
        answer = ask(state, SeenRequest(key, value, T0 + 10, "", 0, is_read_only=True))
        assert isinstance(answer, Seen)
        return answer.count

    assert [known(f"one|{key}|mira", "a device") for key in ("devices", "test|devices")] == [0, 0]
    assert [known(key, "a device") for key in ("one|devices|miranda", "two|devices|mira")] == [1, 1]
    assert [known("one|users|1.2.3.4", actor) for actor in ("mira", "miranda")] == [0, 1]
    assert peek(state, 1, "one|failed|mira").count == 0
    assert ask(state, DistinctRequest("one|accounts", WINDOW_MS, T0 + 1, "", "", is_read_only=True)) == 1
    assert ask(state, LastRequest("one|logins", T0 + 10)) == (Remembered(T0 + 1, "m2", '{"actor":"miranda"}'),)
    assert ask(state, LastRequest("one|only hers", T0 + 10)) == ()
    assert known("one|pad|0", "a device") == 1
    state.answer([DistinctRequest("one|accounts", WINDOW_MS, T0 + 2, "roy", "m3")])
    assert ask(state, DistinctRequest("one|accounts", WINDOW_MS, T0 + 2, "", "", is_read_only=True)) == 2


def test_an_actor_in_packed_histories_is_forgotten_too() -> None:
    state = MemoryState(max_keys=4)
    for number in range(20):
        state.answer([SeenRequest(f"one|seen|{number}", f"user-{number % 2}", T0, "m", DAY_MS)])
    state.answer([SeenRequest("one|seen|user-7", "a device", T0, "m", DAY_MS)])
    state.forget_actor(OrgId("one"), Mentions(["user-1", "user-7"]))
    state.answer([SeenRequest("two|seen|nia", "a device", T0, "m", DAY_MS)])
    found = [
        state.answer([SeenRequest(f"one|seen|{number}", f"user-{number % 2}", T0 + 10, "", 0, is_read_only=True)])[0]
        for number in range(20)
    ]
    assert [one.count for one in found if isinstance(one, Seen)] == [1, 0] * 10
