"""The events that an alert rests on: read from the store, in lanes of time, and on the map."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from litesoc_server import backend
from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, event_id_time_ms
from litesoc_server.web.member import Member

LANE_WIDTH = 1_000  # units of the drawing, however wide it is shown
LANES_MAX = 8  # kinds of events drawn; the rest together


@dataclass(frozen=True)
class Evidence:
    """What the store still has of an alert's events."""

    events: Sequence[Event]  # by event time, oldest first
    expired_count: int  # older than events are kept
    missing_count: int  # not there for another reason: not written yet, or deleted


@dataclass(frozen=True)
class Lane:
    """One kind of event on the line of time: where each stands, from 0 to LANE_WIDTH."""

    name: str
    positions: Sequence[int]
    trigger_positions: Sequence[int]
    count: int


def evidence_of(alert: Alert, member: Member) -> Evidence:
    """Read the events of ``alert``. Raises StoreUnavailable."""
    incident = alert.incident
    ids = dict.fromkeys([*incident.event_ids, *(finding.trigger_event_id for finding in incident.findings)])
    found = backend.current().reader.get_events(
        org_id=member.org_id, event_ids=list(ids), not_before_ms=member.not_before_ms
    )
    events = sorted(found.values(), key=lambda event: (event.occurred_at_ms, event.event_id))
    missing = [event_id for event_id in ids if event_id not in found]
    expired = [event_id for event_id in missing if event_id_time_ms(event_id) < member.not_before_ms]
    return Evidence(events=events, expired_count=len(expired), missing_count=len(missing) - len(expired))


def lanes_of(events: Sequence[Event], triggers: Iterable[EventId]) -> list[Lane]:
    """Return the events as lanes by name, in the order in which each name came first."""
    if not events:
        return []
    began_ms, length_ms = events[0].occurred_at_ms, events[-1].occurred_at_ms - events[0].occurred_at_ms
    marked = set(triggers)
    by_name: Mapping[str, list[Event]] = defaultdict(list)
    names = list(dict.fromkeys(event.name for event in events))
    for event in events:
        by_name[event.name if event.name in names[: LANES_MAX - 1] or len(names) <= LANES_MAX else "others"].append(event)

    def position(event: Event) -> int:
        share = 0.5 if length_ms == 0 else (event.occurred_at_ms - began_ms) / length_ms
        return round(share * LANE_WIDTH)

    return [
        Lane(
            name=name,
            positions=sorted({position(event) for event in lane}),
            trigger_positions=sorted({position(event) for event in lane if event.event_id in marked}),
            count=len(lane),
        )
        for name, lane in by_name.items()
    ]
