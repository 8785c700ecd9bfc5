"""How risky an actor is now: the weightiest of its logins and unsettled alerts, each halved with every week since."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from litesoc_server.alerts.models import Alert
from litesoc_server.api.v1.schemas import Meta
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import RiskyLogin

HALF_LIFE_DAYS = 7
HALF_LIFE_MS = HALF_LIFE_DAYS * DAY_MS
PARTS_MAX = 10
_WORDS_MAX = 3  # contributions named of one login
ALERT_SCORES = {  # points of an open alert on the scale of logins: a critical one is as risky as a login can be
    AlertSeverity.LOW: 25,
    AlertSeverity.MEDIUM: 50,
    AlertSeverity.HIGH: 75,
    AlertSeverity.CRITICAL: 100,
}


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


def actor_risk(
    actor_id: str, logins: Iterable[RiskyLogin], alerts: Iterable[Alert], *, now_ms: int, is_redacted: bool
) -> ActorRisk:
    """Return the risk as of ``now_ms``. With ``is_redacted`` the words, which name places and networks, are left out."""
    parts = [
        *(_of_login(login, now_ms, is_redacted=is_redacted) for login in logins),
        *(_of_alert(a, now_ms) for a in alerts),
    ]
    shown: Sequence[ActorRiskPart] = sorted(parts, key=lambda part: (-part.weight, part.id))[:PARTS_MAX]
    score = round(shown[0].weight) if shown else 0
    return ActorRisk(actor_id=actor_id, score=score, half_life_days=HALF_LIFE_DAYS, parts=list(shown))


def _of_login(login: RiskyLogin, now_ms: int, *, is_redacted: bool) -> ActorRiskPart:
    speaking = [one for one in login.risk.contributions if one.weight > 0][:_WORDS_MAX]
    words = ", ".join(f"{one.text} {one.weight:+.1f}" for one in speaking)
    return ActorRiskPart(
        kind="login",
        id=login.event_id,
        at=iso_ms(login.at_ms),
        score=login.risk.score,
        weight=_left_of(login.risk.score, login.at_ms, now_ms),
        text=words if words and not is_redacted else f"login with score {login.risk.score}",
    )


def _of_alert(alert: Alert, now_ms: int) -> ActorRiskPart:
    score, at_ms = ALERT_SCORES[AlertSeverity(alert.severity)], _unix_ms(alert.last_seen_at)
    return ActorRiskPart(
        kind="alert",
        id=str(alert.id),
        at=iso_ms(at_ms),
        score=score,
        weight=_left_of(score, at_ms, now_ms),
        text=f"{alert.severity} alert, {alert.status}: {alert.title}",
    )


def _left_of(score: int, at_ms: int, now_ms: int) -> float:
    left: float = score * 0.5 ** (max(0, now_ms - at_ms) / HALF_LIFE_MS)
    return round(left, 2)


def _unix_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
