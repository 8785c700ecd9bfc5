"""Whether an event matches a query, decided in Python: what the store's SQL is held against."""

import json
from ipaddress import ip_address, ip_network
from typing import Any

from litesoc_server.events.event import Actor, Device, Event, Geo, Network
from litesoc_server.search.query import Between, Compared, Exactly, InNetwork, Operator, Query, StartsWith, Term, Value

_LABELS = {"email", "city", "provider", "browser", "os", "model"}


def matches(query: Query, event: Event) -> bool:
    """Return whether every term holds."""
    return all(any(_value_matches(term, value, event) for value in term.values) != term.is_negated for term in query.terms)


def _value_matches(term: Term, value: Value, event: Event) -> bool:
    actor, network = event.actor or Actor(""), event.network or Network()
    if term.field is None:
        assert isinstance(value, Exactly)
        places = [event.name, event.actor and event.actor.id, actor.email, event.user_ip]
        return any(value.text.lower() in place.lower() for place in places if place is not None)
    if term.field == "is":
        assert isinstance(value, Exactly)
        return bool(getattr(network, f"is_{value.text}"))
    if term.field == "has":
        assert isinstance(value, Exactly)
        name = {"place": "country"}.get(value.text, value.text)
        return field_of(event, name) is not None
    known = field_of(event, term.field)
    return known is not None and _fits(known, value, ignores_case=term.field in _LABELS)


def field_of(event: Event, field: str) -> Any:
    """Return what an event has for a field of queries, None for nothing."""
    actor, geo, network, device = event.actor, event.geo or Geo(), event.network or Network(), event.device or Device()
    if field.startswith("meta."):
        return _metadata(json.loads(bytes(event.metadata)), field.removeprefix("meta.").split("."))
    return {
        "event": event.name,
        "category": event.category,
        "severity": event.severity.value,
        "actor": None if actor is None else actor.id,
        "email": None if actor is None else actor.email,
        "ip": event.user_ip,
        "country": geo.country_code,
        "city": geo.city,
        "asn": network.asn,
        "provider": network.as_org if network.provider is None else network.provider,
        "network": None if network.kind is None else network.kind.value,
        "browser": device.browser,
        "os": device.os,
        "model": device.kind,
        "device": device.id,
        "session": event.session_id,
        "risk": None if event.risk is None else event.risk.score,
        "source": event.source,
    }[field]


def _metadata(found: Any, path: list[str]) -> str | None:
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))


def _fits(known: Any, value: Value, *, ignores_case: bool) -> bool:
    match value:
        case Exactly(text=text):
            return bool(known.lower() == text.lower() if ignores_case else known == text)
        case StartsWith(text=text):
            return bool(known.lower().startswith(text.lower()) if ignores_case else known.startswith(text))
        case InNetwork(cidr=cidr):
            address, network = ip_address(known), ip_network(cidr)
            return address.version == network.version and address in network
        case Compared(operator=operator, number=number):
            return {
                Operator.ABOVE: known > number,
                Operator.AT_LEAST: known >= number,
                Operator.BELOW: known < number,
                Operator.AT_MOST: known <= number,
                Operator.EQUAL: known == number,
            }[operator]
        case Between(low=low, high=high):
            return bool(low <= known <= high)
