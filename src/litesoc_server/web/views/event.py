"""One event: what happened, who did it from where, what the detectors made of it, and what happened around it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from django.http import Http404, HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.alerts.access import alerts_naming
from litesoc_server.events.catalog import CATALOG
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.events.withheld import as_seen
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.pipeline.policy import HOUR_MS
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_query
from litesoc_server.search.query import Exactly, Query, Term
from litesoc_server.store.base import Cursor, EventSearch
from litesoc_server.web.event_alerts import EventAlert, event_alert
from litesoc_server.web.member import Member, PageRequest, page

NEARBY_MS = HOUR_MS  # before and after
NEARBY_MAX = 6  # on each side
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder()


@page()
def event(request: PageRequest, member: Member, event_id: UUID) -> HttpResponse:
    """Show one event. Raises Http404, StoreUnavailable."""
    found = backend.current().reader.get_event(
        org_id=member.org_id, event_id=EventId(str(event_id)), not_before_ms=member.not_before_ms
    )
    if found is None or found.environment is not member.environment:
        raise Http404
    known = CATALOG.get(found.name)
    context = {
        "event": found,
        "meaning": None if known is None else known.description,
        "alerts": _alerts(member, found),
        "nearby": [nearby for nearby in _nearby(member, found) if nearby["events"]],
        "raw": raw_json(found, sees_places=member.sees_places),
        "contributions": found.risk.contributions if found.risk is not None and member.sees_places else (),
    }
    return render(request, "web/event/page.html", context)


def raw_json(event: Event, *, sees_places: bool) -> str:
    """Return the event as indented JSON, without what the plan withholds."""
    seen = as_seen(event, sees_places=sees_places)
    return json.dumps(json.loads(_ENCODER.encode(seen)), indent=2, ensure_ascii=False)


def _alerts(member: Member, event: Event) -> list[EventAlert]:
    at = _EPOCH + timedelta(milliseconds=event.occurred_at_ms)
    naming = alerts_naming(member.org, event_id=event.event_id, at=at)
    return [event_alert(alert, event) for alert in naming if alert.environment == member.environment.value]


def _nearby(member: Member, event: Event) -> list[dict[str, object]]:
    """Return the events of the same actor and of the same address around this one, newest first."""
    sides = [
        ("Same actor", Term("actor", (Exactly(event.actor.id),))) if event.actor is not None else None,
        ("Same address", Term("ip", (Exactly(event.user_ip),))) if event.user_ip is not None else None,
    ]
    return [_around(member, event, title, Query((term,))) for title, term in filter(None, sides)]


def _around(member: Member, event: Event, title: str, query: Query) -> dict[str, object]:
    reader, at_ms = backend.current().reader, event.occurred_at_ms
    where = EventSearch(
        query=query,
        environment=event.environment,
        from_ms=at_ms - NEARBY_MS,
        to_ms=at_ms + NEARBY_MS,
        not_before_ms=member.not_before_ms,
    )
    here = Cursor(at_ms, event.event_id)
    later = reader.search_events(org_id=member.org_id, where=where, after=here, limit=NEARBY_MAX)
    earlier = reader.search_events(org_id=member.org_id, where=where, before=here, limit=NEARBY_MAX)
    span = {"from": iso_ms(at_ms - NEARBY_MS), "to": iso_ms(at_ms + NEARBY_MS)}
    return {
        "title": title,
        "events": [*later.events, event, *earlier.events] if later.events or earlier.events else [],
        "address": member.url("events", {"q": format_query(query, EVENT_FIELDS), **span}),
    }
