"""Live events: the list of what happened, searched and filtered."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.orgs.models import ListedPage
from litesoc_server.store.base import SearchPage, StoreUnavailable
from litesoc_server.web.event_export_rows import EXPORTED_MAX
from litesoc_server.web.event_request import EventRequest, read_event_request, write_cursor
from litesoc_server.web.export.stream import FileFormat
from litesoc_server.web.feed.event_feed import position_now
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.saved_views import saved_views_of

PAGE_SIZE = 50  # rows


@page()
def events(request: PageRequest, member: Member) -> HttpResponse:
    """Show one page of the list; charts and facets come after it."""
    asked = read_event_request(request.GET, member)
    context = {
        "asked": asked,
        "typed": asked.typed,
        "time_range": asked.time_range,
        "export": {form: member.url("events_export", asked.parameters, file_format=form) for form in FileFormat},
        "rows_max": EXPORTED_MAX,
        "views": saved_views_of(member, ListedPage.EVENTS, request.GET),
    }
    if not asked.is_valid:
        return render(request, "web/events/page.html", context)
    try:
        # Asked before the list is read, so that nothing that comes in between is missed.
        stream = asked.address("events_stream", position=str(position_now(asked))) if asked.is_live else None
        found = _find(asked)
    except StoreUnavailable:
        return render(request, "web/events/page.html", {**context, "is_store_away": True}, status=503)
    return render(
        request, "web/events/page.html", {**context, "events": found.events, "stream": stream, **_neighbours(asked, found)}
    )


def _find(asked: EventRequest) -> SearchPage:
    return backend.current().reader.search_events(
        org_id=asked.member.org_id,
        where=asked.where,
        before=None if asked.after else asked.before,
        after=asked.after,
        limit=PAGE_SIZE,
    )


def _neighbours(asked: EventRequest, found: SearchPage) -> dict[str, str | None]:
    """Return the addresses of the pages beside this one, None where there is none."""
    if not found.events:
        return {"older": None, "newer": asked.address("events") if asked.before or asked.after else None}
    is_backwards = asked.after is not None
    has_older = True if is_backwards else found.has_more
    has_newer = found.has_more if is_backwards else asked.before is not None
    older = asked.address("events", before=write_cursor(found.events[-1])) if has_older else None
    newer = asked.address("events", after=write_cursor(found.events[0])) if has_newer else None
    return {"older": older, "newer": newer}
