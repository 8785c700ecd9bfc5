"""One address: its place and network, what came from it, whose, and which alerts name it."""

from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.pipeline.normalise.addresses import canonical_address
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.entity import day_chart, timeline
from litesoc_server.web.summaries.map_points import place_name
from litesoc_server.web.summaries.open_alerts import alerts_of_address, unsettled_first
from litesoc_server.web.summaries.request import read_span

DEFAULT_RANGE = "30d"
ALERTS_MAX = 20


@page()
def address(request: PageRequest, member: Member) -> HttpResponse:
    """Show one address; its timeline and actors come after the page. Raises Http404."""
    ip = _ip(request)
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    alerts = unsettled_first(alerts_of_address(member, ip), ALERTS_MAX)
    context: dict[str, Any] = {"ip": ip, "asked": asked, "time_range": asked.time_range, "alerts": alerts}
    serving = backend.current()
    today = datetime.fromtimestamp(member.now_ms / 1000, UTC).date()
    context["ip_data"] = [(info.source, info.age_days(today)) for info in serving.ip_data().infos]
    try:
        facts = serving.reader.address_facts(org_id=member.org_id, ip=ip, span=asked.span.now)
    except StoreUnavailable:
        return render(request, "web/address/page.html", {**context, "is_store_away": True})
    if facts is not None:
        context |= {"facts": facts, "chart": day_chart(facts.days, asked.span.now)}
        if facts.latitude is not None and facts.longitude is not None:
            context["points"] = [
                {
                    "latitude": facts.latitude,
                    "longitude": facts.longitude,
                    "label": place_name(facts.city, facts.country_code),
                    "severity": "high" if facts.failures else "info",
                    "count": 1,
                }
            ]
    return render(request, "web/address/page.html", context)


@page()
def address_actors(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the actors that came from an address."""
    ip, span = _ip(request), read_span(request.GET, member, DEFAULT_RANGE).span.now
    try:
        found = backend.current().reader.address_actors(org_id=member.org_id, ip=ip, span=span)
    except StoreUnavailable:
        return render(request, "web/address/actors.html", {"is_store_away": True})
    return render(request, "web/address/actors.html", {"actors": found})


@page()
def address_timeline(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the newest events from an address with the alerts that name it among them."""
    ip, span = _ip(request), read_span(request.GET, member, DEFAULT_RANGE)
    alerts = alerts_of_address(member, ip).defer("incident_data")[:ALERTS_MAX]
    try:
        moments = timeline(member, "ip", ip, span.span.now, alerts)
    except StoreUnavailable:
        return render(request, "web/parts/timeline.html", {"is_store_away": True})
    context = {"moments": moments, "time_range": span.time_range, "ip": ip, "is_of_actor": False}
    return render(request, "web/parts/timeline.html", context)


def _ip(request: PageRequest) -> str:
    """Return the address that is asked for, in the form that events carry it."""
    ip = canonical_address(request.GET.get("ip", ""))
    if ip is None:
        raise Http404
    return ip
