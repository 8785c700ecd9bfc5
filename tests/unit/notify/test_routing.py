"""Who hears about what and when: severities, lists, quiet hours across midnight and across changes of the clock."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.models import Digest, Route
from litesoc_server.notify.periods import Period, bar_starts, last_period
from litesoc_server.notify.routing import Told, due_at, matches, quiet_until
from litesoc_server.notify.schedule import GIVEN_UP_AFTER, next_attempt_at

NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def told(**changes: Any) -> Told:
    values = {"severity": AlertSeverity.HIGH, "alert_type": "brute_force_attack", "detectors": ["brute_force_address"]}
    return Told(**{**values, "is_test": False, **changes})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"is_enabled": False}, False),
        ({"min_severity": "high"}, True),
        ({"min_severity": "critical"}, False),
        ({"alert_types": ["new_device"]}, False),
        ({"alert_types": ["new_device", "brute_force_attack"]}, True),
        ({"detectors": ["password_spray"]}, False),
        ({"detectors": ["password_spray", "brute_force_address"]}, True),
        ({"muted_until": NOON + timedelta(seconds=1)}, False),
        ({"muted_until": NOON}, True),
    ],
)
def test_what_a_route_lets_through(changes: dict[str, Any], is_told: bool) -> None:
    assert matches(Route(**changes), told(), NOON) is is_told


def test_alerts_of_tests_only_where_they_are_wanted() -> None:
    assert not matches(Route(), told(is_test=True), NOON)
    assert matches(Route(includes_test=True), told(is_test=True), NOON)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-05-29T21:59:59+02:00", None),
        ("2026-05-29T22:00:00+02:00", "2026-05-30T07:00:00+02:00"),
        ("2026-05-30T00:00:00+02:00", "2026-05-30T07:00:00+02:00"),
        ("2026-05-30T06:59:59+02:00", "2026-05-30T07:00:00+02:00"),
        ("2026-05-30T07:00:00+02:00", None),
        ("2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),  # the night in which summer time begins
        ("2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),  # and ends
    ],
)
def test_quiet_hours_over_midnight_in_local_time(now: str, ends: str | None) -> None:
    route = Route(quiet_from=time(22), quiet_until=time(7), time_zone="Europe/Berlin")
    assert quiet_until(route, at(now).astimezone(UTC)) == (None if ends is None else at(ends))


def test_quiet_hours_within_a_day() -> None:
    route = Route(quiet_from=time(11), quiet_until=time(13, 30))
    assert quiet_until(route, NOON) == NOON + timedelta(minutes=90)
    assert quiet_until(route, NOON + timedelta(minutes=90)) is None


def test_critical_alerts_wait_for_nothing_unless_they_are_to() -> None:
    quiet = {"quiet_from": time(11), "quiet_until": time(13), "digest": Digest.DAILY}
    critical = told(severity=AlertSeverity.CRITICAL)
    assert due_at(Route(**quiet), critical, NOON) == NOON
    assert due_at(Route(**quiet, is_critical_always=False), critical, NOON) is None
    assert due_at(Route(**{**quiet, "digest": Digest.NONE}), told(), NOON) == NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("digest", "now", "start", "end"),
    [
        (Digest.HOURLY, "2026-05-29T12:40:00+00:00", "2026-05-29T11:00:00+00:00", "2026-05-29T12:00:00+00:00"),
        (Digest.DAILY, "2026-05-29T07:59:00+02:00", "2026-05-27T08:00:00+02:00", "2026-05-28T08:00:00+02:00"),
        (Digest.DAILY, "2026-05-29T08:00:00+02:00", "2026-05-28T08:00:00+02:00", "2026-05-29T08:00:00+02:00"),
        (Digest.DAILY, "2026-03-29T09:00:00+02:00", "2026-03-28T08:00:00+01:00", "2026-03-29T08:00:00+02:00"),
        (Digest.WEEKLY, "2026-05-29T12:00:00+02:00", "2026-05-18T08:00:00+02:00", "2026-05-25T08:00:00+02:00"),
        (Digest.WEEKLY, "2026-06-01T07:00:00+02:00", "2026-05-18T08:00:00+02:00", "2026-05-25T08:00:00+02:00"),
    ],
)
def test_the_latest_period_that_is_over(digest: Digest, now: str, start: str, end: str) -> None:
    assert last_period(digest, hour=8, zone=BERLIN, now=at(now)) == Period(at(start), at(end))


def test_columns_are_labelled_in_local_time() -> None:
    period = Period(at("2026-05-28T08:00:00+02:00").astimezone(UTC), at("2026-05-29T08:00:00+02:00").astimezone(UTC))
    labels = [label for _, label in bar_starts(Digest.DAILY, period, BERLIN)]
    assert labels == [f"{hour:02}" for hour in (*range(8, 24), *range(8))]


def test_attempts_end_after_three_days() -> None:
    now, attempts = NOON, 0
    while (again := next_attempt_at(attempts + 1, first_at=NOON, now=now, retry_after_s=None)) is not None:
        assert again > now
        now, attempts = again, attempts + 1
    assert now == NOON + GIVEN_UP_AFTER
    assert attempts in {12, 13}


def test_the_wish_of_the_other_side_counts_where_it_is_longer() -> None:
    assert next_attempt_at(1, first_at=NOON, now=NOON, retry_after_s=600) == NOON + timedelta(seconds=600)
    again = next_attempt_at(6, first_at=NOON, now=NOON, retry_after_s=600)
    assert again is not None
    assert again > NOON + timedelta(hours=8)
