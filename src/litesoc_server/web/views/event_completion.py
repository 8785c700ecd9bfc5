"""What may come next in the query bar above events: fields, values, and for open fields the values that occur."""

from django.http import JsonResponse

from litesoc_server import backend
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.search.complete import Completion, Suggestion, complete, value_suggestion
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.fields import Kind
from litesoc_server.search.query import EVERYTHING, Query, StartsWith, Term
from litesoc_server.store.base import EventSearch, StoreUnavailable
from litesoc_server.store.queries.event_columns import TEXT_COLUMNS
from litesoc_server.web.completion_answer import completion_answer, cursor_in
from litesoc_server.web.event_request import EventRequest, read_event_request
from litesoc_server.web.member import Member, PageRequest, page

VALUES_MAX = 12
LOOKED_AT_MS = DAY_MS  # of the end of the time range: quick on any store, and what people look for is recent


@page()
def event_completion(request: PageRequest, member: Member) -> JsonResponse:
    """Answer what may stand at the cursor: `text` as typed so far, `cursor` in characters."""
    asked = read_event_request(request.GET, member)
    text = str(request.GET.get("text", ""))
    completion = complete(text, cursor_in(request.GET, text), EVENT_FIELDS)
    if not member.sees_places and completion.field in EVENT_FIELDS.withheld():
        return completion_answer(Completion(completion.start, completion.end, ()))
    return completion_answer(completion, _occurring(asked, completion))


def _occurring(asked: EventRequest, completion: Completion) -> list[Suggestion]:
    field = EVENT_FIELDS.find(completion.field or "")
    if field is None or not completion.is_open or field.name not in TEXT_COLUMNS:
        return []
    to_ms = asked.time_range.to_ms
    where = EventSearch(
        query=_beginning(field.name, completion.typed if field.takes_prefix else ""),
        environment=asked.member.environment,
        from_ms=max(asked.time_range.from_ms, to_ms - LOOKED_AT_MS),
        to_ms=to_ms,
        not_before_ms=asked.member.not_before_ms,
    )
    try:
        found = backend.current().reader.facets(org_id=asked.member.org_id, where=where, fields=[field.name], top=VALUES_MAX)
    except StoreUnavailable:  # fields and known values can still be offered
        return []
    typed = completion.typed.lower()
    return [
        value_suggestion(one.value, f"{one.events:,} event{'' if one.events == 1 else 's'}")
        for one in found.values[field.name]
        if field.kind is not Kind.COUNTRY or one.value.lower().startswith(typed)
    ]


def _beginning(field: str, typed: str) -> Query:
    return Query((Term(field, (StartsWith(typed),)),)) if typed else EVERYTHING
