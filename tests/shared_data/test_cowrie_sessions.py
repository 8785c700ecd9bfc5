"""All detectors on real sessions of a honeypot: nearly every source is named, in a few incidents.

There are no user names, and every session is an attack: each counts as one failed login.
"""

import csv
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from detection_streams import covered_sources, detect, incidents_over_time
from factories import T0_MS, make_event
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.policy import DAY_MS

pytestmark = pytest.mark.shared_data

SESSIONS_COUNT, SOURCES_COUNT = 10_491, 769
FAILING_SOURCES_COUNT = 313  # those of sessions that got as far as a password
COVERED_SHARE_MIN = 0.9  # naive: 5 failures in 5 minutes from one address name 21 %
INCIDENTS_PER_DAY_MAX = 10


@pytest.fixture(scope="module")
def sessions(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "detect" / "ssh" / "cowrie_sessions_a.csv").open(encoding="utf-8", newline="") as rows:
        return [row for row in csv.DictReader(rows) if row["src_ip"]]  # one lacks it, and everything else


def events_of(sessions: list[dict[str, str]]) -> list[Event]:
    moments = sorted((datetime.fromisoformat(session["start_time"]).timestamp(), session["src_ip"]) for session in sessions)
    return [make_event(number=number, at=at - T0_MS / 1000, actor_id=None, ip=ip) for number, (at, ip) in enumerate(moments)]


def judge(events: list[Event], detections: list[Detection]) -> tuple[int, float, int]:
    """Return how many sources there are, the share of them that is named, and the incidents of the worst day."""
    sources = {event.user_ip for event in events}
    share = len(sources & covered_sources(events, detections)) / len(sources)
    found = incidents_over_time(detections)
    per_day = max(Counter(at_ms // DAY_MS for _, at_ms in found).values())
    print(f"{share:.1%} of {len(sources)} sources named in {len(found)} incidents, at most {per_day} a day")
    return len(sources), share, per_day


def test_nearly_every_source_is_named_in_few_incidents(sessions: list[dict[str, str]]) -> None:
    assert len(sessions) == SESSIONS_COUNT
    events = events_of(sessions)
    sources_count, share, incidents_per_day = judge(events, detect(events))
    assert sources_count == SOURCES_COUNT
    assert share >= COVERED_SHARE_MIN
    assert incidents_per_day <= INCIDENTS_PER_DAY_MAX


def test_so_it_is_with_only_those_sessions_that_tried_a_password(sessions: list[dict[str, str]]) -> None:
    events = events_of([session for session in sessions if session["login_failed"] != "0"])
    sources_count, share, incidents_per_day = judge(events, detect(events))
    assert sources_count == FAILING_SOURCES_COUNT
    assert share >= COVERED_SHARE_MIN
    assert incidents_per_day <= INCIDENTS_PER_DAY_MAX
