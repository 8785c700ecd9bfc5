"""Actors: who did something in a span, those seen last first."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.queries.list_actors import ActorCursor
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.page_cursor import read_page_cursor
from litesoc_server.web.summaries.request import read_span

DEFAULT_RANGE = "7d"
PAGE_SIZE = 50  # rows
START_LENGTH_MAX = 256  # characters


@page()
def actors(request: PageRequest, member: Member) -> HttpResponse:
    """Show one page of the list."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    start = clean_text(request.GET.get("start", ""))[:START_LENGTH_MAX]
    context = {"asked": asked, "time_range": asked.time_range, "start": start}
    cursor = read_page_cursor(request.GET)
    try:
        found = backend.current().reader.list_actors(
            org_id=member.org_id,
            span=asked.span.now,
            start=start,
            after=None if cursor is None else ActorCursor(*cursor),
            limit=PAGE_SIZE + 1,
        )
    except StoreUnavailable:
        return render(request, "web/actors/page.html", {**context, "is_store_away": True}, status=503)
    shown = found[:PAGE_SIZE]
    last = shown[-1] if len(found) > PAGE_SIZE else None
    page_context = {"actors": shown, "last": last, "is_later_page": cursor is not None}
    return render(request, "web/actors/page.html", context | page_context)
