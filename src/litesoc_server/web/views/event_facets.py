"""What stands beside the list of events: how many there are, and the values that occur most."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.search.change import asks_for, has_value, toggle_value, values_of, without_field
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.store.base import FacetValue, StoreUnavailable
from litesoc_server.web.event_request import EventRequest, read_event_request
from litesoc_server.web.member import Member, PageRequest, page

TOP = 6  # values of a field
# Fields with few values are counted whatever there is; the others only where that takes no seconds.
_FEW_VALUES = {
    "severity": "Severity",
    "event": "Event",
    "country": "Country",
    "network": "Network",
    "browser": "Browser",
    "os": "System",
}
_MANY_VALUES = {"actor": "Actor", "ip": "Address"}
MANY_VALUES_EVENTS_MAX = 1_000_000


@dataclass(frozen=True)
class FacetLink:
    """One value with the address that puts it into the query or takes it out."""

    value: str
    events: int | None  # None: chosen, and not among the values that occur most
    is_chosen: bool
    address: str


@dataclass(frozen=True)
class Facet:
    """One field with its values."""

    field: str
    title: str
    links: list[FacetLink]


@page()
def event_facets(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the facets of what the address asks for."""
    asked = read_event_request(request.GET, member)
    if not asked.is_valid:
        return render(request, "web/events/facets.html", {"facets": []})
    try:
        context = _facets(asked)
    except StoreUnavailable:
        return render(request, "web/parts/failed.html", status=503)
    return render(request, "web/events/facets.html", context)


def _facets(asked: EventRequest) -> dict[str, object]:
    member = asked.member
    titles = {field: title for field, title in _FEW_VALUES.items() if member.sees_places or not _is_withheld(field)}
    values, total = _count(asked, list(titles))
    is_countable = total <= MANY_VALUES_EVENTS_MAX
    if is_countable:
        titles |= _MANY_VALUES
        values |= _count(asked, list(_MANY_VALUES))[0]
    facets = [Facet(field, title, _links(asked, field, values[field])) for field, title in titles.items()]
    return {"facets": [facet for facet in facets if facet.links], "total": total, "is_countable": is_countable}


def _is_withheld(field: str) -> bool:
    return field in EVENT_FIELDS.withheld()


def _count(asked: EventRequest, fields: list[str]) -> tuple[dict[str, tuple[FacetValue, ...]], int]:
    """Return the values of ``fields`` and the total; a field that is asked for shows what else it could be."""
    reader, org_id = backend.current().reader, asked.member.org_id
    free = [field for field in fields if not asks_for(asked.typed.query, field)]
    found = reader.facets(org_id=org_id, where=asked.where, fields=free, top=TOP)
    values = dict(found.values)
    for field in fields:
        if field not in values:
            where = asked.where_query(without_field(asked.typed.query, field))
            values |= reader.facets(org_id=org_id, where=where, fields=[field], top=TOP).values
    return values, found.total


def _links(asked: EventRequest, field: str, values: tuple[FacetValue, ...]) -> list[FacetLink]:
    query = asked.typed.query
    counts: dict[str, int | None] = {one.value: one.events for one in values}
    shown = {value.lower() for value in counts}
    counts |= {chosen: None for chosen in values_of(query, field) if chosen.lower() not in shown}
    return [
        FacetLink(
            value=value,
            events=events,
            is_chosen=has_value(query, field, value),
            address=asked.address("events", toggle_value(query, field, value)),
        )
        for value, events in counts.items()
    ]
