"""Tags that the overview and the pages of actors and addresses are written with."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template.context import Context

from litesoc_server.alerts.models import Alert
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_query
from litesoc_server.search.query import Exactly, Query, Term
from litesoc_server.web.member import Member
from litesoc_server.web.time_range import TimeRange

register = template.Library()
_TITLES = {detector.id: detector.title for detector in DETECTORS}
_SHARE_MIN = 1  # of 100: a little is seen as something


@register.filter
def split_words(text: str) -> list[str]:
    """Return the parts of a text between its commas."""
    return text.split(",")


@register.simple_tag
def share(value: int, of: int) -> str:
    """Return ``value`` as per cent of ``of``, for the width of a bar."""
    return f"{max(_SHARE_MIN, min(100, value / of * 100)):.1f}" if value and of else "0"


@register.simple_tag
def map_data(points: Sequence[Mapping[str, Any]], arcs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what frontend/src/map.ts reads."""
    return {"points": points, "arcs": arcs or []}


@register.simple_tag(takes_context=True)
def page_at(context: Context, page: str, time_range: TimeRange, **query: str) -> str:
    """Return the address of a page with a time range: ``{% page_at "actors" time_range %}``."""
    return _member(context).url(page, {**query, **time_range.query})


@register.simple_tag(takes_context=True)
def events_url(context: Context, time_range: TimeRange, **fields: str) -> str:
    """Return the address of the events of a time range with these fields: ``{% events_url time_range event=name %}``."""
    query = Query(tuple(Term(name, (Exactly(value),)) for name, value in fields.items()))
    return _member(context).url("events", {"q": format_query(query, EVENT_FIELDS), **time_range.query})


@register.simple_tag(takes_context=True)
def alert_url(context: Context, alert: Alert) -> str:
    """Return the address of an alert's page."""
    return _member(context).url("alert", alert_id=alert.id)


@register.simple_tag(takes_context=True)
def alert_id_url(context: Context, alert_id: str) -> str:
    """Return the address of the page of the alert with this id."""
    return _member(context).url("alert", alert_id=alert_id)


@register.simple_tag(takes_context=True)
def detector_url(context: Context, detector: str) -> str:
    """Return the address of a detector's page."""
    return _member(context).url("detector", detector=detector)


@register.filter
def detector_title(detector: str) -> str:
    """Return what a detector is called; its id as words when it is no longer there."""
    return _TITLES.get(detector) or detector.replace("_", " ").capitalize()


def _member(context: Context) -> Member:
    member = context["member"]
    assert isinstance(member, Member)
    return member
