"""The risk of an actor as the API tells it."""

from typing import Literal

from ninja import Schema
from pydantic import Field

from litesoc_server.alerts.actor_risk import HALF_LIFE_DAYS
from litesoc_server.alerts.actor_risk import ActorRisk as Risk
from litesoc_server.api.v1.schemas import Meta
from litesoc_server.ingest.responses import iso_ms


class ActorRiskPart(Schema):
    """One reason."""

    kind: Literal["login", "alert"]
    id: str = Field(description="Of the event or of the alert.", json_schema_extra={"format": "uuid"})
    at: str = Field(json_schema_extra={"format": "date-time"})
    score: int = Field(ge=0, le=100, description="When it happened.")
    weight: float = Field(ge=0, le=100, description="What is left of it today.")
    text: str = Field(examples=["new country BR +3.1, Tor +2.2, unusual hour (Sunday 03:00 UTC) +0.9"])


class ActorRisk(Schema):
    """The risk of one actor, explained."""

    actor_id: str
    score: int = Field(ge=0, le=100, description="The largest weight of its parts; 0 for an actor without any.")
    half_life_days: int
    parts: list[ActorRiskPart] = Field(description="The weightiest first, at most 10.")


class ActorRiskAnswer(Schema):
    """The risk of one actor."""

    success: Literal[True] = True
    data: ActorRisk
    meta: Meta


def actor_risk_out(actor_id: str, risk: Risk) -> ActorRisk:
    """Return the risk of ``actor_id`` in the API's words."""
    parts = [
        ActorRiskPart(
            kind=part.kind, id=part.id, at=iso_ms(part.at_ms), score=part.score, weight=part.weight, text=part.text
        )
        for part in risk.parts
    ]
    return ActorRisk(actor_id=actor_id, score=risk.score, half_life_days=HALF_LIFE_DAYS, parts=parts)
