from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_factories import DetectionFactory
from litesoc_server.alerts.grouping import Cooling, joins_quietly, next_cool_down_ms
from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, DetectionPolicy

POLICY = DetectionPolicy()


def cooling(*, severity: AlertSeverity = AlertSeverity.LOW, last_seen_ms: int = 0, cool_down_ms: int = HOUR_MS) -> Cooling:
    detectors = frozenset({"brute_force_address", "success_after_failures"})
    return Cooling(severity=severity, detectors=detectors, last_seen_ms=last_seen_ms, cool_down_ms=cool_down_ms)


def detection(at_ms: int, **changes: Any) -> Detection:
    return DetectionFactory(org_id="org", **{"first_seen_ms": at_ms, "last_seen_ms": at_ms, **changes})


@pytest.mark.parametrize(
    ("at_ms", "severity", "joins"),
    [
        (HOUR_MS, AlertSeverity.MEDIUM, True),
        (HOUR_MS + 1, AlertSeverity.MEDIUM, False),
        (0, AlertSeverity.LOW, True),
        (0, AlertSeverity.HIGH, False),
        (-DAY_MS, AlertSeverity.MEDIUM, True),  # arrives late
    ],
)
def test_what_joins_a_settled_alert(at_ms: int, severity: AlertSeverity, joins: bool) -> None:
    settled = cooling(severity=AlertSeverity.MEDIUM)
    assert joins_quietly(settled, detection(at_ms, severity=severity)) is joins


def test_what_another_detector_says_does_not_join_a_settled_alert() -> None:
    settled = cooling(severity=AlertSeverity.HIGH)
    assert joins_quietly(settled, detection(0, detector="success_after_failures"))
    assert not joins_quietly(settled, detection(0, detector="risky_login"))


def test_the_cool_down_doubles_up_to_a_day_and_begins_anew_after_a_quiet_day() -> None:
    settled, hours = None, []
    at_ms = 0
    for _ in range(7):
        cool_down_ms = next_cool_down_ms(settled, detection(at_ms), POLICY)
        hours.append(cool_down_ms // HOUR_MS)
        settled = cooling(last_seen_ms=at_ms, cool_down_ms=cool_down_ms)
        at_ms += cool_down_ms + 1 if cool_down_ms < DAY_MS else DAY_MS
    assert hours == [1, 2, 4, 8, 16, 24, 24]
    assert settled is not None
    assert next_cool_down_ms(settled, detection(settled.last_seen_ms + DAY_MS + 1), POLICY) == HOUR_MS


@given(cool_down_ms=st.integers(1_000, 400 * DAY_MS), longest_ms=st.integers(1_000, 400 * DAY_MS), gap_ms=st.integers(0))
def test_it_is_never_shorter_than_the_setting_nor_longer_than_the_longest(
    cool_down_ms: int, longest_ms: int, gap_ms: int
) -> None:
    policy = DetectionPolicy(cool_down_ms=cool_down_ms, cool_down_longest_ms=longest_ms)
    settled = cooling(cool_down_ms=DAY_MS)
    assert cool_down_ms <= next_cool_down_ms(settled, detection(gap_ms), policy) <= max(cool_down_ms, longest_ms)
