"""The only doors to alerts: the organisation and the environment are always asked for."""

import uuid
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Left

from litesoc_server.alerts.models import ACTOR_INDEXED_LENGTH, Alert
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization

NAMING_LOOKED_AT_MAX = 5_000  # alerts that were going on at one moment


def visible_alerts(*, org_id: OrgId, environment: Environment, not_before: datetime | None) -> QuerySet[Alert]:
    """Return an organisation's alerts, newest first, without those that ended before ``not_before`` (None: all).

    Retention goes by the last event, as with events: an attack that is still going on stays visible.
    """
    alerts = Alert.objects.filter(org_id=uuid.UUID(org_id), environment=environment.value)
    return alerts if not_before is None else alerts.filter(last_seen_at__gte=not_before)


def about_actor(alerts: QuerySet[Alert], actor_id: str) -> QuerySet[Alert]:
    """Return those of ``alerts`` that are about an actor, by way of the index over the start of the id."""
    started = alerts.annotate(actor_start=Left("actor_id", ACTOR_INDEXED_LENGTH))
    return started.filter(actor_start=actor_id[:ACTOR_INDEXED_LENGTH], actor_id=actor_id)


def alerts_naming(organization: Organization, *, event_id: str, at: datetime) -> list[Alert]:
    """Return the alerts that an event, which happened ``at``, triggered or is evidence of; of very many the newest."""
    around = Alert.objects.filter(org=organization, first_seen_at__lte=at, last_seen_at__gte=at)[:NAMING_LOOKED_AT_MAX]
    return [alert for alert in around if event_id in (alert.trigger_event_id, *alert.incident.event_ids)]


def get_alert(*, org_id: OrgId, environment: Environment, alert_id: str, not_before: datetime | None) -> Alert:
    """Return one alert. Raises Alert.DoesNotExist when it is unknown, out of sight or not an id at all."""
    try:
        parsed = uuid.UUID(alert_id)
    except ValueError as error:
        raise Alert.DoesNotExist("not an id") from error
    return visible_alerts(org_id=org_id, environment=environment, not_before=not_before).get(id=parsed)
