"""Histories that are not in use are packed: nothing is lost by it, and the ceiling takes from who has most."""

from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.pipeline.state.base import Answer, LastRequest, RememberRequest, Request, SeenRequest
from litesoc_server.pipeline.state.memory import MemoryState

T0 = 1_750_000_000_000
DAY_MS = 86_400_000
KEYS = [
    f"{scope}|{rest}" for scope in ("a", "b", "a|test") for rest in ("logins|mira", "logins|test|mira", "logins", "logins|")
]

requests = st.builds(
    lambda key, at, member, is_set: (
        SeenRequest(f"{key}", member[:1], T0 + at, member, DAY_MS)
        if is_set and key.count("mira")
        else RememberRequest(f"{key} of", T0 + at, member, "v", DAY_MS)
    ),
    st.sampled_from(KEYS),
    st.integers(0, 10_000),
    st.sampled_from(["m1", "m2", "n1", "n2"]),
    st.booleans(),
)


def look(request: Request) -> Request:
    if isinstance(request, SeenRequest):
        return SeenRequest(request.key, request.value, T0 + 20_000, "", DAY_MS, is_read_only=True)
    return LastRequest(request.key, T0 + 20_000)


@given(asked=st.lists(requests, max_size=60))
def test_a_state_that_packs_nearly_all_answers_like_one_that_packs_nothing(asked: list[Request]) -> None:
    looked = [question for request in asked for question in (request, look(request))]
    assert MemoryState(max_keys=2).answer(looked) == MemoryState().answer(looked)


def histories_of(org: str, number: int, first: int = 0) -> list[Request]:
    return [RememberRequest(f"{org}|logins|{n}", T0 + n, "m", "v", DAY_MS) for n in range(first, first + number)]


def kept(state: MemoryState, org: str, number: int) -> int:
    answers: list[Answer] = state.answer([LastRequest(f"{org}|logins|{n}", T0 + 10_000) for n in range(number)])
    return sum(answer != () for answer in answers)


def test_what_is_known_of_many_actors_outlives_the_ceiling_of_objects() -> None:
    state = MemoryState(max_keys=100)
    state.answer(histories_of("shop", 5_000))
    assert len(state) == 50
    assert kept(state, "shop", 5_000) == 5_000


def test_packed_histories_stay_below_their_ceiling_and_the_largest_organisation_pays() -> None:
    state = MemoryState(max_keys=100, packed_bytes_max=100_000)
    state.answer(histories_of("quiet", 100))
    state.answer(histories_of("flooded", 5_000))
    assert 90_000 < state.packed_bytes <= 100_000
    assert kept(state, "quiet", 100) == 100
    assert kept(state, "flooded", 5_000) < 1_000


def test_what_was_packed_longest_ago_goes_first() -> None:
    state = MemoryState(max_keys=4, packed_bytes_max=10_000)
    for n in range(500):
        state.answer([*histories_of("shop", 1, n), LastRequest("shop|logins|0", T0)])
    assert kept(state, "shop", 1) == 1
    assert 50 < kept(state, "shop", 500) < 120
