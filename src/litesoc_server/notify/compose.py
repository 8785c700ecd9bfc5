"""An alert becomes a message: what happened, to whom, from where, why, and what to do, in words."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse

from litesoc_server.alerts.incident import Finding, Incident
from litesoc_server.alerts.models import Action, Alert, Resolution, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.event import Geo, Network
from litesoc_server.events.ids import EventId
from litesoc_server.events.network_words import network_name
from litesoc_server.notify.message import Message, Occasion
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.plans import Feature
from litesoc_server.wire.alert import alert_out

ENTERED_MAX = 5  # accounts that are named; the page names all


def compose_alert(
    alert: Alert, occasion: Occasion, *, note: str = "", scores: Mapping[EventId, int | None] | None = None
) -> Message:
    """Return what there is to say of ``alert`` now. Its organisation is read, and its assignee.

    ``note`` comes before the summary ("Nobody acknowledged it within 15 minutes."). ``scores`` as
    ``wire.alert.trigger_scores`` gives them; without, a score that only the event knows is unknown.
    """
    incident = alert.incident
    sees_places = Feature.NETWORK_INTELLIGENCE in plan_of(alert.org).features
    return Message(
        occasion=occasion,
        title=alert.title,
        at=alert.last_seen_at,
        org_name=alert.org.name,
        environment=alert.environment,
        severity=AlertSeverity(alert.severity),
        summary=" ".join(filter(None, (note, _outcome(alert, occasion), alert.description or ""))),
        who=_who(alert, incident),
        where=_where(alert, incident.headline, sees_places=sees_places),
        why=incident.reasons,
        actions=() if occasion is Occasion.ALERT_CLOSED else incident.actions,
        url=alert_url(alert),
        thread=thread_of(alert),
        alert_json=alert_out(alert, _scores(incident, scores)).model_dump_json().encode(),
    )


def compose_test(org: Organization, channel_name: str, *, environment: str, at: datetime | None = None) -> Message:
    """Return what the test button sends."""
    return Message(
        occasion=Occasion.TEST,
        title="LiteSOC can reach you here",
        at=at or datetime.now(UTC),
        org_name=org.name,
        environment=environment,
        summary=f"Somebody tests the channel “{channel_name}”. Alerts will look like this; nothing has happened.",
        actions=("Nothing to do.",),
        url=page_url("overview", org=org.slug, environment=environment),
    )


def alert_url(alert: Alert) -> str:
    """Return the address of the alert's page; "" while the operator has not said where this server is reached."""
    return page_url("alert", org=alert.org.slug, environment=alert.environment, alert_id=alert.id)


def page_url(page: str, **arguments: object) -> str:
    """Return the whole address of a page by its name in web.urls; "" while LITESOC_PUBLIC_URL is not set."""
    return f"{settings.PUBLIC_URL}{reverse(page, kwargs=arguments)}" if settings.PUBLIC_URL else ""


def thread_of(alert: Alert) -> str:
    """Return the thread of the alert's messages: an incident has one alert until it is settled."""
    return alert.pk.hex


def _scores(incident: Incident, scores: Mapping[EventId, int | None] | None) -> Mapping[EventId, int | None]:
    headline = incident.headline
    return {headline.trigger_event_id: headline.risk_score} if scores is None else scores


def _outcome(alert: Alert, occasion: Occasion) -> str:
    """Say how the alert was acknowledged, closed or opened again, and by whom."""
    if occasion is Occasion.ALERT_ACKNOWLEDGED:
        last = alert.transitions.filter(action=Action.ACKNOWLEDGE).last()
        return "" if last is None else f"Acknowledged by {last.by}."
    if occasion is Occasion.ALERT_REOPENED:
        last = alert.transitions.filter(action__in=(Action.REOPEN, Action.UNDO)).last()
        return "" if last is None else f"Reopened by {last.by}."
    if occasion is not Occasion.ALERT_CLOSED:
        return ""
    by = f" by {alert.resolved_by}" if alert.resolved_by else ""
    if alert.status == Status.DISMISSED:
        return f"Marked safe{by}."
    how = f": {Resolution(alert.resolution_type).label.lower()}" if alert.resolution_type else ""
    return f"Resolved{by}{how}."


def _who(alert: Alert, incident: Incident) -> str:
    """Name the actor, with the e-mail address if that is not the name itself; else the accounts that were entered."""
    headline = incident.headline
    if alert.actor_id is not None:
        email = headline.actor_email if headline.actor_id == alert.actor_id else None
        return f"{alert.actor_id} ({email})" if email and email != alert.actor_id else alert.actor_id
    more = len(incident.entered) - ENTERED_MAX
    return ", ".join([*incident.entered[:ENTERED_MAX], *([f"{more} more"] if more > 0 else [])])


def _where(alert: Alert, headline: Finding, *, sees_places: bool) -> str:
    """Name address, place and network; without ``sees_places`` the country is all that is said of the latter two."""
    geo, network = headline.geo or Geo(), headline.network or Network()
    place = ", ".join(filter(None, (geo.city if sees_places else None, geo.country_code)))
    through = network_name(network.kind, network.provider or network.as_org) if sees_places else ""
    return " · ".join(filter(None, (alert.source_ip, place, through)))
