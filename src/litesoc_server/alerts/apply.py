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

from litesoc_server.alerts.announcing import News, announce
from litesoc_server.alerts.clean import storable
from litesoc_server.alerts.grouping import Cooling, joins_quietly, next_cool_down_ms
from litesoc_server.alerts.incident import Incident, add_detection, incident_from
from litesoc_server.alerts.models import UNSETTLED, Alert, AlertDetection
from litesoc_server.alerts.storm import STORM_KEY, add_to_storm, keys_between, may_be_swallowed
from litesoc_server.events.detection import Detection
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.suppressions import count_hits
from litesoc_server.pipeline.policy import DetectionPolicy, PolicyProvider

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 5  # against another worker on the same incident; each lost attempt means that the other one got on
# A record keeps a detection from being applied twice. Messages come again within hours, dead letters when an operator looks
# at them: what is older than this and not among the newest serves nobody, and an alert can stay open for a year.
REDELIVERED_WITHIN = timedelta(days=30)
DETECTIONS_KEPT = 1_000  # records of one alert, however old
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
    "detector",
    "updated_at",
)


class IncidentRef(NamedTuple):
    """What an alert is found by: at most one that is not settled exists for it."""

    org_id: uuid.UUID
    environment: Environment
    key: str


def apply_detections(detections: Sequence[Detection], policies: PolicyProvider) -> None:
    """Turn ``detections`` into new alerts, or into updates of their incident's alert.

    That is the open or acknowledged one, or a settled one that still cools down (grouping.py). In a storm of incidents what
    would open an alert goes into the storm's (storm.py).
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
    for_storms: dict[IncidentRef, list[Detection]] = defaultdict(list)
    for ref, group in grouped.items():
        pending = for_storms[IncidentRef(ref.org_id, ref.environment, STORM_KEY)]
        pending += _apply_with_retries(ref, group, policies.policy_for(group[0].org_id), pending)
    for ref, group in for_storms.items():
        if group:
            _apply_with_retries(ref, group, policies.policy_for(group[0].org_id), ())
    count_hits(suppressed)


def _existing_organizations(org_ids: Iterable[OrgId]) -> dict[OrgId, uuid.UUID]:
    parsed: dict[OrgId, uuid.UUID] = {}
    for org_id in org_ids:
        with contextlib.suppress(ValueError):  # not an id: no organisation has it
            parsed[org_id] = uuid.UUID(org_id)
    existing = set(Organization.objects.filter(id__in=set(parsed.values())).values_list("id", flat=True))
    return {org_id: parsed_id for org_id, parsed_id in parsed.items() if parsed_id in existing}


def _apply_with_retries(
    ref: IncidentRef, detections: Sequence[Detection], policy: DetectionPolicy, pending: Sequence[Detection]
) -> list[Detection]:
    """Apply one incident's detections and return those that are for a storm to take, beside ``pending``.

    A unique constraint that hits says: another worker has just done a part of it.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with transaction.atomic():
                return _apply(ref, detections, policy, pending)
        except IntegrityError:
            if attempt == ATTEMPTS_MAX:
                raise
    return []  # never reached: the last attempt returns or raises


def _apply(
    ref: IncidentRef, detections: Sequence[Detection], policy: DetectionPolicy, pending: Sequence[Detection]
) -> list[Detection]:
    """Put each detection into the incident's alert that takes it; return those that are for a storm to take."""
    new = sorted(_not_yet_applied(ref.org_id, detections), key=lambda one: (one.last_seen_ms, one.detection_id))
    if not new:
        return []
    of_incident = Alert.objects.filter(org_id=ref.org_id, environment=ref.environment, incident_key=ref.key)
    # Locks the alert: another worker on this incident waits here, or, where there is no alert yet, at the unique constraint.
    unsettled = of_incident.select_for_update().filter(status__in=UNSETTLED).first()
    settled = None if unsettled is not None else of_incident.select_for_update().order_by("-created_at").first()
    open_alert = None if unsettled is None else _Draft(unsettled, unsettled.incident)
    quiet_alert = None if settled is None else _Draft(settled, settled.incident)
    left: list[Detection] = []
    for detection in new:
        cooling = None if quiet_alert is None else quiet_alert.cooling
        if open_alert is None and quiet_alert is not None and joins_quietly(quiet_alert.cooling, detection):
            quiet_alert.add(detection, policy)
        elif open_alert is not None:
            open_alert.add(detection, policy)
        elif ref.key != STORM_KEY and may_be_swallowed(detection) and _is_storm(ref, detection, policy, pending):
            left.append(detection)
        else:
            open_alert = _Draft(_new_alert(ref, detection, cooling, policy), None)
            open_alert.add(detection, policy)
    for draft in (quiet_alert, open_alert):
        if draft is not None:
            draft.save()
    return left


