"""An alert on the wire (contract 4.2): what the API answers with, and what notifications carry for machines."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from ninja import Schema
from pydantic import Field

from litesoc_server.alerts.models import Alert, Resolution, Status
from litesoc_server.events.detection import AlertSeverity, AlertType, Fact
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.store.base import EventReader, StoreUnavailable
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none
from litesoc_server.wire.places import FlatIntelligence, Forensics, flat_intelligence_of, forensics_of

_FALSE_POSITIVES = {detector.id: detector.false_positives for detector in DETECTORS}


class FactOut(Schema):
    """One number behind an alert, beside the threshold it was held against."""

    detector: str = Field(examples=["brute_force_address"])
    name: str = Field(examples=["failures_count"])
    value: float | int | str = Field(examples=[6])
    threshold: float | int | None = Field(examples=[5])


class AlertMetadata(FlatIntelligence):
    """Why it is an alert, and what was decided."""

    internal_notes: str | None
    resolution_type: Resolution | None
    environment: Environment
    detectors: list[str] = Field(description="The one that gave the title first.")
    incident_key: str
    event_count: int
    first_seen_at: str = Field(json_schema_extra={"format": "date-time"})
    last_seen_at: str = Field(json_schema_extra={"format": "date-time"})
    reasons: list[str] = Field(description="Why it fired, with the numbers and their thresholds.")
    facts: list[FactOut] = Field(description="The same numbers for machines.")
    ruled_out: list[str] = Field(description="Benign causes that were checked and do not explain it.")
    could_also_be: list[str] = Field(description="Benign behaviour that looks like it and was not ruled out.")
    actions: list[str] = Field(description="Suggested next steps.")
    accounts_entered: list[str] = Field(description="Actors whose accounts somebody may have got into.")
    event_ids: list[str] = Field(description="Evidence: the newest events of the incident, oldest first.")
    assignee: str | None = Field(description="E-mail address of the member who looks after it.")
    comments_count: int = Field(description="Comments of members.")


class AlertOut(Schema):
    """One alert."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    alert_type: AlertType
    severity: AlertSeverity
    status: Status
    title: str = Field(examples=["Brute force from 198.51.100.77"])
    description: str | None = Field(examples=["6 failed logins from one address within 5 minutes."])
    source_ip: str | None = Field(examples=["198.51.100.77"])
    actor_id: str | None = Field(examples=["usr_8841"])
    created_at: str = Field(json_schema_extra={"format": "date-time"})
    updated_at: str = Field(json_schema_extra={"format": "date-time"})
    resolved_at: str | None = Field(json_schema_extra={"format": "date-time"})
    resolved_by: str | None
    trigger_event_id: str | None
    forensics: Forensics | None
    resolution_notes: None = None
    metadata: AlertMetadata


def alert_out(alert: Alert, scores: Mapping[EventId, int | None]) -> AlertOut:
    """Return ``alert`` as clients see it; ``scores`` as ``trigger_scores`` gives them."""
    headline = alert.incident.headline
    score = scores.get(headline.trigger_event_id)
    return AlertOut(
        id=str(alert.id),
        alert_type=AlertType(alert.alert_type),
        severity=AlertSeverity(alert.severity),
        status=Status(alert.status),
        title=alert.title,
        description=alert.description,
        source_ip=alert.source_ip,
        actor_id=alert.actor_id,
        created_at=iso_utc(alert.created_at),
        updated_at=iso_utc(alert.updated_at),
        resolved_at=iso_utc_or_none(alert.resolved_at),
        resolved_by=alert.resolved_by,
        trigger_event_id=alert.trigger_event_id,
        forensics=forensics_of(headline.geo, headline.network, score),
        metadata=_metadata(alert, score),
    )


def trigger_scores(reader: EventReader, alerts: Iterable[Alert]) -> dict[EventId, int | None]:
    """Return the risk scores of the alerts' trigger events.

    A detection carries the score of a trigger that was judged with it; that of an earlier login stands with its event only.
    Without the store, which alerts can do without, it is unknown.
    """
    scores: dict[EventId, int | None] = {}
    missing: dict[OrgId, list[EventId]] = defaultdict(list)
    for alert in alerts:
        headline = alert.incident.headline
        scores[headline.trigger_event_id] = headline.risk_score
        if headline.risk_score is None:
            missing[OrgId(str(alert.org_id))].append(headline.trigger_event_id)
    with contextlib.suppress(StoreUnavailable):
        for org_id, event_ids in missing.items():
            for event in reader.get_events(org_id=org_id, event_ids=event_ids, not_before_ms=None).values():
                if event.risk is not None:
                    scores[event.event_id] = event.risk.score
    return scores


def _metadata(alert: Alert, score: int | None) -> AlertMetadata:
    incident = alert.incident
    headline = incident.headline
    return AlertMetadata(
        **dict(flat_intelligence_of(headline.geo, headline.network, score)),
        internal_notes=alert.internal_notes,
        resolution_type=None if alert.resolution_type is None else Resolution(alert.resolution_type),
        environment=Environment(alert.environment),
        detectors=[finding.detector for finding in incident.findings],
        incident_key=alert.incident_key,
        event_count=alert.count,
        first_seen_at=iso_ms(incident.first_seen_ms),
        last_seen_at=iso_ms(incident.last_seen_ms),
        reasons=list(incident.reasons),
        facts=[_fact(finding.detector, fact) for finding in incident.findings for fact in finding.facts],
        ruled_out=list(incident.ruled_out),
        could_also_be=list(_FALSE_POSITIVES.get(headline.detector, ())),
        actions=list(incident.actions),
        accounts_entered=list(incident.entered),
        event_ids=list(incident.event_ids),
        assignee=None if alert.assignee is None else alert.assignee.email,
        comments_count=alert.comments_count,
    )


def _fact(detector: str, fact: Fact) -> FactOut:
    return FactOut(detector=detector, name=fact.name, value=fact.value, threshold=fact.threshold)
