"""`/events`: list and read events."""

import uuid

from ninja import Query, Router

from litesoc_server import backend
from litesoc_server.api.caller import ApiRequest, Caller, KeyAuth, require_feature
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.event_schema import EventAnswer, EventList, EventQuery, event_out
from litesoc_server.api.v1.metas import list_meta, one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, Pagination
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.plans import EVENTS_PAGE_LIMIT, Feature
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.parse import parse
from litesoc_server.store.base import EventFilter

router = Router(tags=["events"])


@router.get(
    "/events",
    auth=KeyAuth(Scope.READ),
    response={200: EventList, **READ_ERRORS},
    summary="List events",
    operation_id="listEvents",
)
def list_events(request: ApiRequest, query: Query[EventQuery]) -> EventList:
    """Newest first. Events of test keys are shown to test keys only, live ones to live keys."""
    caller = request.caller
    searched = parse(query.query or "", EVENT_FIELDS)
    if searched.fields() & EVENT_FIELDS.withheld():
        require_feature(request, Feature.NETWORK_INTELLIGENCE)
    limit, offset = min(query.limit, EVENTS_PAGE_LIMIT), query.offset
    where = EventFilter(
        event_name=None if query.event_name is None else clean_text(query.event_name.strip().lower()),
        actor_id=None if query.actor_id is None else clean_text(query.actor_id),
        severity=query.severity,
        environment=caller.record.environment,
        not_before_ms=caller.not_before_ms,
        query=searched,
    )
    page = backend.current().reader.list_events(org_id=caller.record.org_id, where=where, limit=limit, offset=offset)
    return EventList(
        data=[event_out(event, is_redacted=caller.is_redacted) for event in page.events],
        pagination=Pagination(total=page.total, limit=limit, offset=offset, has_more=offset + len(page.events) < page.total),
        meta=list_meta(caller, max_limit=EVENTS_PAGE_LIMIT),
    )


@router.get(
    "/events/{event_id}",
    auth=KeyAuth(Scope.READ),
    response={200: EventAnswer, **READ_ERRORS},
    summary="Read one event",
    operation_id="getEvent",
)
def get_event(request: ApiRequest, event_id: str) -> EventAnswer:
    """Read one event. An accepted event is there a moment later, when the pipeline has stored it."""
    caller = request.caller
    return EventAnswer(data=event_out(find_event(caller, event_id), is_redacted=caller.is_redacted), meta=one_meta(caller))


def find_event(caller: Caller, event_id: str) -> Event:
    """Return the event that a caller may see. Raises Refused (404), StoreUnavailable."""
    try:
        canonical = EventId(str(uuid.UUID(event_id)))
    except ValueError as error:
        raise not_found() from error
    event = backend.current().reader.get_event(
        org_id=caller.record.org_id, event_id=canonical, not_before_ms=caller.not_before_ms
    )
    if event is None or event.environment is not caller.record.environment:
        raise not_found()
    return event
