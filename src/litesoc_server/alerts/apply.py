"""Detections become alerts, each exactly once, however often and by however many workers it is delivered."""

import contextlib
import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone

from litesoc_server.alerts.clean import storable
from litesoc_server.alerts.incident import Incident, add_detection, incident_from
from litesoc_server.alerts.models import UNSETTLED, Alert, AlertDetection
from litesoc_server.events.detection import Detection
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.suppressions import count_hits

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 5  # against another worker on the same incident; each lost attempt means that the other one got on
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN_FIELDS = (
    "alert_type",
    "severity",
    "title",
    "description",
    "source_ip",
    "actor_id",
    "trigger_event_id",
    "count",
    "first_seen_at",
    "last_seen_at",
    "incident_data",
    "updated_at",
)


class IncidentRef(NamedTuple):
    """What an alert is found by: at most one that is not settled exists for it."""

    org_id: uuid.UUID
    environment: Environment
    key: str


def apply_detections(detections: Sequence[Detection]) -> None:
    """Turn ``detections`` into new alerts, or into updates of the open or acknowledged alert of their incident.

    A suppressed detection makes and changes no alert; it is counted at its suppression. One transaction per incident or
    suppression. Blocking and idempotent: a detection that was applied before changes nothing, so after any failure the
    caller applies the same ones again. Detections of organisations that no longer exist are passed over. Raises
    django.db.Error when the database is in trouble or another worker kept winning.
    """
    known = _existing_organizations(detection.org_id for detection in detections)
    grouped: dict[IncidentRef, list[Detection]] = defaultdict(list)
    suppressed: list[Detection] = []
    for detection in map(storable, detections):
        org_id = known.get(detection.org_id)
        if org_id is None:
            log.warning("passed over detection %s: its organisation does not exist", detection.detection_id)
        elif detection.suppressed_by is not None:
            suppressed.append(detection)
        else:
            grouped[IncidentRef(org_id, detection.environment, detection.incident_key)].append(detection)
    for ref, group in grouped.items():
        _apply_with_retries(ref, group)
    count_hits(suppressed)


def _existing_organizations(org_ids: Iterable[OrgId]) -> dict[OrgId, uuid.UUID]:
    parsed: dict[OrgId, uuid.UUID] = {}
    for org_id in org_ids:
        with contextlib.suppress(ValueError):  # not an id: no organisation has it
            parsed[org_id] = uuid.UUID(org_id)
    existing = set(Organization.objects.filter(id__in=set(parsed.values())).values_list("id", flat=True))
    return {org_id: parsed_id for org_id, parsed_id in parsed.items() if parsed_id in existing}


def _apply_with_retries(ref: IncidentRef, detections: Sequence[Detection]) -> None:
    """Apply one incident's detections. A unique constraint that hits says: another worker has just done a part of it."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with transaction.atomic():
                _apply(ref, detections)
        except IntegrityError:
            if attempt == ATTEMPTS_MAX:
                raise
        else:
            return


def _apply(ref: IncidentRef, detections: Sequence[Detection]) -> None:
    new = _not_yet_applied(ref.org_id, detections)
    if not new:
        return
    # Locks the alert: another worker on this incident waits here, or, where there is no alert yet, at the unique constraint.
    alert = (
        Alert.objects.select_for_update()
        .filter(org_id=ref.org_id, environment=ref.environment, incident_key=ref.key, status__in=UNSETTLED)
        .first()
    )
    incident = None if alert is None else alert.incident
    for detection in new:
        incident = incident_from(detection) if incident is None else add_detection(incident, detection)
    if incident is None:
        return
    if alert is None:
        alert = Alert(org_id=ref.org_id, environment=ref.environment.value, incident_key=ref.key)
        _show(alert, incident)
        alert.save(force_insert=True)
    else:
        _show(alert, incident)
        alert.save(update_fields=_SHOWN_FIELDS)
    AlertDetection.objects.bulk_create([_record(alert, detection) for detection in new])


def _not_yet_applied(org_id: uuid.UUID, detections: Sequence[Detection]) -> list[Detection]:
    by_id = {detection.detection_id: detection for detection in detections}
    applied = AlertDetection.objects.filter(org_id=org_id, detection_id__in=by_id).values_list("detection_id", flat=True)
    for detection_id in applied:
        del by_id[detection_id]
    return list(by_id.values())


def _show(alert: Alert, incident: Incident) -> None:
    """Set the columns that lists show and filter by."""
    headline = incident.headline
    alert.alert_type = headline.alert_type.value
    alert.severity = headline.severity.value
    alert.title = headline.title
    alert.description = headline.description
    alert.source_ip = incident.source_ip
    alert.actor_id = incident.actor_id
    alert.trigger_event_id = headline.trigger_event_id
    alert.count = incident.count
    alert.first_seen_at = at_from_ms(incident.first_seen_ms)
    alert.last_seen_at = at_from_ms(incident.last_seen_ms)
    alert.incident_data = msgspec.to_builtins(incident)
    alert.updated_at = timezone.now()


def _record(alert: Alert, detection: Detection) -> AlertDetection:
    return AlertDetection(
        org_id=alert.org_id,
        detection_id=detection.detection_id,
        alert=alert,
        detector=detection.detector,
        severity=detection.severity.value,
        event_count=detection.event_count,
        first_seen_at=at_from_ms(detection.first_seen_ms),
        last_seen_at=at_from_ms(detection.last_seen_ms),
    )


def at_from_ms(at_ms: int) -> datetime:
    """Return Unix milliseconds as an aware UTC datetime."""
    return _EPOCH + timedelta(milliseconds=at_ms)
