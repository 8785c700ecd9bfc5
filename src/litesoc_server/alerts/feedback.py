"""Feedback on logins goes into the stream, where the pipeline stores it and its detectors learn from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesoc_server.alerts.models import Alert, Status
from litesoc_server.events.catalog import FEEDBACK_SOURCE, LOGIN_CONFIRMED
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId, derive_event_id_base, draw_event_id_base, event_id_at
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED
from litesoc_server.sources.feedback import About, feedback_body
from litesoc_server.store.base import EventReader
from litesoc_server.stream.base import Publisher
from litesoc_server.stream.subjects import Subject


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Who gives feedback, with which key, and when by our clock."""

    by: str
    key_id: str
    now_ms: int


def publish_feedback(publisher: Publisher, login: Event, name: str, *, speaker: Speaker, note: str | None) -> EventId:
    """Say ``name`` (LOGIN_CONFIRMED or LOGIN_DENIED) of ``login``; returns the id of the event that says it.

    Blocking; durable when it returns. Raises StreamUnavailable; then it may be said or not, and may be said again.
    """
    base = draw_event_id_base(speaker.now_ms)
    about = About(event_id=login.event_id, by=speaker.by, note=note)
    publisher.publish(Subject.RAW, [_envelope(login, name, about, speaker, base)])
    return event_id_at(base, 0)


def confirm_logins_of(
    alert: Alert, *, publisher: Publisher, reader: EventReader, not_before_ms: int | None, speaker: Speaker
) -> None:
    """Confirm the logins among the evidence of ``alert``, which somebody is about to mark as safe. Blocking.

    To be called before the alert is changed: what fails here fails the whole request, and nothing is half done. Should
    the change fail after it, the next attempt says the same again under the same ids, and the pipeline passes over it.
    Raises StoreUnavailable, StreamUnavailable.
    """
    if alert.status == Status.DISMISSED:
        return  # they were confirmed when it became safe
    found = reader.get_events(
        org_id=OrgId(str(alert.org_id)), event_ids=_evidence(alert), not_before_ms=not_before_ms
    ).values()
    logins = [event for event in found if event.name == LOGIN_SUCCEEDED and event.actor is not None]
    payloads = []
    for login in sorted(logins, key=lambda event: event.event_id):
        base = derive_event_id_base(_changed_at_ms(alert), str(alert.id), str(alert.revision), login.event_id)
        about = About(event_id=login.event_id, by=speaker.by, alert_id=str(alert.id))
        payloads.append(_envelope(login, LOGIN_CONFIRMED, about, speaker, base))
    if payloads:
        publisher.publish(Subject.RAW, payloads)


def _evidence(alert: Alert) -> Sequence[EventId]:
    triggers = [finding.trigger_event_id for finding in alert.incident.findings]
    return [*alert.incident.event_ids, *triggers]


def _changed_at_ms(alert: Alert) -> int:
    """Return a time that stays the same until the alert is changed: an id that derives from it can be derived again."""
    return int(alert.created_at.timestamp() * 1000)


def _envelope(login: Event, name: str, about: About, speaker: Speaker, base: bytes) -> bytes:
    return ENVELOPE_ENCODER.encode(
        Envelope(
            org_id=login.org_id,
            key_id=speaker.key_id,
            environment=login.environment,
            source=FEEDBACK_SOURCE,
            received_at_ms=speaker.now_ms,
            event_id_base=base,
            server_ip=None,
            may_backdate=True,  # it counts from the time of the login
            rejected=(),
            body=feedback_body(login, name, about),
            is_repeat=True,  # the pipeline looks whether it has been said before
        )
    )
