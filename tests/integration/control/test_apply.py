import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error

from control_factories import (
    NOW_MS,
    DetectionFactory,
    OrganizationFactory,
    apply_detections,
    database_down,
    event_ids,
    make_alert,
    org_id_of,
)
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe
from litesoc_server.alerts.models import Alert, AlertDetection, Status
from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS
from races import race

WHO = Who(by="ops@shop.example", principal="user:1")


@pytest.mark.django_db
def test_a_detection_becomes_an_open_alert() -> None:
    org = OrganizationFactory()
    detection = DetectionFactory(org_id=org_id_of(org))
    apply_detections([detection])

    alert = Alert.objects.get(org=org)
    assert (alert.status, alert.alert_type, alert.severity) == ("open", "brute_force_attack", "medium")
    assert (alert.title, alert.description) == (detection.title, detection.description)
    assert (alert.source_ip, alert.actor_id, alert.trigger_event_id) == ("198.51.100.77", None, detection.trigger_event_id)
    assert alert.count == 5
    assert alert.last_seen_at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=NOW_MS)
    assert alert.incident.event_ids == detection.event_ids
    assert alert.incident.headline.geo == detection.geo
    assert AlertDetection.objects.get(alert=alert).detection_id == detection.detection_id


@pytest.mark.django_db
def test_further_detections_of_an_incident_update_the_alert() -> None:
    org = OrganizationFactory()
    first = DetectionFactory(org_id=org_id_of(org), first_seen_ms=NOW_MS - 60_000, last_seen_ms=NOW_MS, event_count=5)
    late = DetectionFactory(
        org_id=org_id_of(org), first_seen_ms=NOW_MS - 90_000, last_seen_ms=NOW_MS - 70_000, event_count=6
    )
    grown = DetectionFactory(
        org_id=org_id_of(org),
        first_seen_ms=NOW_MS - 60_000,
        last_seen_ms=NOW_MS + 60_000,
        event_ids=(*first.event_ids, *event_ids(35)),
        event_count=40,
        severity=AlertSeverity.CRITICAL,
        title="Worse",
    )
    apply_detections([first])
    before = Alert.objects.get()
    apply_detections([late, grown])

    alert = Alert.objects.get()
    assert alert.id == before.id
    assert (alert.title, alert.severity, alert.count) == ("Worse", "critical", 46)
    assert alert.first_seen_at < before.first_seen_at
    assert alert.last_seen_at > before.last_seen_at
    assert alert.created_at == before.created_at
    assert alert.updated_at > before.updated_at
    assert set(alert.incident.event_ids) == {*first.event_ids, *late.event_ids, *grown.event_ids}


@pytest.mark.django_db
def test_redelivery_changes_nothing_not_even_after_the_alert_was_settled() -> None:
    org = OrganizationFactory()
    detections = [DetectionFactory(org_id=org_id_of(org), first_seen_ms=at, last_seen_ms=at + 5) for at in (0, 10, 20)]
    apply_detections(detections)
    before = Alert.objects.values().get()
    apply_detections([*detections, *detections])
    assert Alert.objects.values().get() == before

    mark_safe(Alert.objects.get(), who=WHO)
    apply_detections(detections)
    assert Alert.objects.count() == 1


@pytest.mark.django_db
def test_detections_join_an_acknowledged_alert() -> None:
    org = OrganizationFactory()
    apply_detections([DetectionFactory(org_id=org_id_of(org))])
    acknowledge(Alert.objects.get(), who=WHO)
    apply_detections([DetectionFactory(org_id=org_id_of(org), last_seen_ms=NOW_MS + 90 * DAY_MS)])
    assert Alert.objects.get().status == Status.ACKNOWLEDGED


@pytest.mark.django_db
def test_incidents_organisations_and_environments_are_kept_apart() -> None:
    one, two = OrganizationFactory(), OrganizationFactory()
    apply_detections(
        [
            DetectionFactory(org_id=org_id_of(one)),
            DetectionFactory(org_id=org_id_of(one), environment=Environment.TEST),
            DetectionFactory(org_id=org_id_of(one), incident_key="travel|actor:usr_1"),
            DetectionFactory(org_id=org_id_of(two)),
        ]
    )
    assert Alert.objects.count() == 4
    assert Alert.objects.filter(org=two).count() == 1


@pytest.mark.django_db
def test_equal_detection_ids_of_two_organisations_are_two_detections() -> None:
    for _ in range(2):
        apply_detections([DetectionFactory(org_id=org_id_of(OrganizationFactory()), detection_id="same")])
    assert Alert.objects.count() == 2


@pytest.mark.django_db
def test_detections_of_nobody_are_passed_over() -> None:
    org = OrganizationFactory()
    apply_detections(
        [
            DetectionFactory(org_id=OrgId("00000000-0000-0000-0000-000000000000")),
            DetectionFactory(org_id=OrgId("not an id")),
            DetectionFactory(org_id=org_id_of(org)),
        ]
    )
    assert Alert.objects.get().org == org


@pytest.mark.django_db
def test_unstorable_characters_and_numbers_go_in() -> None:
    org = OrganizationFactory()
    alert = make_alert(org, title="a\x00b", actor_id="x" * 300, incident_key="k" * 9_000 + "\x00")
    assert alert.title == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.django_db
def test_a_database_in_trouble_is_the_callers_to_retry() -> None:
    detection = DetectionFactory(org_id=org_id_of(OrganizationFactory()))
    with database_down(), pytest.raises(Error):
        apply_detections([detection])
    apply_detections([detection])
    assert Alert.objects.count() == 1


def _many_detections(orgs: Sequence[Organization]) -> list[Detection]:
    return [
        DetectionFactory(
            org_id=org_id_of(org),
            incident_key=f"credential_attack|ip:{campaign}",
            first_seen_ms=burst * 1_000,
            last_seen_ms=burst * 1_000 + 500,
            event_count=5,
        )
        for org in orgs
        for campaign in range(3)
        for burst in range(5)
    ]


@pytest.mark.django_db(transaction=True)
def test_workers_that_share_and_repeat_the_work_count_everything_once() -> None:
    """Four workers get the same detections, in other orders and in other batches: the result is that of one."""
    detections = _many_detections([OrganizationFactory(), OrganizationFactory()])
    seeded = random.Random(7)

    def worker() -> Callable[[], None]:
        mine = seeded.sample(detections, len(detections))
        batches = [mine[at : at + 7] for at in range(0, len(mine), 7)]

        def work() -> None:
            for batch in batches:
                _apply_until_done(batch)

        return work

    race([worker() for _ in range(4)])

    assert Alert.objects.count() == 6
    assert AlertDetection.objects.count() == len(detections)
    for alert in Alert.objects.all():
        assert alert.count == 25
        assert alert.detections.count() == 5


def _apply_until_done(batch: Sequence[Detection]) -> None:
    """Apply as the consumer does: trouble of the database means again."""
    for _ in range(20):
        try:
            apply_detections(batch)
        except Error:
            continue
        return
    raise AssertionError("never went through")
