"""What only the in-memory state promises: its ceilings, and what goes first when they are reached."""

import pytest

from litesoc_server.clock import ManualClock
from litesoc_server.pipeline.state.base import CountRequest, LastRequest, RememberRequest, Request, Window
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.windows import OBSERVATIONS_MAX

T0 = 1_750_000_000_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000


def count_of(state: MemoryState, request: Request) -> int:
    answer = state.answer([request])[0]
    assert isinstance(answer, Window)
    return answer.count


def failed_login(key: str, at_ms: int, member: str = "m") -> CountRequest:
    return CountRequest(key, 5 * MINUTE_MS, at_ms, member)


def look(key: str, at_ms: int) -> CountRequest:
    return CountRequest(key, 5 * MINUTE_MS, at_ms, "", is_read_only=True)


def test_the_number_of_keys_never_exceeds_the_ceiling() -> None:
    state = MemoryState(max_keys=100)
    for n in range(1_000):
        state.answer([failed_login(f"ip{n}", T0 + n), RememberRequest(f"actor{n}", T0 + n, "m", "v", DAY_MS)])
    assert len(state) == 100


def test_a_window_in_use_outlives_one_that_is_not() -> None:
    state = MemoryState(max_keys=4)
    state.answer([failed_login("a", T0), failed_login("b", T0 + 1), look("a", T0 + 2), failed_login("c", T0 + 3)])
    assert [count_of(state, look(key, T0 + 4)) for key in "abc"] == [1, 0, 1]


def test_a_flood_of_windows_pushes_out_no_history() -> None:
    state = MemoryState(max_keys=100)
    state.answer([RememberRequest("logins of mira", T0, "m", "Oslo", DAY_MS)])
    for n in range(10_000):
        state.answer([failed_login(f"made-up {n}", T0 + n)])
    assert state.answer([LastRequest("logins of mira", T0 + 20_000)]) != [()]


def test_a_flood_in_one_organisation_pushes_out_nothing_of_another() -> None:
    state = MemoryState(max_keys=200)
    for n in range(30):
        state.answer([failed_login(f"quiet|{n}", T0 + n)])
    for n in range(5_000):
        state.answer([failed_login(f"flooded|{n}", T0 + n)])
    assert sum(count_of(state, look(f"quiet|{n}", T0 + 40)) for n in range(30)) == 30
    assert len(state) == 100


def test_a_newcomer_gets_its_share_from_the_largest() -> None:
    state = MemoryState(max_keys=200)
    for name, number in (("small", 20), ("large", 500), ("new", 30)):
        for n in range(number):
            state.answer([failed_login(f"{name}|{n}", T0 + n)])
    held = {
        name: sum(count_of(state, look(f"{name}|{n}", T0 + 600)) for n in range(500)) for name in ("small", "large", "new")
    }
    assert held == {"small": 20, "large": 50, "new": 30}


def test_idle_keys_of_an_organisation_that_fell_silent_go_as_well() -> None:
    clock = ManualClock(T0)
    state = MemoryState(clock=clock)
    for n in range(2_000):
        state.answer([failed_login(f"silent|{n}", T0)])
    for n in range(10_000):
        clock.advance_ms(1_000)
        state.answer([failed_login(f"busy|{n}", T0)])
    assert len(state) < 3 * 15 * 60


def test_a_count_stops_at_its_ceiling() -> None:
    state = MemoryState()
    counts = [count_of(state, failed_login("ip", T0 + n, f"m{n:06}")) for n in range(OBSERVATIONS_MAX + 2_000)]
    assert counts[OBSERVATIONS_MAX - 1 :] == [OBSERVATIONS_MAX] * 2_001


def test_an_observation_that_comes_too_late_for_a_full_window_counts_itself() -> None:
    state = MemoryState()
    for n in range(OBSERVATIONS_MAX + 2_000):
        state.answer([failed_login("ip", T0 + n, f"m{n:06}")])
    assert count_of(state, failed_login("ip", T0 - 10 * MINUTE_MS, "late")) == 1


def test_idle_keys_go_about_as_fast_as_new_ones_come() -> None:
    clock = ManualClock(T0)
    state = MemoryState(clock=clock)
    for n in range(40_000):
        clock.advance_ms(1_000)
        state.answer([failed_login(f"ip{n}", T0)])
    alive_count = 15 * 60  # a window of 5 minutes and lateness on both sides, one key a second
    assert alive_count <= len(state) < 3 * alive_count


def test_what_is_used_stays_however_long() -> None:
    clock = ManualClock(T0)
    state = MemoryState(clock=clock)
    for n in range(20_000):
        clock.advance_ms(1_000)
        state.answer([failed_login("busy", T0, f"m{n % 3}"), failed_login(f"ip{n}", T0)])
    assert count_of(state, look("busy", T0)) == 3


def test_a_pipeline_that_stood_still_for_hours_goes_on_where_it_was() -> None:
    clock = ManualClock(T0)
    state = MemoryState(clock=clock)
    for n in range(3):
        state.answer([failed_login("ip", T0 + n, f"m{n}")])
    clock.advance_ms(DAY_MS)
    for n in range(100):
        state.answer([failed_login(f"other{n}", T0 + 3)])
    assert count_of(state, failed_login("ip", T0 + 4, "m3")) == 4


def test_a_replayed_log_keeps_its_windows_beside_live_traffic() -> None:
    state = MemoryState()
    long_ago = T0 - 300 * DAY_MS
    counts = [
        state.answer([failed_login("live", T0 + n, f"live{n}"), failed_login("replayed", long_ago + n, f"old{n}")])[1]
        for n in range(10)
    ]
    assert [answer.count for answer in counts if isinstance(answer, Window)] == list(range(1, 11))
    assert count_of(state, failed_login("live", long_ago, "same key")) == 1
    assert count_of(state, failed_login("live", long_ago + 1, "same key too")) == 2


def test_a_state_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        MemoryState(max_keys=1)
