"""The cards of the overview that come after the page: the map, who and what stands out, what arrives just now."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend, instrumentation
from litesoc_server.pipeline.policy import MINUTE_MS
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.queries.places import Place
from litesoc_server.store.queries.span import Span
from litesoc_server.store.together import QUESTIONS
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.arcs import travel_arcs
from litesoc_server.web.summaries.map_points import map_points, places_address, severity_of
from litesoc_server.web.summaries.open_alerts import top_detectors
from litesoc_server.web.summaries.request import SpanRequest, read_span
from litesoc_server.web.summaries.sparkline import sparkline
from litesoc_server.web.views.overview import DEFAULT_RANGE

TOP = 8  # of each kind
PLACES_MAX = 2_000  # read, to add countries up
PLACES_IN_TABLE = 25
COUNTRIES = 8
LAST_MINUTES = 30
NOTICES_SHOWN = 3


@page()
def overview_tops(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the addresses, actors, event names and detectors with most in the span."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    reader, span = backend.current().reader, asked.span.now
    asked_addresses = QUESTIONS.submit(reader.top_addresses, org_id=member.org_id, span=span, limit=TOP)
    asked_actors = QUESTIONS.submit(reader.top_actors, org_id=member.org_id, span=span, limit=TOP)
    context: dict[str, Any] = {"detectors": top_detectors(member, span), "time_range": asked.time_range}
    try:
        context |= {
            "names": reader.top_names(org_id=member.org_id, span=span, limit=TOP),
            "addresses": asked_addresses.result(),
            "actors": asked_actors.result(),
        }
    except StoreUnavailable:
        context |= {"is_store_away": True}
    return render(request, "web/overview/tops.html", context)


@page()
def overview_map(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the map and the countries."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    if not member.sees_places:
        return render(request, "web/overview/map.html", {})
    try:
        places = backend.current().reader.places(org_id=member.org_id, span=asked.span.now, limit=PLACES_MAX)
        arcs = travel_arcs(member)
    except StoreUnavailable:
        return render(request, "web/overview/map.html", {"is_store_away": True})
    return render(request, "web/overview/map.html", _map(member, asked, places) | {"arcs": arcs})


def _map(member: Member, asked: SpanRequest, places: list[Place]) -> dict[str, Any]:
    countries: dict[str, int] = {}
    for place in places:
        countries[place.country_code] = countries.get(place.country_code, 0) + place.events
    return {
        "points": map_points(places, member, asked.time_range),
        "rows": [
            (place, severity_of(place), places_address(place, member, asked.time_range))
            for place in places[:PLACES_IN_TABLE]
        ],
        "places_count": len(places),
        "countries": sorted(countries.items(), key=lambda one: -one[1])[:COUNTRIES],
        "time_range": asked.time_range,
    }


@page()
def overview_arrivals(request: PageRequest, member: Member) -> HttpResponse:
    """Answer how many events came in the last minutes, and what is wrong with what applications send."""
    serving = backend.current()
    now_ms = serving.clock.now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS
    span = Span(
        environment=member.environment,
        from_ms=now_ms - LAST_MINUTES * MINUTE_MS,
        to_ms=now_ms,
        not_before_ms=member.not_before_ms,
    )
    try:
        points = serving.reader.overview_series(org_id=member.org_id, span=span, step_ms=MINUTE_MS)
        notices = instrumentation.look(member.org_id, member.environment).notices
    except StoreUnavailable:
        return render(request, "web/overview/arrivals.html", {"is_store_away": True})
    by_minute = {point.start_ms: point.events for point in points}
    minutes = [by_minute.get(start_ms, 0) for start_ms in range(span.from_ms, span.to_ms, MINUTE_MS)]
    context = {
        "last_minutes": LAST_MINUTES,
        "events": sum(minutes),
        "per_minute": round(sum(minutes[-6:-1]) / 5, 1),  # of the last five whole minutes
        "sparkline": sparkline(minutes),
        "notices": notices[:NOTICES_SHOWN],
        "notices_count": len(notices),
    }
    return render(request, "web/overview/arrivals.html", context)
