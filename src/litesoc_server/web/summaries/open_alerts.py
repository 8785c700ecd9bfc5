"""The open alerts of the overview, the worst first, and which detectors found most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, QuerySet

from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.listing import Sort, ordered
from litesoc_server.alerts.models import Alert, AlertDetection, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.store.queries.span import Span
from litesoc_server.web.member import Member

SHOWN_MAX = 6
DETECTORS_MAX = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OpenAlerts:
    """What waits for somebody."""

    alerts: Sequence[Alert]  # without their incidents
    by_severity: Mapping[str, int]  # those that occur, the worst first
    total: int


def open_alerts(member: Member) -> OpenAlerts:
    """Return what is open now, whatever the time range: an old alert that nobody looked at is no less open."""
    found = _visible(member).filter(status=Status.OPEN)
    counts = dict(found.order_by().values_list("severity").annotate(number=Count("id")))
    worst_first = [severity.value for severity in reversed(AlertSeverity)]
    by_severity = {severity: counts[severity] for severity in worst_first if severity in counts}
    return OpenAlerts(unsettled_first(found), by_severity, sum(by_severity.values()))


def unsettled_first(alerts: QuerySet[Alert], limit: int = SHOWN_MAX) -> Sequence[Alert]:
    """Return the worst of ``alerts``, the newest of equals first."""
    return list(ordered(alerts, Sort.WORST).defer("incident_data")[:limit])


def alerts_of_actor(member: Member, actor_id: str) -> QuerySet[Alert]:
    """Return the alerts that name an actor."""
    return _visible(member).filter(actor_id=actor_id)


def alerts_of_address(member: Member, ip: str) -> QuerySet[Alert]:
    """Return the alerts that name an address."""
    return _visible(member).filter(source_ip=ip)


def top_detectors(member: Member, span: Span) -> list[tuple[str, int]]:
    """Return the detectors with most detections in a span, with their number."""
    detections = AlertDetection.objects.filter(
        org=member.org,
        alert__environment=member.environment.value,
        last_seen_at__gte=_EPOCH + timedelta(milliseconds=span.start_ms),
        last_seen_at__lt=_EPOCH + timedelta(milliseconds=span.to_ms),
    )
    counts = detections.values_list("detector").annotate(number=Count("id")).order_by("-number", "detector")
    return list(counts[:DETECTORS_MAX])


def _visible(member: Member) -> QuerySet[Alert]:
    return visible_alerts(org_id=member.org_id, environment=member.environment, not_before=member.not_before)
