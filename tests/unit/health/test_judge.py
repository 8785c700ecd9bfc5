"""What is wrong with what keys send, and what is not."""

from typing import Any

import pytest

from litesoc_server.health.judge import Problem, judge
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS
from litesoc_server.store.queries.sender_facts import SenderFacts
from litesoc_server.store.queries.sender_hours import SenderHours

NOW_MS = 1_780_000_000_000
SOUND: dict[str, Any] = {
    "key_id": "17",
    "events_count": 10_000,
    "actors_count": 800,
    "addresses_count": 1_500,
    "without_address_count": 20,
    "logins_count": 4_000,
    "failures_count": 150,
    "rented_address_count": 300,
    "unrecognised_count": 100,
    "busiest_address": "198.51.100.7",
    "busiest_address_count": 2_000,
    "busiest_address_actors_count": 90,
}


def problems(**changes: Any) -> list[Problem]:
    return [notice.problem for notice in judge([SenderFacts(**{**SOUND, **changes})], [], NOW_MS)]


def test_a_sound_sender_hears_nothing() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"busiest_address_count": 9_900, "busiest_address_actors_count": 780}, Problem.ONE_ADDRESS),
        ({"special_address_count": 2_001}, Problem.SPECIAL_ADDRESS),
        ({"rented_address_count": 9_001}, Problem.PROXY_ADDRESS),
        ({"without_address_count": 5_001}, Problem.NO_ADDRESS),
        ({"address_list_count": 1}, Problem.FORGEABLE_ADDRESS),
        ({"actors_count": 40, "addresses_count": 801}, Problem.FORGEABLE_ADDRESS),
        ({"failures_count": 0}, Problem.NO_FAILURES),
        ({"clock_count": 101}, Problem.CLOCK_SKEW),
        ({"no_backfill_count": 101}, Problem.NO_BACKFILL),
        ({"unrecognised_count": 2_001, "unrecognised_names": ("shop.paid",)}, Problem.UNRECOGNISED),
    ],
)
def test_each_problem_is_told_with_its_numbers_and_a_fix(changes: dict[str, Any], problem: Problem) -> None:
    (notice,) = judge([SenderFacts(**{**SOUND, **changes})], [], NOW_MS)
    assert (notice.problem, notice.key_id) == (problem, "17")
    assert any(character.isdigit() for character in notice.finding)
    assert notice.fix


def test_a_whole_list_of_addresses_is_told_without_a_limit_that_was_kept() -> None:
    (notice,) = judge([SenderFacts(**{**SOUND, "address_list_count": 1})], [], NOW_MS)
    assert notice.finding == "1 event carries a whole list of addresses as user_ip: clients may be choosing them"


@pytest.mark.parametrize(
    "changes",
    [
        {"busiest_address_count": 9_900, "busiest_address_actors_count": 19},  # an office
        {"busiest_address_count": 9_000, "busiest_address_actors_count": 780},
        {"special_address_count": 2_000},
        {"rented_address_count": 9_000},
        {"without_address_count": 5_000},
        {
            "without_address_count": 10_000,
            "actors_count": 0,
            "addresses_count": 0,
            "busiest_address_actors_count": 0,
        },  # jobs
        {"actors_count": 40, "addresses_count": 800},
        {"failures_count": 1},
        {"failures_count": 0, "logins_count": 499},
        {"clock_count": 100},
        {"unrecognised_count": 2_000},
    ],
)
def test_just_below_nothing_is_said(changes: dict[str, Any]) -> None:
    assert problems(**changes) == []


def test_few_events_say_nothing() -> None:
    assert problems(events_count=99, without_address_count=99) == []


def test_no_notice_names_an_address_or_a_person() -> None:
    facts = SenderFacts(**{**SOUND, "busiest_address_count": 9_999, "busiest_address_actors_count": 780})
    (notice,) = judge([facts], [], NOW_MS)
    assert "198.51.100.7" not in notice.finding + notice.fix


def hours(*offsets: int) -> SenderHours:
    """Return a key that sent in hours counted backwards from a moment 7 hours ago."""
    last_ms = NOW_MS // HOUR_MS * HOUR_MS - 7 * HOUR_MS
    return SenderHours("17", tuple(sorted(last_ms - offset * HOUR_MS for offset in offsets)), last_ms + HOUR_MS // 2)


def test_a_key_that_always_sent_and_stopped() -> None:
    (notice,) = judge([], [hours(*range(200))], NOW_MS)
    assert notice.problem is Problem.SILENT
    assert notice.finding.startswith("silent for 6 h")
    assert "was never silent for longer than 1 h" in notice.finding


def test_nights_and_weekends_are_no_silence() -> None:
    office = [day * 24 + hour for day in range(20) for hour in range(9) if day % 7 < 5]
    assert judge([], [hours(*office)], NOW_MS) == ()
    assert len(judge([], [hours(*office)], NOW_MS + 6 * DAY_MS)) == 1


def test_a_key_that_hardly_ever_sent_is_not_missed() -> None:
    assert judge([], [hours(*range(47))], NOW_MS + 20 * DAY_MS) == ()
