"""Agents and sources that went silent: how long is too long, and what is said."""

from datetime import UTC, date, datetime, timedelta

from litesoc_server.health.judge import Notice, Problem
from litesoc_server.health.silence import AgentSeen, SourceSeen, judge_agents, judge_source

MINUTE_MS, DAY_MS = 60_000, 86_400_000
TODAY = date(2026, 8, 28)  # a Friday
NOW_MS = int(datetime(2026, 8, 28, 12, tzinfo=UTC).timestamp() * 1000)


def judged(*silent_minutes: int) -> Notice | None:
    agents = [AgentSeen(f"web-{number}", NOW_MS - silent * MINUTE_MS) for number, silent in enumerate(silent_minutes)]
    return judge_agents(agents, limit_ms=15 * MINUTE_MS, now_ms=NOW_MS)


def source(*days_ago: int, is_refused: bool = False) -> Notice | None:
    days = tuple(TODAY - timedelta(days=number) for number in sorted(days_ago, reverse=True))
    last_ms = NOW_MS - min(days_ago) * DAY_MS
    return judge_source(SourceSeen("auth0", "Auth0", days, last_ms, is_refused), now_ms=NOW_MS)


def test_agents_within_the_limit_are_no_news() -> None:
    assert judged() is None
    assert judged(0, 15) is None


def test_all_silent_agents_are_one_notice_the_longest_first() -> None:
    one = judged(1, 16)
    assert one is not None
    assert (one.problem, one.key_id, one.source) == (Problem.AGENTS_SILENT, None, None)
    assert one.finding == "1 of 2 agents was not heard of: web-1 for 16 min; the limit is 15 min"
    many = judged(20, 1, 200, 30, 40)
    assert many is not None
    assert many.finding == (
        "4 of 5 agents were not heard of: web-2 for 3 h 20 min, web-4 for 40 min, web-3 for 30 min and 1 more; "
        "the limit is 15 min"
    )


def test_a_source_is_held_against_its_own_habits() -> None:
    every_day = range(2, 20)
    assert source(*every_day) is None  # two days: twice what it is used to
    notice = source(*range(3, 20))
    assert notice is not None
    assert (notice.problem, notice.key_id, notice.source) == (Problem.SILENT, None, "auth0")
    assert "Auth0 is silent for 3 d, since 2026-08-25T12:00:00Z; before, it sent on 17 days, at least every 1 day" in (
        notice.finding
    )
    on_workdays = [number for number in range(4, 28) if (TODAY - timedelta(days=number)).weekday() < 5]
    assert source(*on_workdays) is None  # silent for four days, and every weekend for three


def test_a_source_that_hardly_sent_has_no_habits() -> None:
    assert source(20, 21, 22, 23) is None


def test_a_source_that_is_refused_leads_to_the_reasons() -> None:
    notice = source(*range(3, 20), is_refused=True)
    assert notice is not None
    assert notice.fix == "its deliveries arrive and are refused: the Integrations page says why"
