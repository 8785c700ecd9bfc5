"""Laws of quiet hours and digests, around the nights in which clocks are put forward or back."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.models import Digest, Route
from litesoc_server.notify.periods import bar_starts, last_period
from litesoc_server.notify.routing import Told, due_at, quiet_until

MINUTE = timedelta(minutes=1)
# An hour at two o'clock, half an hour, an hour at midnight, and none.
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC")
# Begins of days on and around which one of the zones changes its clock in 2026.
NIGHTS = [
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in ((3, 7), (3, 28), (4, 4), (4, 23), (10, 3), (10, 24), (10, 29), (10, 31), (6, 1))
]
zones = st.sampled_from(ZONES)
moments = st.builds(
    lambda night, minutes: night + timedelta(minutes=minutes), st.sampled_from(NIGHTS), st.integers(0, 2 * 24 * 60)
)
times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))


def is_quiet(route: Route, moment: datetime) -> bool:
    return quiet_until(route, moment) is not None


@given(moments, zones, times, times)
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "Europe/Berlin", time(22), time(2, 30))  # there is no half past two
@example(datetime(2026, 10, 25, 1, 15, tzinfo=UTC), "Europe/Berlin", time(22), time(2, 30))  # the second quarter past two
@example(datetime(2026, 10, 25, 0, 15, tzinfo=UTC), "Europe/Berlin", time(22), time(2, 30))  # and the first
def test_quiet_hours_last_until_they_end(now: datetime, zone: str, begin: time, end: time) -> None:
    """What is held back is told later than now, when it is quiet no more, and not a minute after that."""
    route = Route(quiet_from=begin, quiet_until=end, time_zone=zone)
    until = quiet_until(route, now)
    shown = now.astimezone(ZoneInfo(zone)).time()
    inside = begin <= shown < end if begin <= end else shown >= begin or shown < end
    assert (until is not None) is inside
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert not is_quiet(route, until)
        assert all(is_quiet(route, now + MINUTE * step) for step in range((until - now) // MINUTE))


@given(moments, zones, times, times, st.sampled_from(list(Digest)), st.booleans())
def test_critical_alerts_wait_in_no_night(
    now: datetime, zone: str, begin: time, end: time, digest: Digest, is_critical_always: bool
) -> None:
    route = Route(
        quiet_from=begin,
        quiet_until=end,
        time_zone=zone,
        digest=digest,
        is_critical_always=is_critical_always,
        min_severity="low",
    )
    for severity in AlertSeverity:
        told = Told(severity=severity, alert_type="brute_force_attack", detectors=[], is_test=False)
        due = due_at(route, told, now)
        if severity is AlertSeverity.CRITICAL and is_critical_always:
            assert due == now
        elif digest is not Digest.NONE:
            assert due is None
        else:
            assert due == (quiet_until(route, now) or now)


@given(moments, zones, st.integers(0, 23), st.sampled_from((Digest.DAILY, Digest.WEEKLY)))
def test_days_and_weeks_follow_each_other_without_gap_or_overlap(
    now: datetime, zone: str, hour: int, digest: Digest
) -> None:
    place = ZoneInfo(zone)
    period = last_period(digest, hour=hour, zone=place, now=now)
    assert period.start < period.end <= now
    assert last_period(digest, hour=hour, zone=place, now=period.end) == period
    assert last_period(digest, hour=hour, zone=place, now=period.end - MINUTE).end == period.start
    days = 1 if digest == Digest.DAILY else 7
    assert abs((period.end - period.start) - timedelta(days=days)) <= timedelta(hours=1)


@pytest.mark.parametrize("zone", ZONES)
def test_each_hourly_digest_is_after_the_one_before(zone: str) -> None:
    for night in NIGHTS:
        every = [night + MINUTE * step for step in range(0, 2 * 24 * 60, 5)]
        ends = [last_period(Digest.HOURLY, hour=0, zone=ZoneInfo(zone), now=now).end for now in every]
        assert all(earlier <= later for earlier, later in pairwise(ends))
        assert all(timedelta() <= now - end < timedelta(minutes=90) for now, end in zip(every, ends, strict=True))


@given(moments, zones, st.integers(0, 23), st.sampled_from((Digest.HOURLY, Digest.DAILY, Digest.WEEKLY)))
def test_columns_divide_the_whole_period(now: datetime, zone: str, hour: int, digest: Digest) -> None:
    period = last_period(digest, hour=hour, zone=ZoneInfo(zone), now=now)
    starts = [start for start, _ in bar_starts(digest, period, ZoneInfo(zone))]
    assert starts[0] == period.start
    assert all(earlier < later for earlier, later in pairwise([*starts, period.end]))
