import functools

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from control_factories import DetectionFactory, event_ids
from litesoc_server.alerts.clean import INCIDENT_KEY_LENGTH_MAX, storable
from litesoc_server.alerts.incident import ENTERED_MAX, EVIDENCE_MAX, Incident, add_detection, incident_from
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.ids import OrgId

ORG = OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01")
IDS = event_ids(30)


def incident_of(detections: list[Detection]) -> Incident:
    return functools.reduce(add_detection, detections[1:], incident_from(detections[0]))


@st.composite
def detections(draw: st.DrawFn) -> Detection:
    first = draw(st.integers(0, 20))
    ids = tuple(draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=6, unique=True)))
    return DetectionFactory(
        org_id=ORG,
        detection_id=draw(st.text("abcdef", min_size=1, max_size=2)),
        detector=draw(st.sampled_from(["brute_force_address", "success_after_failures", "brute_force_account"])),
        severity=draw(st.sampled_from(AlertSeverity)),
        event_ids=ids,
        actor_id=draw(st.sampled_from(["mira", "ada", None])),
        is_entry=draw(st.booleans()),
        event_count=draw(st.integers(1, 9)),
        first_seen_ms=first,
        last_seen_ms=first + draw(st.integers(0, 9)),
    )


@settings(max_examples=50)
@given(st.lists(detections(), min_size=1, max_size=6, unique_by=lambda item: item.detection_id), st.randoms())
def test_the_order_of_arrival_changes_nothing(found: list[Detection], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert incident_of(shuffled) == incident_of(found)


def test_of_several_findings_about_one_login_the_one_whose_type_says_most_gives_the_headline() -> None:
    same = {"org_id": ORG, "severity": AlertSeverity.HIGH, "event_count": 1, "first_seen_ms": 50, "last_seen_ms": 50}
    risky = DetectionFactory(detection_id="f" * 32, detector="risky_login", alert_type=AlertType.SUSPICIOUS_ACTIVITY, **same)
    abroad = DetectionFactory(detection_id="0" * 32, detector="new_country", alert_type=AlertType.GEO_ANOMALY, **same)
    for order in ([risky, abroad], [abroad, risky]):
        incident = incident_of(order)
        assert incident.headline.alert_type is AlertType.GEO_ANOMALY
        assert [finding.detector for finding in incident.findings] == ["new_country", "risky_login"]


def test_an_incident_names_all_accounts_that_somebody_may_have_got_into() -> None:
    names = [f"usr_{number:04}" for number in range(ENTERED_MAX + 5)]
    found = [DetectionFactory(org_id=ORG, detection_id=name, actor_id=name, is_entry=True) for name in reversed(names)]
    tried = DetectionFactory(org_id=ORG, actor_id="usr_only_tried")
    assert incident_of([tried, *found[-2:]]).entered == ("usr_0000", "usr_0001")
    assert incident_of(found).entered == tuple(names[:ENTERED_MAX])


def test_the_most_severe_detection_gives_the_headline_and_all_give_reasons() -> None:
    burst = DetectionFactory(org_id=ORG, reasons=("5 failures",), first_seen_ms=0, last_seen_ms=50)
    success = DetectionFactory(
        org_id=ORG,
        detector="success_after_failures",
        severity=AlertSeverity.HIGH,
        title="Login succeeded after failures",
        reasons=("success after 5 failures", "5 failures"),
        actor_id="usr_1",
        source_ip=None,
        first_seen_ms=40,
        last_seen_ms=60,
    )
    incident = incident_of([burst, success])
    assert incident.headline.title == "Login succeeded after failures"
    assert incident.reasons == ("success after 5 failures", "5 failures")
    assert (incident.actor_id, incident.source_ip) == ("usr_1", burst.source_ip)
    assert (incident.first_seen_ms, incident.last_seen_ms) == (0, 60)
    assert incident.count == 10  # evidence names ten different events, although the windows overlap


def test_a_detectors_later_firing_brings_its_numbers_up_to_date() -> None:
    early = DetectionFactory(org_id=ORG, reasons=("5 failures",), last_seen_ms=50)
    late = DetectionFactory(org_id=ORG, reasons=("20 failures",), last_seen_ms=90)
    assert incident_of([early, late]).reasons == incident_of([late, early]).reasons == ("20 failures",)


def test_evidence_keeps_the_newest() -> None:
    old, new = event_ids(150, at_ms=1_000), event_ids(150, at_ms=2_000)
    incident = incident_of([DetectionFactory(org_id=ORG, event_ids=ids, event_count=150) for ids in (new, old)])
    assert incident.event_ids == (*old, *new)[-EVIDENCE_MAX:]


def test_an_incident_survives_json() -> None:
    incident = incident_of([DetectionFactory(org_id=ORG), DetectionFactory(org_id=ORG, detector="other")])
    assert msgspec.json.decode(msgspec.json.encode(incident), type=Incident) == incident


def test_what_a_database_cannot_hold_is_replaced() -> None:
    detection = storable(
        DetectionFactory(
            org_id=ORG, actor_id="a\x00b", facts=(Fact("speed_kmh", float("inf"), 1000),), incident_key="x" * 9000
        )
    )
    assert detection.actor_id == "a\N{REPLACEMENT CHARACTER}b"
    assert detection.facts[0].value == "inf"
    assert len(detection.incident_key) == INCIDENT_KEY_LENGTH_MAX
    other = storable(DetectionFactory(org_id=ORG, incident_key="x" * 9001))
    assert other.incident_key != detection.incident_key
