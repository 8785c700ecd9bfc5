import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from control_factories import NOW_MS, DetectionFactory
from litesoc_server.alerts.incident import Incident, read_incident
from litesoc_server.alerts.storm import SWALLOWED_MAX, add_to_storm, keys_between, may_be_swallowed
from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.pipeline.policy import DetectionPolicy

POLICY = DetectionPolicy()


def detection(number: int, **changes: Any) -> Detection:
    fields = {"incident_key": f"credential_attack|ip:198.51.100.{number}", "last_seen_ms": NOW_MS + number, **changes}
    return DetectionFactory(org_id="org", **fields)


def storm_of(detections: list[Detection]) -> Incident:
    storm = None
    for one in detections:
        storm = add_to_storm(storm, one, POLICY)
    assert storm is not None
    return storm


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.builds(
            detection,
            st.integers(0, 5),
            detector=st.sampled_from(["brute_force_address", "new_country"]),
            severity=st.sampled_from([AlertSeverity.LOW, AlertSeverity.MEDIUM, AlertSeverity.HIGH]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 2**32),
)
def test_the_order_of_arrival_changes_nothing(found: list[Detection], seed: int) -> None:
    shuffled = list(found)
    random.Random(seed).shuffle(shuffled)
    assert storm_of(shuffled) == storm_of(found)


def test_it_lists_what_it_swallowed() -> None:
    bursts = [detection(number) for number in range(7)]
    place = detection(9, detector="new_country", severity=AlertSeverity.HIGH, incident_key="account|actor:mira")
    storm = storm_of([*bursts, place, detection(3)])
    assert storm.headline.severity is AlertSeverity.HIGH
    assert storm.headline.title == "Storm of incidents: 8 incidents beyond the first 20"
    shown = ", ".join(f"credential_attack|ip:198.51.100.{number}" for number in (6, 5, 4, 3, 2))
    assert storm.reasons == (
        "more than 20 incidents within 1 h, the limit",
        f"brute_force_address: 7, at most medium: {shown} and 2 more",
        "new_country: 1, at most high: account|actor:mira",
    )
    assert storm.swallowed[0].key == "account|actor:mira"
    assert next(one for one in storm.swallowed if one.key.endswith(".3")).detections_count == 2
    assert keys_between(storm, NOW_MS + 5, NOW_MS + 9) == {"credential_attack|ip:198.51.100.6"}
    assert read_incident(msgspec.to_builtins(storm)) == storm


def test_it_is_bounded() -> None:
    storm = storm_of([detection(number) for number in range(SWALLOWED_MAX + 5)])
    assert len(storm.swallowed) == SWALLOWED_MAX
    assert "at least 300 incidents" in storm.headline.title


def test_a_critical_incident_is_never_swallowed() -> None:
    assert may_be_swallowed(detection(1, severity=AlertSeverity.HIGH))
    assert not may_be_swallowed(detection(1, severity=AlertSeverity.CRITICAL))
