"""Addresses: where events came from in a span, those seen last first."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.queries.list_addresses import AddressCursor
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.page_cursor import read_page_cursor
from litesoc_server.web.summaries.request import read_span
from litesoc_server.web.views.actors import DEFAULT_RANGE, PAGE_SIZE

START_LENGTH_MAX = 64  # characters; an address has at most 45


@page()
def addresses(request: PageRequest, member: Member) -> HttpResponse:
    """Show one page of the list."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    start = clean_text(request.GET.get("start", "")).strip().lower()[:START_LENGTH_MAX]
    context = {"asked": asked, "time_range": asked.time_range, "start": start}
    cursor = read_page_cursor(request.GET)
    try:
        found = backend.current().reader.list_addresses(
            org_id=member.org_id,
            span=asked.span.now,
            start=start,
            after=None if cursor is None else AddressCursor(*cursor),
            limit=PAGE_SIZE + 1,
        )
    except StoreUnavailable:
        return render(request, "web/addresses/page.html", {**context, "is_store_away": True}, status=503)
    shown = found[:PAGE_SIZE]
    last = shown[-1] if len(found) > PAGE_SIZE else None
    page_context = {"addresses": shown, "last": last, "is_later_page": cursor is not None}
    return render(request, "web/addresses/page.html", context | page_context)
