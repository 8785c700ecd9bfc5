"""How a detector fires: once per minute, and as an incident grows, under an id that any redelivery repeats."""

from typing import Self, cast

import msgspec

from litesoc_server.events.detection import (
    EVIDENCE_EVENTS_MAX,
    AlertSeverity,
    AlertType,
    Detection,
    Fact,
    detection_id_for,
)
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.subjects import scope_of
from litesoc_server.pipeline.policy import DAY_MS, MINUTE_MS
from litesoc_server.pipeline.state.base import CountRequest, Steps, Window, once, peek

_BEATS_MS = MINUTE_MS  # no beat lasts longer
_COUNT_BITS = 4  # so eight firings from one power of two to the next


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The events that a finding rests on."""

    event_ids: tuple[str, ...]  # oldest first
    event_count: int  # more than event_ids when only the newest are known
    first_ms: int  # event time of the oldest and the newest, Unix ms
    last_ms: int

    @classmethod
    def of_one(cls, origin: Origin) -> Self:
        """Return a single event as evidence."""
        return cls(event_ids=(origin.event_id,), event_count=1, first_ms=origin.at_ms, last_ms=origin.at_ms)

    @classmethod
    def of_window(cls, window: Window) -> Self:
        """Return what was counted in a window, whose members are event ids, as evidence."""
        return cls(event_ids=window.members, event_count=window.count, first_ms=window.first_ms, last_ms=window.last_ms)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector has to say about one incident."""

    detector: str
    alert_type: AlertType
    severity: AlertSeverity
    incident_key: str
    title: str
    description: str
    reasons: tuple[str, ...]
    facts: tuple[Fact, ...]
    ruled_out: tuple[str, ...]
    actions: tuple[str, ...]
    evidence: Evidence
    is_entry: bool = False  # somebody may have got into the account


def beat(last_ms: int, count: int) -> str:
    """Return what sets one firing of a lasting incident apart from the next: its minute, and the leading bits of its count.

    So an open alert is right to the event up to 15, and to an eighth beyond that, however fast the attack is. It depends
    on the events alone, so every redelivery and every rebuilt state arrives at the same ids, and two firings in one beat
    are one detection.
    """
    shift = max(0, count.bit_length() - _COUNT_BITS)
    return f"{last_ms // MINUTE_MS}.{shift}.{count >> shift}"


def claim(event: Event, *, detector: str, key: str, window: str) -> Steps[bool]:
    """Return True if this firing is still to be announced. To be asked last: a rebuild gets False and must miss nothing.

    The claim is the event's, so the same event asking again (redelivered, or tried again after a failure) gets True again:
    what it announced may not have arrived. Announcing twice is harmless, the id is the same.
    """
    return (
        yield from once(
            key=f"{scope_of(event)}fired|{_id_of(event, detector, key, window)}",
            at_ms=event.occurred_at_ms,
            ttl_ms=DAY_MS,
            member=event.event_id,
        )
    )


def _id_of(event: Event, detector: str, key: str, window: str) -> str:
    return detection_id_for(detector=detector, org_id=event.org_id, environment=event.environment, key=key, window=window)


def claim_first(event: Event, *, detector: str, key: str, window: str) -> Steps[bool]:
    """Claim a firing whose window is a ``beat``, and let ``was_claimed`` tell other events so."""
    if not (yield from claim(event, detector=detector, key=key, window=window)):
        return False
    yield CountRequest(_claimed_key(event, detector, key), _BEATS_MS, event.occurred_at_ms, f"{window} {event.event_id}")
    return True


def was_claimed(event: Event, *, detector: str, key: str, window: str) -> Steps[bool]:
    """Return whether an event before this one has claimed this beat, so that nothing is left to find out.

    One question in place of all those that lead to a claim. Never true of the event's own claim, see ``claim``.
    """
    claimed = yield from peek(key=_claimed_key(event, detector, key), window_ms=_BEATS_MS, at_ms=event.occurred_at_ms)
    return any(one.startswith(f"{window} ") and not one.endswith(event.event_id) for one in claimed.members)


def _claimed_key(event: Event, detector: str, key: str) -> str:
    return f"{scope_of(event)}claimed|{detector}|{key}"


def detection_of(finding: Finding, event: Event, trigger: Origin, *, key: str, window: str) -> Detection:
    """Return the detection that announces ``finding``, triggered by ``trigger``, while ``event`` was examined.

    The two differ when a late event shows that an earlier one was the culprit. ``key`` and ``window`` as in ``claim``.
    """
    return Detection(
        detection_id=_id_of(event, finding.detector, key, window),
        org_id=event.org_id,
        environment=event.environment,
        detector=finding.detector,
        alert_type=finding.alert_type,
        severity=finding.severity,
        incident_key=finding.incident_key,
        title=finding.title,
        description=finding.description,
        reasons=finding.reasons,
        facts=finding.facts,
        ruled_out=finding.ruled_out,
        actions=finding.actions,
        trigger_event_id=trigger.event_id,
        event_ids=cast("tuple[EventId, ...]", finding.evidence.event_ids[-EVIDENCE_EVENTS_MAX:]),
        event_count=finding.evidence.event_count,
        first_seen_ms=finding.evidence.first_ms,
        last_seen_ms=finding.evidence.last_ms,
        actor_id=trigger.actor_id,
        actor_email=trigger.actor_email,
        source_ip=trigger.ip,
        geo=trigger.geo,
        is_entry=finding.is_entry,
        network=trigger.network,
        device=trigger.device,
    )
