"""What a forwarder sends next: the events and the changes of alerts that come after its place, in order."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db.models import F, Max, Min

from litesoc_server.alerts.models import Alert, AlertDetection, AlertTransition, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.withheld import as_seen
from litesoc_server.forwarding.formats import Record, record_id
from litesoc_server.forwarding.kinds import Batch
from litesoc_server.forwarding.models import Forwarder, What
from litesoc_server.ocsf.finding import Activity, Finding
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.plans import Feature
from litesoc_server.store.base import EventReader, EventSearch, TakenCursor

EVENTS_MAX = 500  # of one batch: about 1 MB of OCSF
CHANGES_MAX = 100  # of alerts, each kind
# An insert becomes visible up to some seconds after the moment that it bears, as orgs.usage has it, and a row of the control
# database after its number: what is younger may still be joined by what comes before it.
EVENTS_SETTLE_S = 60
CHANGES_SETTLE = timedelta(seconds=10)
_NEVER_S = 2**32 - 1  # nothing is taken in after it


class Position(msgspec.Struct, frozen=True):
    """How far a forwarder has come."""

    taken_s: int
    event_id: str
    detection_row: int
    transition_row: int


def position_of(forwarder: Forwarder) -> Position:
    """Return where a forwarder stands."""
    return Position(forwarder.event_taken_s, forwarder.event_id, forwarder.detection_row, forwarder.transition_row)


def store_now_s(reader: EventReader, org_id: OrgId) -> int:
    """Return the store's clock, Unix s. Raises StoreUnavailable."""
    return reader.taken_since(org_id=org_id, where=EventSearch(), since_s=_NEVER_S, limit=1).now_s


def next_position(forwarder: Forwarder, reader: EventReader, now: datetime) -> Position:
    """Return where the next batch ends; the forwarder's own position when there is nothing yet. Raises StoreUnavailable."""
    here = position_of(forwarder)
    end = here
    if forwarder.what != What.ALERTS:
        org_id = OrgId(str(forwarder.org_id))
        rows = reader.taken_after(
            org_id=org_id,
            environment=Environment(forwarder.environment),
            after=TakenCursor(here.taken_s, EventId(here.event_id)),
            until_s=store_now_s(reader, org_id) - EVENTS_SETTLE_S,
            limit=EVENTS_MAX,
        )
        if rows:
            last = rows[-1].cursor
            end = msgspec.structs.replace(end, taken_s=last.taken_s, event_id=last.event_id)
    if forwarder.what != What.EVENTS:
        end = msgspec.structs.replace(
            end,
            detection_row=_end(AlertDetection.objects.filter(applied_at__lt=now - CHANGES_SETTLE), here.detection_row),
            transition_row=_end(AlertTransition.objects.filter(at__lt=now - CHANGES_SETTLE), here.transition_row),
        )
    return end


def read_batch(forwarder: Forwarder, reader: EventReader, end: Position) -> Batch:
    """Return all between a forwarder's position and ``end`` that is neither taken nor set aside. Raises StoreUnavailable."""
    here = position_of(forwarder)
    records: list[Record] = [*_changes(forwarder, here, end), *_events(forwarder, reader, here, end)]
    ids = [record_id(record) for record in records]
    # Where the last one was erased meanwhile, what was taken before it comes again: rather that than to pass something over.
    settled = ids.index(forwarder.pending_after) + 1 if forwarder.pending_after in ids else 0
    return batch_of(forwarder, records[settled:])


def batch_of(forwarder: Forwarder, records: Sequence[Record]) -> Batch:
    """Return ``records`` as a batch, whose id follows from whom it comes and what it holds."""
    parts = (str(forwarder.id), *(record_id(record) for record in records))
    return Batch(hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32], records)


