from datetime import UTC, datetime, timedelta

from litesoc_server.alerts.history import HistoryLine
from litesoc_server.alerts.models import AlertDetection, AlertTransition
from litesoc_server.web.alerts.grouped_history import grouped

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)


def fired(minute: int, detector: str, events: int = 1) -> HistoryLine:
    return HistoryLine(BEGIN + timedelta(minutes=minute), detection=AlertDetection(detector=detector, event_count=events))


def decided(minute: int) -> HistoryLine:
    return HistoryLine(BEGIN + timedelta(minutes=minute), transition=AlertTransition(action="acknowledge"))


def test_detectors_that_fire_in_turns_are_one_line_each_by_their_latest() -> None:
    lines = [fired(0, "risky_login", 3), fired(1, "mfa_fatigue"), fired(2, "risky_login", 2)]
    groups = grouped(lines)
    assert [(group.line, group.count, group.events_count_max) for group in groups] == [(lines[1], 1, 1), (lines[2], 2, 3)]


def test_what_people_do_separates_what_was_found_before_from_what_was_found_after() -> None:
    lines = [fired(0, "risky_login"), fired(1, "risky_login"), decided(2), fired(3, "risky_login")]
    groups = grouped(lines)
    assert [(group.line, group.count) for group in groups] == [(lines[1], 2), (lines[2], 1), (lines[3], 1)]
