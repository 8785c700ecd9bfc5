"""One actor: how risky, what it did, from where, with what, and who has something in common with it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from litesoc_server import backend
from litesoc_server.alerts.actor_risk import HALF_LIFE_DAYS, RiskyActor, actor_risk
from litesoc_server.alerts.models import UNSETTLED
from litesoc_server.events.event import Geo
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.queries.actor_facts import ActorAddress
from litesoc_server.store.queries.login_places import LoginPlace, journeys_of
from litesoc_server.store.together import QUESTIONS
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.arcs import arc_between
from litesoc_server.web.summaries.entity import day_chart, timeline
from litesoc_server.web.summaries.map_points import place_name
from litesoc_server.web.summaries.open_alerts import alerts_of_actor, unsettled_first
from litesoc_server.web.summaries.request import read_span

DEFAULT_RANGE = "30d"
ALERTS_MAX = 20
LOGINS_MAX = 300
JOURNEYS_MAX = 40  # the newest
LINKED_MAX = 20


@page()
def actor(request: PageRequest, member: Member) -> HttpResponse:
    """Show one actor; its risk, timeline, map and links come after the page. Raises Http404."""
    actor_id = _actor_id(request)
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    alerts = unsettled_first(alerts_of_actor(member, actor_id).filter(status__in=UNSETTLED), ALERTS_MAX)
    context = {
        "actor_id": actor_id,
        "personal_query": urlencode({"actor": actor_id}),
        "asked": asked,
        "time_range": asked.time_range,
        "alerts": alerts,
    }
    try:
        context |= _facts(member, actor_id, request)
    except StoreUnavailable:
        context |= {"is_store_away": True}
    return render(request, "web/actor/page.html", context)


def _facts(member: Member, actor_id: str, request: PageRequest) -> dict[str, Any]:
    reader, span = backend.current().reader, read_span(request.GET, member, DEFAULT_RANGE).span.now
    asked_addresses = QUESTIONS.submit(reader.actor_addresses, org_id=member.org_id, actor_id=actor_id, span=span)
    asked_devices = QUESTIONS.submit(reader.actor_devices, org_id=member.org_id, actor_id=actor_id, span=span)
    facts = reader.actor_facts(org_id=member.org_id, actor_id=actor_id, span=span)
    addresses, devices = asked_addresses.result(), asked_devices.result()
    if facts is None:
        return {}
    return {
        "facts": facts,
        "chart": day_chart(facts.days, span),
        "devices": devices,
        "addresses": addresses,
        "countries": sorted({one.country_code for one in addresses if one.country_code}),
    }


@page()
def actor_risk_now(request: PageRequest, member: Member) -> HttpResponse:
    """Answer how risky an actor is. It comes after the page: it reads the actor's logins of ten weeks one by one."""
    risky = RiskyActor(
        org_id=member.org_id,
        environment=member.environment,
        actor_id=_actor_id(request),
        now_ms=member.now_ms,
        not_before_ms=member.not_before_ms,
        is_redacted=not member.sees_places,
    )
    try:
        risk = actor_risk(backend.current().reader, risky)
    except StoreUnavailable:
        return render(request, "web/actor/risk.html", {"is_store_away": True})
    return render(request, "web/actor/risk.html", {"risk": risk, "half_life_days": HALF_LIFE_DAYS})


@page()
def actor_timeline(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the newest events of an actor with its alerts among them."""
    actor_id, span = _actor_id(request), read_span(request.GET, member, DEFAULT_RANGE)
    alerts = alerts_of_actor(member, actor_id).defer("incident_data")[:ALERTS_MAX]
    try:
        moments = timeline(member, "actor", actor_id, span.span.now, alerts)
    except StoreUnavailable:
        return render(request, "web/parts/timeline.html", {"is_store_away": True})
    context = {"moments": moments, "time_range": span.time_range, "actor_id": actor_id, "is_of_actor": True}
    return render(request, "web/parts/timeline.html", context)


@page()
def actor_map(request: PageRequest, member: Member) -> HttpResponse:
    """Answer where an actor was, and its journeys from login to login."""
    actor_id, span = _actor_id(request), read_span(request.GET, member, DEFAULT_RANGE).span.now
    reader = backend.current().reader
    if not member.sees_places:
        return render(request, "web/actor/map.html", {})
    try:
        asked_addresses = QUESTIONS.submit(reader.actor_addresses, org_id=member.org_id, actor_id=actor_id, span=span)
        logins = reader.login_places(org_id=member.org_id, actor_id=actor_id, span=span, limit=LOGINS_MAX)
        addresses = asked_addresses.result()
    except StoreUnavailable:
        return render(request, "web/actor/map.html", {"is_store_away": True})
    journeys = journeys_of(logins)[-JOURNEYS_MAX:]
    arcs = [arc_between(_geo(journey.start), _geo(journey.end), "") for journey in journeys]
    context = {"points": _points(addresses, member), "arcs": arcs, "journeys": journeys[::-1]}
    return render(request, "web/actor/map.html", context)


@page()
def actor_links(request: PageRequest, member: Member) -> HttpResponse:
    """Answer who shares a device or an address with an actor."""
    actor_id, span = _actor_id(request), read_span(request.GET, member, DEFAULT_RANGE).span.now
    try:
        linked = backend.current().reader.linked_actors(org_id=member.org_id, actor_id=actor_id, span=span, limit=LINKED_MAX)
    except StoreUnavailable:
        return render(request, "web/actor/links.html", {"is_store_away": True})
    return render(request, "web/actor/links.html", {"linked": linked})


def _actor_id(request: PageRequest) -> str:
    actor_id = clean_text(request.GET.get("id", ""))
    if not actor_id:
        raise Http404
    return actor_id


def _geo(login: LoginPlace) -> Geo:
    return Geo(login.country_code, None, login.city, login.latitude, login.longitude)


def _points(addresses: list[ActorAddress], member: Member) -> list[dict[str, Any]]:
    """Return one point for each place, with what came from all addresses there."""
    places: dict[str, list[ActorAddress]] = {}
    for one in addresses:
        if one.latitude is not None and one.longitude is not None:
            places.setdefault(place_name(one.city, one.country_code), []).append(one)
    return [
        {
            "latitude": here[0].latitude,
            "longitude": here[0].longitude,
            "label": f"{name}: {sum(one.events for one in here):,} events, addresses: {len(here)}",
            "severity": "warning" if any(one.failures for one in here) else "info",
            "count": sum(one.events for one in here),
            "url": member.url("address", {"ip": here[0].ip}),
        }
        for name, here in places.items()
    ]
