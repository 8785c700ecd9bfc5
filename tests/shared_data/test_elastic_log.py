"""All detectors on 24 days of a real auth.log: few incidents, and the takeover among them as one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from detection_streams import by_incident, covered_sources, detect, incidents_over_time
from factories import T0_MS, make_event
from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.sources.sshd import parse_sshd_lines

pytestmark = pytest.mark.shared_data

INCIDENTS_MAX = 15  # a threshold of 5 failures in 5 minutes per address makes 605 alerts of this log
ATTACKING_ADDRESSES_COUNT = 102
TAKEOVER_ADDRESS = "24.151.103.17"
OFFICE_ADDRESS = "85.245.107.41"


@pytest.fixture(scope="module")
def events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    enricher = Enricher.open(tmp_path_factory.mktemp("ipdata"))
    with (shared_data / "detect" / "ssh" / "elastic_auth.log").open(encoding="utf-8") as lines:
        logins = list(parse_sshd_lines(lines, now=datetime(2026, 11, 22, tzinfo=UTC)))
    return [
        enricher.enrich(
            make_event(
                number=number,
                name=login.event,
                actor_id=login.actor_id,
                ip=login.user_ip,
                metadata=login.metadata,
                at=login.occurred_at.timestamp() - T0_MS / 1000,
            )
        )
        for number, login in enumerate(logins)
    ]


@pytest.fixture(scope="module")
def detections(events: list[Event]) -> list[Detection]:
    return detect(events)


def test_the_attacking_addresses_are_few_incidents(events: list[Event], detections: list[Detection]) -> None:
    told = {event.user_ip for event in events if event.name == "auth.login_failed" and is_told(event)}
    attacking = told - {event.user_ip for event in events if event.name == "auth.login_success"}
    assert len(attacking) == ATTACKING_ADDRESSES_COUNT
    found = incidents_over_time(detections)
    print(f"{len(found)} incidents from {len(detections)} detections: {found}")
    assert attacking - covered_sources(events, detections) == set()
    assert len(found) <= INCIDENTS_MAX


def is_told(event: Event) -> bool:
    """Whether sshd said that a password was wrong; it also ends connections without a verdict."""
    return b'"unknown"' not in bytes(event.metadata)


def test_the_office_is_no_attacker(events: list[Event], detections: list[Detection]) -> None:
    assert f"credential_attack|ip:{OFFICE_ADDRESS}" not in by_incident(detections)
    assert OFFICE_ADDRESS not in {one.source_ip for one in detections if one.incident_key.startswith("credential_attack")}


def test_the_takeover_is_one_incident_that_names_burst_and_login(detections: list[Detection]) -> None:
    incident = by_incident(detections)[f"credential_attack|ip:{TAKEOVER_ADDRESS}"]
    assert {detection.detector for detection in incident} == {
        "brute_force_address",
        "brute_force_account",
        "success_after_failures",
    }
    worst = max(incident, key=lambda detection: detection.severity.rank)
    assert worst.severity is AlertSeverity.CRITICAL
    assert worst.detector == "success_after_failures"
    assert worst.actor_id == "elastic_user_0"
    assert worst.event_count == 148
    times = ("2026-03-30T15:54:19Z", "2026-03-30T16:01:35Z", "2026-03-30T16:01:36Z")
    for said in ("147 failed logins", TAKEOVER_ADDRESS, *times):
        assert said in worst.description


def test_nothing_else_is_critical(detections: list[Detection]) -> None:
    critical = [detection for detection in detections if detection.severity is AlertSeverity.CRITICAL]
    assert {detection.incident_key for detection in critical} == {f"credential_attack|ip:{TAKEOVER_ADDRESS}"}
