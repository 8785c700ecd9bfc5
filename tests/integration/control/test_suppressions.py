from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import Error, IntegrityError, transaction
from django.utils import timezone

from control_factories import (
    NOW_MS,
    WHO,
    DetectionFactory,
    OrganizationFactory,
    apply_detections,
    database_down,
    make_suppression,
    org_id_of,
)
from litesoc_server.alerts.models import Alert, AlertDetection
from litesoc_server.orgs import suppressions
from litesoc_server.orgs.models import Suppression, SuppressionHit
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.suppressions import as_pipeline_suppression, end_suppression
from races import race


@pytest.mark.django_db
def test_a_suppressed_detection_makes_no_alert_and_is_counted_once() -> None:
    org = OrganizationFactory()
    suppression = make_suppression(org)
    silent = DetectionFactory(org_id=org_id_of(org), suppressed_by=str(suppression.id))
    loud = DetectionFactory(org_id=org_id_of(org), incident_key="other|actor:mira")
    apply_detections([silent, loud, silent])
    apply_detections([silent])

    assert AlertDetection.objects.get().detection_id == loud.detection_id
    suppression.refresh_from_db()
    assert suppression.hit_count == 1
    assert suppression.last_hit_at == datetime.fromtimestamp(NOW_MS / 1000, timezone.get_default_timezone())


@pytest.mark.django_db
def test_a_suppressed_detection_leaves_an_open_alert_of_its_incident_alone() -> None:
    org = OrganizationFactory()
    apply_detections([DetectionFactory(org_id=org_id_of(org))])
    before = Alert.objects.values().get()
    suppression = make_suppression(org)
    apply_detections([DetectionFactory(org_id=org_id_of(org), suppressed_by=str(suppression.id), event_count=50)])
    assert Alert.objects.values().get() == before


@pytest.mark.django_db
def test_hits_keep_the_latest_moment_whatever_the_order() -> None:
    org = OrganizationFactory()
    suppression = make_suppression(org)
    for at_ms in (NOW_MS, NOW_MS - 60_000):
        apply_detections([DetectionFactory(org_id=org_id_of(org), suppressed_by=str(suppression.id), last_seen_ms=at_ms)])
    suppression.refresh_from_db()
    assert suppression.hit_count == 2
    assert suppression.last_hit_at is not None
    assert round(suppression.last_hit_at.timestamp() * 1000) == NOW_MS


@pytest.mark.django_db
@pytest.mark.parametrize("suppressed_by", ["not-an-id", "0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01"])
def test_a_suppression_that_is_gone_costs_no_other_detection(suppressed_by: str) -> None:
    org = OrganizationFactory()
    apply_detections(
        [
            DetectionFactory(org_id=org_id_of(org), suppressed_by=suppressed_by),
            DetectionFactory(org_id=org_id_of(org), incident_key="other|actor:mira"),
        ]
    )
    assert Alert.objects.count() == 1


@pytest.mark.django_db
def test_another_organisations_suppression_counts_nothing() -> None:
    org, other = OrganizationFactory(), OrganizationFactory()
    suppression = make_suppression(other)
    apply_detections([DetectionFactory(org_id=org_id_of(org), suppressed_by=str(suppression.id))])
    suppression.refresh_from_db()
    assert suppression.hit_count == 0


@pytest.mark.django_db(transaction=True)
def test_a_hit_that_two_workers_see_at_once_is_one() -> None:
    org = OrganizationFactory()
    suppression = make_suppression(org)
    detection = DetectionFactory(org_id=org_id_of(org), suppressed_by=str(suppression.id))
    race([lambda: apply_detections([detection])] * 4)
    suppression.refresh_from_db()
    assert suppression.hit_count == SuppressionHit.objects.count() == 1


@pytest.mark.django_db
def test_a_database_in_trouble_is_passed_on_so_that_the_detection_comes_again() -> None:
    org = OrganizationFactory()
    detection = DetectionFactory(org_id=org_id_of(org), suppressed_by=str(make_suppression(org).id))
    with database_down(), pytest.raises(Error):
        apply_detections([detection])
    apply_detections([detection])
    assert SuppressionHit.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"detector": None, "actor": None, "address": None}, "at least one of detector, actor and address"),
        ({"owner": "  "}, "owner must be a text"),
        ({"reason": ""}, "reason must be a text"),
        ({"reason": "x" * 2_001}, "1 to 2,000 characters"),
        ({"detector": "brute_force_adress"}, "did you mean brute_force_address"),
        ({"address": "203.0.113.7/99"}, "no address and no CIDR range"),
        ({"actor": ""}, "ids of 1 to 255 characters"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expires_at must be in the future"),
        ({"expires_at": timezone.now() + timedelta(days=400)}, "at most 366 days away"),
    ],
)
def test_mistakes_are_said_with_the_field(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyInvalid, match=said):
        make_suppression(OrganizationFactory(), **changes)
    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_the_database_refuses_a_suppression_of_everything() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Suppression.objects.create(
            org=OrganizationFactory(), owner="o", reason="r", expires_at=timezone.now(), created_by="operator"
        )


@pytest.mark.django_db
def test_there_is_a_ceiling_on_those_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressions, "ACTIVE_MAX", 2)
    org = OrganizationFactory()
    first = make_suppression(org)
    make_suppression(org)
    with pytest.raises(PolicyInvalid, match="end some"):
        make_suppression(org)
    end_suppression(first, who=WHO)
    make_suppression(org)


@pytest.mark.django_db
def test_ending_keeps_the_row_and_the_first_end() -> None:
    suppression = make_suppression(OrganizationFactory())
    assert suppression.state == "active"
    ended_at = end_suppression(suppression, who=WHO).ended_at
    assert end_suppression(suppression, who=WHO).ended_at == ended_at
    assert (suppression.state, suppression.ended_by) == ("ended", WHO.principal)
    expired = make_suppression(OrganizationFactory())
    expired.expires_at = timezone.now()
    assert expired.state == "expired"


@pytest.mark.django_db
def test_the_pipeline_gets_the_expiry_to_the_millisecond() -> None:
    expires_at = timezone.now().replace(microsecond=123_000) + timedelta(days=1)
    suppression = make_suppression(OrganizationFactory(), expires_at=expires_at)
    assert as_pipeline_suppression(suppression).expires_at_ms == round(expires_at.timestamp() * 1000)
