"""Where the events of an alert came from: points, and the journey that somebody cannot have made."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litesoc_server.alerts.incident import Finding
from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event, Geo
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.detectors import impossible_travel
from litesoc_server.web.alerts.facts import fact_value

_SAME_MOMENT_MS = 1_000
_OF_JOURNEY = {"measured_distance_km": "apart", "gap_ms": "between the logins", "speed_kmh": "needed"}


@dataclass(frozen=True)
class Place:
    """One place, with what was seen there."""

    name: str
    addresses: Sequence[str]
    networks: Sequence[str]
    events_count: int


@dataclass(frozen=True)
class Journey:
    """From one login to the next."""

    start: str
    end: str
    facts: Sequence[str]  # distance, time and speed: "8,405 km apart"


@dataclass(frozen=True)
class Places:
    """What map and table show."""

    places: Sequence[Place]  # the most events first
    journey: Journey | None
    map_data: Mapping[str, Any]  # as frontend/src/map.ts reads it; without points nothing can be drawn


def places_of(alert: Alert, events: Sequence[Event]) -> Places:
    """Return the places of ``events``, which are in order of time."""
    located = [event for event in events if event.geo is not None and event.geo.country_code is not None]
    by_place: Mapping[str, list[Event]] = defaultdict(list)
    for event in located:
        by_place[wording.place(event.geo)].append(event)
    triggers = {finding.trigger_event_id for finding in alert.incident.findings}
    points = []
    for name, here in by_place.items():
        point = next((event.geo for event in here if _is_drawable(event.geo)), None)
        if point is not None:
            is_marked = any(event.event_id in triggers for event in here)
            severity = alert.severity if is_marked else "info"
            points.append(
                {
                    "latitude": point.latitude,
                    "longitude": point.longitude,
                    "label": f"{name}: {wording.several(len(here), 'event')}",
                    "severity": severity,
                    "count": len(here),
                }
            )
    ends = _journey_ends(alert, located)
    arcs = [] if ends is None else [_arc(*ends)]
    places = [_place(name, here) for name, here in by_place.items()]
    return Places(
        places=sorted(places, key=lambda place: -place.events_count),
        journey=None if ends is None else _journey(alert, *ends),
        map_data={"points": points, "arcs": [arc for arc in arcs if arc is not None]},
    )


def _place(name: str, events: Sequence[Event]) -> Place:
    return Place(
        name=name,
        addresses=list(dict.fromkeys(event.user_ip for event in events if event.user_ip is not None)),
        networks=list(dict.fromkeys(wording.network(event.network) for event in events)),
        events_count=len(events),
    )


def _travel(alert: Alert) -> Finding | None:
    detector = impossible_travel.DETECTOR.id
    return next((finding for finding in alert.incident.findings if finding.detector == detector), None)


def _journey_ends(alert: Alert, events: Sequence[Event]) -> tuple[Event, Event] | None:
    """Return the two logins of the journey: the trigger, and the one that was so long before or after it."""
    finding = _travel(alert)
    if finding is None:
        return None
    gap_ms = next((fact.value for fact in finding.facts if fact.name == "gap_ms"), None)
    trigger = next((event for event in events if event.event_id == finding.trigger_event_id), None)
    if trigger is None or not isinstance(gap_ms, int):
        return None
    for event in events:
        apart_ms = abs(event.occurred_at_ms - trigger.occurred_at_ms)
        is_other_login = event.name == trigger.name and event.actor == trigger.actor and event.geo != trigger.geo
        if is_other_login and abs(apart_ms - gap_ms) <= _SAME_MOMENT_MS:
            first, second = sorted((event, trigger), key=lambda one: one.occurred_at_ms)
            return first, second
    return None


def _journey(alert: Alert, first: Event, second: Event) -> Journey:
    finding = _travel(alert)
    assert finding is not None, "there are no ends without it"
    values = {fact.name: fact_value(fact.name, fact.value) for fact in finding.facts}
    facts = [f"{values[name]} {words}" for name, words in _OF_JOURNEY.items() if name in values]
    return Journey(start=wording.place(first.geo), end=wording.place(second.geo), facts=facts)


def _arc(first: Event, second: Event) -> Mapping[str, Any] | None:
    if not (_is_drawable(first.geo) and _is_drawable(second.geo)):
        return None
    assert first.geo is not None
    assert second.geo is not None
    return {
        "from": [first.geo.latitude, first.geo.longitude],
        "to": [second.geo.latitude, second.geo.longitude],
        "label": f"{wording.place(first.geo)} to {wording.place(second.geo)}",
    }


def _is_drawable(geo: Geo | None) -> bool:
    return geo is not None and geo.latitude is not None and geo.longitude is not None
