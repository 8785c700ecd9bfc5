"""Actors: who did something in a span, those seen last first."""

from collections.abc import Sequence

from django.http import HttpResponse

from litesoc_server import backend
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.queries.list_actors import ActorCursor, ActorRow
from litesoc_server.store.queries.span import Span
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.entity_list import entity_list

START_LENGTH_MAX = 256  # characters


@page()
def actors(request: PageRequest, member: Member) -> HttpResponse:
    """Show one page of the list."""
    start = clean_text(request.GET.get("start", ""))[:START_LENGTH_MAX]

    def ask(span: Span, after: tuple[int, str] | None, limit: int) -> Sequence[ActorRow]:
        cursor = None if after is None else ActorCursor(*after)
        return backend.current().reader.list_actors(org_id=member.org_id, span=span, start=start, after=cursor, limit=limit)

    return entity_list(request, member, "web/actors/page.html", start=start, ask=ask, id_of=lambda row: row.actor_id)
