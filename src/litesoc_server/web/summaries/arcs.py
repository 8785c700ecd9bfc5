"""Journeys that nobody can have made, from the open alerts about impossible travel, as arcs of the map."""

from collections.abc import Mapping, Sequence
from typing import Any

from litesoc_server import backend
from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.models import Alert, Status
from litesoc_server.events.detection import AlertType
from litesoc_server.events.event import Event, Geo
from litesoc_server.events.ids import EventId
from litesoc_server.web.member import Member
from litesoc_server.web.summaries.map_points import place_name

ALERTS_MAX = 12
_EVENTS_PER_ALERT = 20  # the newest evidence; the two logins are the last of it


def travel_arcs(member: Member) -> list[Mapping[str, Any]]:
    """Return an arc for each open alert about travel, as frontend/src/map.ts reads them. Raises StoreUnavailable."""
    alerts = list(
        visible_alerts(org_id=member.org_id, environment=member.environment, not_before=member.not_before).filter(
            status=Status.OPEN, alert_type=AlertType.IMPOSSIBLE_TRAVEL.value
        )[:ALERTS_MAX]
    )
    ids = {alert.id: _evidence(alert) for alert in alerts}
    events = backend.current().reader.get_events(
        org_id=member.org_id,
        event_ids=[event_id for of_alert in ids.values() for event_id in of_alert],
        not_before_ms=member.not_before_ms,
    )
    arcs = (_arc(alert, [events[one] for one in ids[alert.id] if one in events]) for alert in alerts)
    return [arc for arc in arcs if arc is not None]


def _evidence(alert: Alert) -> list[EventId]:
    incident = alert.incident
    return [*incident.event_ids[-_EVENTS_PER_ALERT:], incident.headline.trigger_event_id]


def _arc(alert: Alert, events: Sequence[Event]) -> Mapping[str, Any] | None:
    """Return the arc between the login that triggered the alert and the one from elsewhere that is next to it in time."""
    trigger = next((event for event in events if event.event_id == alert.trigger_event_id), None)
    if trigger is None or not _is_drawable(trigger.geo):
        return None
    others = [
        event
        for event in events
        if event.name == trigger.name
        and event.actor == trigger.actor
        and _is_drawable(event.geo)
        and _is_elsewhere(event, trigger)
    ]
    if not others:
        return None
    other = min(others, key=lambda event: abs(event.occurred_at_ms - trigger.occurred_at_ms))
    start, end = sorted((other, trigger), key=lambda event: event.occurred_at_ms)
    return arc_between(start.geo or Geo(), end.geo or Geo(), alert.title)


def arc_between(start: Geo, end: Geo, what: str) -> Mapping[str, Any]:
    """Return an arc between two drawable places."""
    names = f"{place_name(start.city, start.country_code)} to {place_name(end.city, end.country_code)}"
    return {
        "from": [start.latitude, start.longitude],
        "to": [end.latitude, end.longitude],
        "label": f"{names}: {what}" if what else names,
    }


def _is_drawable(geo: Geo | None) -> bool:
    return geo is not None and geo.latitude is not None and geo.longitude is not None


def _is_elsewhere(one: Event, other: Event) -> bool:
    places = [(event.geo.country_code, event.geo.city) if event.geo is not None else None for event in (one, other)]
    return places[0] != places[1]
