"""Overview: how the organisation stands, at a glance. What takes longer comes after the page, card by card."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.setup_guide.progress import newest_event
from litesoc_server.web.summaries.figures import overview_of
from litesoc_server.web.summaries.open_alerts import open_alerts
from litesoc_server.web.summaries.request import SpanRequest, read_span

DEFAULT_RANGE = "24h"


@page()
def overview(request: PageRequest, member: Member) -> HttpResponse:
    """Show the figures, the chart and the open alerts; alerts are there while the event store is not."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    context = {"asked": asked, "time_range": asked.time_range, **_alerts(member), **_figures(member, asked)}
    return render(request, "web/overview/page.html", context)


@page()
def overview_figures(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the figures as they are now."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    return render(request, "web/overview/figures.html", {"time_range": asked.time_range, **_figures(member, asked)})


@page()
def overview_alerts(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the open alerts as they are now."""
    return render(request, "web/overview/alerts.html", _alerts(member))


def _alerts(member: Member) -> dict[str, Any]:
    return {"open_alerts": open_alerts(member)}


def _figures(member: Member, asked: SpanRequest) -> dict[str, Any]:
    try:
        found = overview_of(member, asked.time_range, asked.span)
        has_no_events = found.events == 0 and newest_event(member) is None
    except StoreUnavailable:
        return {"is_store_away": True}
    return {"overview": found, "is_empty": has_no_events, "as_of_ms": backend.current().clock.now_ms()}