def _events(forwarder: Forwarder, reader: EventReader, here: Position, end: Position) -> list[Event]:
    if (end.taken_s, end.event_id) == (here.taken_s, here.event_id):
        return []
    rows = reader.taken_after(
        org_id=OrgId(str(forwarder.org_id)),
        environment=Environment(forwarder.environment),
        after=TakenCursor(here.taken_s, EventId(here.event_id)),
        until_s=end.taken_s + 1,
        limit=EVENTS_MAX,
    )
    until = (end.taken_s, end.event_id)
    within = {row.event.event_id: row.event for row in rows if (row.cursor.taken_s, row.cursor.event_id) <= until}
    sees_places = Feature.NETWORK_INTELLIGENCE in plan_of(forwarder.org).features
    return [as_seen(event, sees_places=sees_places) for event in within.values() if _is_wanted(forwarder, event)]


def _is_wanted(forwarder: Forwarder, event: Event) -> bool:
    return (not forwarder.severities or event.severity.value in forwarder.severities) and (
        not forwarder.categories or event.category in forwarder.categories
    )


def _end(rows: Any, after: int) -> int:  # noqa: ANN401 # a query set of either model
    """Return the number of the last row of a batch, ``after`` if there is none."""
    numbers = list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHANGES_MAX])
    return numbers[-1] if numbers else after


def _changes(forwarder: Forwarder, here: Position, end: Position) -> list[Finding]:
    """Return what happened to alerts; several detections of one alert are one change, with the last one's number."""
    found: list[Finding] = []
    detected = (
        AlertDetection.objects.filter(org=forwarder.org_id, alert__environment=forwarder.environment)
        .filter(pk__gt=here.detection_row, pk__lte=end.detection_row)
        .values("alert_id")
        .annotate(last=Max("pk"), first=Min("pk"), at=Max("applied_at"))
        .order_by("last")
    )
    rows = {row["alert_id"]: row for row in detected}
    for alert in _with_first_detection(forwarder, list(rows)):
        row = rows[alert.id]
        is_new = row["first"] == alert.first_detection
        activity = Activity.CREATE if is_new else Activity.UPDATE
        found.append(_finding(alert, activity, f"d{row['last']}", row["at"]))
    transitions = (
        AlertTransition.objects.filter(alert__org=forwarder.org_id, alert__environment=forwarder.environment)
        .filter(pk__gt=here.transition_row, pk__lte=end.transition_row)
        .select_related("alert")
        .order_by("pk")
    )
    for change in transitions:
        is_closed = change.to_status in {Status.RESOLVED, Status.DISMISSED}
        activity = Activity.CLOSE if is_closed else Activity.UPDATE
        found.append(_finding(change.alert, activity, f"t{change.pk}", change.at, status=change.to_status))
    return sorted(found, key=lambda finding: (finding.changed_ms, finding.change_id))


def _with_first_detection(forwarder: Forwarder, alert_ids: list[Any]) -> Any:  # noqa: ANN401 # annotated rows
    return Alert.objects.filter(org=forwarder.org_id, pk__in=alert_ids).annotate(first_detection=Min(F("detections__pk")))


def _finding(alert: Alert, activity: Activity, change: str, at: datetime, *, status: str | None = None) -> Finding:
    incident = alert.incident
    return Finding(
        alert_id=str(alert.id),
        change_id=f"{alert.id}.{change}",
        activity=activity,
        org_id=str(alert.org_id),
        environment=alert.environment,
        alert_type=alert.alert_type,
        severity=AlertSeverity(alert.severity),
        status=status or alert.status,
        title=alert.title,
        description=alert.description,
        source_ip=alert.source_ip,
        actor_id=alert.actor_id,
        detectors=tuple(finding.detector for finding in incident.findings),
        reasons=tuple(incident.reasons),
        event_ids=tuple(incident.event_ids),
        event_count=alert.count,
        first_seen_ms=incident.first_seen_ms,
        last_seen_ms=incident.last_seen_ms,
        created_ms=int(alert.created_at.timestamp() * 1000),
        changed_ms=int(at.timestamp() * 1000),
        url=f"{settings.PUBLIC_URL}/alerts/{alert.id}" if settings.PUBLIC_URL else "",
    )
