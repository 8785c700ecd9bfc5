"""How many other alerts are about the same actor or address, and where they are listed."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet

from litesoc_server.alerts.access import about_actor, visible_alerts
from litesoc_server.alerts.models import Alert, Status
from litesoc_server.search.format import format_value
from litesoc_server.search.query import Exactly
from litesoc_server.web.alerts.subject import subject_of
from litesoc_server.web.alerts.wanted import ALL
from litesoc_server.web.member import Member


@dataclass(frozen=True, kw_only=True)
class Others:
    """The other alerts about one thing."""

    kind: str  # "actor" or "address"
    open_count: int
    settled_count: int  # acknowledged, resolved or marked safe
    open_url: str
    all_url: str


def others_about(alert: Alert, member: Member) -> list[Others]:
    """Return what there is besides ``alert``, for each of actor and address that it is about. One query for each."""
    visible = visible_alerts(org_id=member.org_id, environment=member.environment, not_before=member.not_before)
    return list(_others(alert, visible.exclude(pk=alert.pk), member))


def _others(alert: Alert, visible: QuerySet[Alert], member: Member) -> Iterator[Others]:
    if alert.actor_id is not None and subject_of(alert.incident_key).actor is not None:
        yield _counted("actor", "actor", alert.actor_id, about_actor(visible, alert.actor_id), member)
    if alert.source_ip is not None:
        yield _counted("address", "ip", alert.source_ip, visible.filter(source_ip=alert.source_ip), member)


def _counted(kind: str, field: str, value: str, alerts: QuerySet[Alert], member: Member) -> Others:
    is_open = Q(status=Status.OPEN)
    counts = alerts.order_by().aggregate(open=Count("pk", filter=is_open), settled=Count("pk", filter=~is_open))
    query = f"{field}:{format_value(Exactly(text=value))}"
    return Others(
        kind=kind,
        open_count=counts["open"],
        settled_count=counts["settled"],
        open_url=f"{member.url('alerts')}?{urlencode({'q': query})}",
        all_url=f"{member.url('alerts')}?{urlencode({'status': ALL, 'q': query})}",
    )
