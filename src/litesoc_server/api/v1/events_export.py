"""`/events/export`: all events that match, in a format of other products, as one answer that is written while it is read."""

from collections.abc import Iterator
from typing import Literal

from django.db import transaction
from django.http import StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from litesoc_server import backend
from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth, require_feature
from litesoc_server.api.v1.schemas import READ_ERRORS, Moment, QueryText
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.events.ids import OrgId
from litesoc_server.events.withheld import as_seen
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.ocsf.event import event_object, ocsf_line
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.plans import Feature
from litesoc_server.privacy.export import in_thread
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.parse import parse
from litesoc_server.sources.timestamps import parse_rfc3339_ms
from litesoc_server.store.base import Cursor, EventReader, EventSearch

router = Router(tags=["events"])

EXPORTED_MAX = 100_000  # events of one export
PAGE_ROWS = 1_000


class ExportQuery(Schema):
    """What to export."""

    format: Literal["ocsf"] = Field(default="ocsf", description="OCSF objects, one a line.")
    query: QueryText | None = Field(
        default=None, description="Terms that must all hold.", examples=["event:auth.* country:NO"]
    )
    since: Moment | None = Field(default=None, description="RFC 3339 with an offset.", examples=["2026-08-01T00:00:00Z"])
    until: Moment | None = Field(default=None, description="The first moment that is left out; else now.")


@router.get(
    "/events/export",
    auth=KeyAuth(Scope.READ),
    response={200: None, **READ_ERRORS},
    summary="Export events as OCSF",
    operation_id="exportEvents",
    openapi_extra={"responses": {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}},
)
def export(request: ApiRequest, query: Query[ExportQuery]) -> StreamingHttpResponse:
    """Return OCSF objects as NDJSON, newest first, of very many the newest 100,000. An error in between breaks it off."""
    caller = request.caller
    searched = parse(query.query or "", EVENT_FIELDS)
    if searched.fields() & EVENT_FIELDS.withheld():
        require_feature(request, Feature.NETWORK_INTELLIGENCE)
    parts = backend.current()
    where = EventSearch(
        query=searched,
        environment=caller.record.environment,
        from_ms=_moment("since", query.since),
        to_ms=_moment("until", query.until)
        or parts.clock.now_ms() + 1,  # what comes in meanwhile stays out, so that it ends
        not_before_ms=caller.not_before_ms,
    )
    pieces = _pieces(parts.reader, OrgId(caller.record.org_id), where, sees_places=not caller.is_redacted)
    first = next(pieces, b"")  # a store that does not answer is a 503, not a file that breaks off
    _record(request, query.query)
    answer = StreamingHttpResponse(in_thread(_after(first, pieces)), content_type="application/x-ndjson")
    for name, value in (*caller.headers, ("Cache-Control", "no-store")):
        answer[name] = value
    return answer


def _pieces(reader: EventReader, org_id: OrgId, where: EventSearch, *, sees_places: bool) -> Iterator[bytes]:
    before = None
    for _ in range(EXPORTED_MAX // PAGE_ROWS):
        page = reader.search_events(org_id=org_id, where=where, before=before, limit=PAGE_ROWS)
        if page.events:
            yield b"".join(ocsf_line(event_object(as_seen(event, sees_places=sees_places))) for event in page.events)
        if not page.has_more:
            return
        before = Cursor(page.events[-1].occurred_at_ms, page.events[-1].event_id)


def _after(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
        yield from pieces


def _moment(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    at_ms = parse_rfc3339_ms(text)
    if at_ms is None:
        message = f'{field}: must be RFC 3339 with an offset, e.g. "2026-08-09T07:12:44Z"'
        raise Refused(ErrorCode.VALIDATION_FAILED, message)
    return at_ms


def _record(request: ApiRequest, query: str | None) -> None:
    with transaction.atomic():
        record(
            org_id=organization_of(OrgId(request.caller.record.org_id)).pk,
            action=Action.DATA_EXPORTED,
            by=by_of(request),
            target=Target(kind="list", id="events"),
            changes={
                "environment": (None, request.caller.record.environment.value),
                "format": (None, "ocsf"),
                "query": (None, query),
            },
        )
