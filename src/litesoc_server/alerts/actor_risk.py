"""How risky an actor is now: the weightiest of its logins and unsettled alerts, each halved with every week since."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.models import UNSETTLED, Alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import EventReader, RiskyLogin, RiskyLoginsFilter

HALF_LIFE_DAYS = 7
HALF_LIFE_MS = HALF_LIFE_DAYS * DAY_MS
PARTS_MAX = 10
_WORDS_MAX = 3  # contributions named of one login
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALERT_SCORES = {  # points of an open alert on the scale of logins: a critical one is as risky as a login can be
    AlertSeverity.LOW: 25,
    AlertSeverity.MEDIUM: 50,
    AlertSeverity.HIGH: 75,
    AlertSeverity.CRITICAL: 100,
}


@dataclass(frozen=True, kw_only=True)
class ActorRiskPart:
    """One reason."""

    kind: Literal["login", "alert"]
    id: str  # of the event or of the alert
    at_ms: int  # event time, Unix ms
    score: int  # 0 to 100, when it happened
    weight: float  # what is left of it today
    text: str


@dataclass(frozen=True, kw_only=True)
class ActorRisk:
    """The risk of one actor, explained."""

    score: int  # 0 to 100: the largest weight of its parts; 0 for an actor without any
    parts: Sequence[ActorRiskPart]  # the weightiest first, at most PARTS_MAX


@dataclass(frozen=True, kw_only=True)
class RiskyActor:
    """Whose risk, as of when, and how much of it may be told."""

    org_id: OrgId
    environment: Environment
    actor_id: str
    now_ms: int  # event time, Unix ms
    not_before_ms: int | None  # the plan's retention cut-off; None: there is none
    is_redacted: bool  # without the words, which name places and networks


def actor_risk(reader: EventReader, actor: RiskyActor) -> ActorRisk:
    """Return the risk as of ``actor.now_ms``. Raises StoreUnavailable."""
    where = RiskyLoginsFilter(
        actor_id=actor.actor_id,
        environment=actor.environment,
        now_ms=actor.now_ms,
        half_life_ms=HALF_LIFE_MS,
        not_before_ms=actor.not_before_ms,
    )
    logins = reader.riskiest_logins(org_id=actor.org_id, where=where, limit=PARTS_MAX)
    return risk_of_parts([*_of_logins(logins, actor), *_of_alerts(weightiest_alerts(actor), actor.now_ms)])


def risk_of_parts(parts: Iterable[ActorRiskPart]) -> ActorRisk:
    """Return the risk that ``parts`` make."""
    shown = sorted(parts, key=lambda part: (-part.weight, part.id))[:PARTS_MAX]
    return ActorRisk(score=round(shown[0].weight) if shown else 0, parts=shown)


def weightiest_alerts(actor: RiskyActor) -> list[Alert]:
    """Return the unsettled alerts of an actor that can be among its parts.

    An old alert can outweigh a newer one of lower severity, but not the tenth of the same one.
    """
    not_before = None if actor.not_before_ms is None else _EPOCH + timedelta(milliseconds=actor.not_before_ms)
    alerts = visible_alerts(org_id=actor.org_id, environment=actor.environment, not_before=not_before).filter(
        actor_id=actor.actor_id, status__in=UNSETTLED
    )
    return [
        alert
        for severity in AlertSeverity
        for alert in alerts.filter(severity=severity.value).order_by("-last_seen_at")[:PARTS_MAX]
    ]


def _of_logins(logins: Iterable[RiskyLogin], actor: RiskyActor) -> Iterator[ActorRiskPart]:
    for login in logins:
        speaking = [one for one in login.risk.contributions if one.weight > 0][:_WORDS_MAX]
        words = ", ".join(f"{one.text} {one.weight:+.1f}" for one in speaking)
        yield ActorRiskPart(
            kind="login",
            id=login.event_id,
            at_ms=login.at_ms,
            score=login.risk.score,
            weight=_left_of(login.risk.score, login.at_ms, actor.now_ms),
            text=words if words and not actor.is_redacted else f"login with score {login.risk.score}",
        )


def _of_alerts(alerts: Iterable[Alert], now_ms: int) -> Iterator[ActorRiskPart]:
    for alert in alerts:
        score, at_ms = ALERT_SCORES[AlertSeverity(alert.severity)], _unix_ms(alert.last_seen_at)
        yield ActorRiskPart(
            kind="alert",
            id=str(alert.id),
            at_ms=at_ms,
            score=score,
            weight=_left_of(score, at_ms, now_ms),
            text=f"{alert.severity} alert, {alert.status}: {alert.title}",
        )


def _left_of(score: int, at_ms: int, now_ms: int) -> float:
    left: float = score * 0.5 ** (max(0, now_ms - at_ms) / HALF_LIFE_MS)
    return round(left, 2)


def _unix_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
