"""Places as the map draws them."""

from collections.abc import Mapping, Sequence
from typing import Any

from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_query
from litesoc_server.search.query import Exactly, Query, Term
from litesoc_server.store.queries.places import Place
from litesoc_server.web.member import Member
from litesoc_server.web.time_range import TimeRange

CRITICAL_SHARE, WARNING_SHARE = 0.01, 0.25  # of a place's events; the legend of the map names them
POINTS_MAX = 250  # more cannot be told apart, nor walked through by keyboard


def place_name(city: str | None, country_code: str | None) -> str:
    """Return a place in words."""
    return ", ".join(filter(None, (city, country_code))) or "Unknown place"


def severity_of(place: Place) -> str:
    """Return the worst severity that is more than a few of what came from a place: over weeks, each has one of each."""
    if place.criticals >= CRITICAL_SHARE * place.events:
        return "critical"
    return "warning" if place.warnings + place.criticals >= WARNING_SHARE * place.events else "info"


def places_address(place: Place, member: Member, time_range: TimeRange) -> str:
    """Return the address of the events from a place."""
    terms = [
        Term(name, (Exactly(value),)) for name, value in (("country", place.country_code), ("city", place.city)) if value
    ]
    query = {"q": format_query(Query(tuple(terms)), EVENT_FIELDS)} if terms else {}
    return member.url("events", {**query, **time_range.query})


def map_points(places: Sequence[Place], member: Member, time_range: TimeRange) -> list[Mapping[str, Any]]:
    """Return the points of a map, as frontend/src/map.ts reads them."""
    return [
        {
            "latitude": round(place.latitude, 3),
            "longitude": round(place.longitude, 3),
            "label": f"{place_name(place.city, place.country_code)}: {place.events:,} events{_words(place)}",
            "severity": severity_of(place),
            "count": place.events,
            "url": places_address(place, member, time_range),
        }
        for place in places[:POINTS_MAX]
    ]


def _words(place: Place) -> str:
    parts = [f"{place.criticals:,} critical"] if place.criticals else []
    parts += [f"{place.warnings:,} warnings"] if place.warnings else []
    return f", {', '.join(parts)}" if parts else ""
