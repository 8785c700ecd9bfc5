"""Feedback on logins goes into the stream, where the pipeline stores it and its detectors learn from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesoc_server.alerts.models import Alert, Status
from litesoc_server.events.catalog import FEEDBACK_SOURCE, LOGIN_CONFIRMED
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId, derive_event_id_base, draw_event_id_base, event_id_at
from litesoc_server.ingest.limits import RateDecision, RateLimiter
from litesoc_server.orgs.principals import KEY_PREFIX, Who
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED
from litesoc_server.sources.feedback import About, feedback_body
from litesoc_server.store.base import EventReader
from litesoc_server.stream.base import Publisher
from litesoc_server.stream.subjects import Subject


@dataclass(frozen=True, kw_only=True)
class FeedbackParts:
    """What giving feedback needs, and what whoever gives it may see."""

    publisher: Publisher
    reader: EventReader
    rate_limiter: RateLimiter
    now_ms: int  # our clock, Unix ms
    not_before_ms: int | None  # oldest visible moment, Unix ms; None = unlimited retention


class FeedbackLimited(Exception):
    """The organisation has given too much feedback in this hour; ``rate`` says how much is allowed and when again."""

    def __init__(self, rate: RateDecision) -> None:
        super().__init__("feedback limit exceeded")
        self.rate = rate


class NotALogin(Exception):
    """Feedback is about logins that succeeded and whose actor is named; the text says what this event is instead."""


def is_login_of_somebody(event: Event) -> bool:
    """Return whether its owner can say of ``event`` that it was them."""
    return event.name == LOGIN_SUCCEEDED and event.actor is not None and not event.actor.is_redacted


def say_of_login(login: Event, name: str, *, who: Who, note: str | None, parts: FeedbackParts) -> EventId:
    """Say ``name`` (LOGIN_CONFIRMED or LOGIN_DENIED) of ``login``; returns the id of the event that says it.

    Blocking; durable when it returns. Raises NotALogin, FeedbackLimited, StreamUnavailable; after the last it may be said
    or not, and may be said again.
    """
    if not is_login_of_somebody(login):
        raise NotALogin("a login whose actor is not named" if login.name == LOGIN_SUCCEEDED else login.name)
    admit_feedback(login.org_id, parts)
    base = draw_event_id_base(parts.now_ms)
    about = About(event_id=login.event_id, by=who.by, note=note)
    parts.publisher.publish(Subject.RAW, [_envelope(login, name, about, who, base, parts.now_ms)])
    return event_id_at(base, 0)


def admit_feedback(org_id: OrgId, parts: FeedbackParts) -> None:
    """Count one piece of feedback. Raises FeedbackLimited."""
    rate = parts.rate_limiter.hit_feedback(org_id)
    if not rate.is_allowed:
        raise FeedbackLimited(rate)


def confirm_logins_of(alert: Alert, *, who: Who, parts: FeedbackParts) -> None:
    """Confirm the logins among the evidence of ``alert``, which somebody is about to mark as safe. Blocking.

    To be called before the alert is changed: what fails here fails the whole request, and nothing is half done. Should
    the change fail after it, the next attempt says the same again under the same ids, and the pipeline passes over it.
    Raises StoreUnavailable, StreamUnavailable.
    """
    if alert.status == Status.DISMISSED:
        return  # they were confirmed when it became safe
    found = parts.reader.get_events(
        org_id=OrgId(str(alert.org_id)), event_ids=_evidence(alert), not_before_ms=parts.not_before_ms
    ).values()
    logins = [event for event in found if event.name == LOGIN_SUCCEEDED and event.actor is not None]
    payloads = []
    for login in sorted(logins, key=lambda event: event.event_id):
        base = derive_event_id_base(_changed_at_ms(alert), str(alert.id), str(alert.revision), login.event_id)
        about = About(event_id=login.event_id, by=who.by, alert_id=str(alert.id))
        payloads.append(_envelope(login, LOGIN_CONFIRMED, about, who, base, parts.now_ms))
    if payloads:
        parts.publisher.publish(Subject.RAW, payloads)


def _evidence(alert: Alert) -> Sequence[EventId]:
    triggers = [finding.trigger_event_id for finding in alert.incident.findings]
    return [*alert.incident.event_ids, *triggers]


def _changed_at_ms(alert: Alert) -> int:
    """Return a time that stays the same until the alert is changed: an id that derives from it can be derived again."""
    return int(alert.created_at.timestamp() * 1000)


def _envelope(login: Event, name: str, about: About, who: Who, base: bytes, now_ms: int) -> bytes:
    return ENVELOPE_ENCODER.encode(
        Envelope(
            org_id=login.org_id,
            key_id=who.principal.removeprefix(KEY_PREFIX),
            environment=login.environment,
            source=FEEDBACK_SOURCE,
            received_at_ms=now_ms,
            event_id_base=base,
            server_ip=None,
            may_backdate=True,  # it counts from the time of the login
            rejected=(),
            body=feedback_body(login, name, about),
            is_repeat=True,  # the pipeline looks whether it has been said before
        )
    )
