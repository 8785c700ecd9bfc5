"""An event on the wire (contract 4.1)."""

from typing import Any, Literal

import msgspec
from ninja import Schema
from pydantic import Field

from litesoc_server.api.v1.schemas import FilterText, Limit, ListMeta, Meta, Offset, Pagination, QueryText
from litesoc_server.events.event import Actor, Event, Geo, Network, Severity
from litesoc_server.events.risk import Risk
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.orgs.plans import EVENTS_PAGE_DEFAULT
from litesoc_server.wire.places import ForensicLocation, ForensicNetwork, Forensics, forensics_of

_METADATA_DECODER = msgspec.json.Decoder(dict[str, Any])


class EventActor(Schema):
    """Who did it, as the sender names them."""

    id: str
    email: str | None


class RiskContributionOut(Schema):
    """What one feature adds to a score."""

    feature: str = Field(examples=["network"])
    text: str = Field(examples=["new country BR"])
    weight: float = Field(description="Above 0 it speaks for an attacker, below 0 for the owner.", examples=[3.1])


class EventRisk(Schema):
    """How risky a login is, and why: docs/reference/risk-score.md."""

    score: int = Field(ge=0, le=100, description="30 points for each tenfold rarity among the organisation's logins.")
    log_ratio: float = Field(description="ln P(login | attacker) / P(login | owner), the sum of all weights.")
    contributions: list[RiskContributionOut] = Field(
        description="The weightiest first; empty where the plan withholds places and networks."
    )


class EventOut(Schema):
    """One security event. `event`, `ip_address`, `actor` and `actor_email` repeat other fields under older names."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    org_id: str = Field(json_schema_extra={"format": "uuid"})
    event_name: str = Field(examples=["auth.login_failed"])
    event: str = Field(examples=["auth.login_failed"])
    actor_id: str | None = Field(examples=["usr_8841"])
    actor_email: str | None = Field(examples=["mira@shop.example"])
    actor: EventActor | None
    user_ip: str | None = Field(examples=["198.51.100.77"])
    ip_address: str | None = Field(examples=["198.51.100.77"])
    server_ip: str | None = Field(description="The address that sent the event to us.", examples=["203.0.113.4"])
    country_code: str | None = Field(description="ISO 3166-1 alpha-2.", examples=["NO"])
    city: str | None = Field(examples=["Bergen"])
    is_vpn: bool | None
    is_tor: bool | None
    is_proxy: bool | None
    is_datacenter: bool | None
    latitude: float | None = Field(examples=[60.39])
    longitude: float | None = Field(examples=[5.32])
    severity: Severity
    metadata: dict[str, Any] = Field(examples=[{"reason": "bad_password"}])
    created_at: str = Field(description="When it happened.", json_schema_extra={"format": "date-time"})
    received_at: str = Field(description="When it reached us.", json_schema_extra={"format": "date-time"})
    network_intelligence: ForensicNetwork | None
    geolocation: ForensicLocation | None
    forensics: Forensics | None
    trigger_event_id: None = None
    risk: EventRisk | None = Field(description="Of a login that succeeded; null for other events.")


class EventList(Schema):
    """A page of events, newest first."""

    success: Literal[True] = True
    data: list[EventOut]
    pagination: Pagination
    meta: ListMeta


class EventAnswer(Schema):
    """One event."""

    success: Literal[True] = True
    data: EventOut
    meta: Meta


class EventQuery(Schema):
    """What to list."""

    event_name: FilterText | None = Field(default=None, description="As stored.", examples=["auth.login_failed"])
    actor_id: FilterText | None = None
    severity: Severity | None = None
    query: QueryText | None = Field(
        default=None,
        description="Terms that must all hold, beside the other filters: docs/reference/search.md.",
        examples=["event:auth.login_failed country:NO -vpn"],
    )
    limit: Limit = EVENTS_PAGE_DEFAULT
    offset: Offset = 0


def event_out(event: Event, *, is_redacted: bool) -> EventOut:
    """Return ``event`` as clients see it; a plan without network intelligence sees the country and nothing more."""
    actor, geo, network = event.actor or _NOBODY, event.geo or Geo(), event.network or Network()
    shown_geo, shown_network = (Geo(), Network()) if is_redacted else (geo, network)
    score = None if event.risk is None else event.risk.score
    forensics = None if is_redacted else forensics_of(event.geo, event.network, score)
    return EventOut(
        id=event.event_id,
        org_id=event.org_id,
        event_name=event.name,
        event=event.name,
        actor_id=None if event.actor is None else actor.id,
        actor_email=actor.email,
        actor=None if event.actor is None else EventActor(id=actor.id, email=actor.email),
        user_ip=event.user_ip,
        ip_address=event.user_ip,
        server_ip=event.server_ip,
        country_code=geo.country_code,
        city=shown_geo.city,
        is_vpn=shown_network.is_vpn,
        is_tor=shown_network.is_tor,
        is_proxy=shown_network.is_proxy,
        is_datacenter=shown_network.is_datacenter,
        latitude=shown_geo.latitude,
        longitude=shown_geo.longitude,
        severity=event.severity,
        metadata=_METADATA_DECODER.decode(event.metadata),
        created_at=iso_ms(event.occurred_at_ms),
        received_at=iso_ms(event.received_at_ms),
        network_intelligence=None if forensics is None else forensics.network,
        geolocation=None if forensics is None else forensics.location,
        forensics=forensics,
        risk=None if event.risk is None else risk_out(event.risk, is_redacted=is_redacted),
    )


def risk_out(risk: Risk, *, is_redacted: bool) -> EventRisk:
    """Return a risk as clients see it; its words name places and networks, so they may have to be withheld."""
    shown = () if is_redacted else risk.contributions
    return EventRisk(
        score=risk.score,
        log_ratio=risk.log_ratio,
        contributions=[RiskContributionOut(feature=one.feature, text=one.text, weight=one.weight) for one in shown],
    )


_NOBODY = Actor(id="")