class _Draft:
    """An alert that is being changed, and what it is going to hold."""

    def __init__(self, alert: Alert, incident: Incident | None) -> None:
        self._alert = alert
        self._incident = incident
        self._before = incident
        self._added: list[Detection] = []

    @property
    def cooling(self) -> Cooling:
        """What of it decides whether a further detection joins it."""
        assert self._incident is not None
        return Cooling(
            severity=self._incident.headline.severity,
            detectors=self._incident.detectors,
            last_seen_ms=self._incident.last_seen_ms,
            cool_down_ms=self._alert.cool_down_ms,
        )

    def add(self, detection: Detection, policy: DetectionPolicy) -> None:
        self._added.append(detection)
        if self._alert.incident_key == STORM_KEY:
            self._incident = add_to_storm(self._incident, detection, policy)
        elif self._incident is None:
            self._incident = incident_from(detection)
        else:
            self._incident = add_detection(self._incident, detection)

    def save(self) -> None:
        if not self._added or self._incident is None:
            return
        if self._alert.updated_at.date() < timezone.now().date():  # the first change of a day: that is often enough
            _forget_old_detections(self._alert)
        _show(self._alert, self._incident)
        if self._before is None:
            self._alert.save(force_insert=True)
        else:
            self._alert.save(update_fields=_SHOWN_FIELDS)
        AlertDetection.objects.bulk_create([_record(self._alert, detection) for detection in self._added])
        news = _news(self._before, self._incident)
        if news is not None:
            announce([self._alert], news)


def _news(before: Incident | None, after: Incident) -> News | None:
    if before is None:
        return News.OPENED
    if after.headline.severity.rank > before.headline.severity.rank:
        return News.WORSENED
    known = {finding.detector for finding in before.findings}
    return News.JOINED if any(finding.detector not in known for finding in after.findings) else None


def _new_alert(ref: IncidentRef, detection: Detection, cooling: Cooling | None, policy: DetectionPolicy) -> Alert:
    return Alert(
        org_id=ref.org_id,
        environment=ref.environment.value,
        incident_key=ref.key,
        opened_at=at_from_ms(detection.last_seen_ms),
        cool_down_ms=next_cool_down_ms(cooling, detection, policy),
    )


def _is_storm(ref: IncidentRef, detection: Detection, policy: DetectionPolicy, pending: Sequence[Detection]) -> bool:
    """Return whether so many incidents are near ``detection`` in time that it opens no alert of its own.

    Near on either side, since detections come a little out of order. ``pending`` are on their way into the storm.
    """
    since_ms, until_ms = (detection.last_seen_ms + step_ms for step_ms in (-policy.storm_window_ms, policy.storm_window_ms))
    of_org = Alert.objects.filter(org_id=ref.org_id, environment=ref.environment)
    opened = of_org.filter(opened_at__gt=at_from_ms(since_ms), opened_at__lt=at_from_ms(until_ms))
    opened_count = opened.exclude(incident_key=STORM_KEY).count()
    if opened_count >= policy.storm_incidents_count:
        return True
    storm = of_org.filter(incident_key=STORM_KEY).order_by("-created_at").first()
    swallowed = set() if storm is None else keys_between(storm.incident, since_ms, until_ms)
    swallowed |= {one.incident_key for one in pending if since_ms < one.last_seen_ms < until_ms}
    return opened_count + len(swallowed) >= policy.storm_incidents_count


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
    alert.detector = headline.detector
    alert.updated_at = timezone.now()


def _forget_old_detections(alert: Alert) -> None:
    """Of an incident that goes on for months, keep the newest records only, and all that may still be delivered again."""
    records = AlertDetection.objects.filter(alert=alert).order_by("-pk")
    first_too_many = records.values_list("pk", flat=True)[DETECTIONS_KEPT : DETECTIONS_KEPT + 1].first()
    if first_too_many is not None:
        old = {"pk__lte": first_too_many, "applied_at__lt": timezone.now() - REDELIVERED_WITHIN}
        AlertDetection.objects.filter(alert=alert, **old).delete()


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
