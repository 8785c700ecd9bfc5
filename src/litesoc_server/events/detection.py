"""One firing of one detector, self-contained: alerts are built from it without asking the pipeline again."""

import hashlib
from enum import StrEnum

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Device, Geo, Network
from litesoc_server.events.ids import EventId, OrgId

_SEPARATOR = "\x1f"
_ESCAPES = str.maketrans({"\x1e": "\x1e0", _SEPARATOR: "\x1e1"})  # in what senders may have named
# Fields of a detection, and of an alert's incident, in which a person may be named. The others hold words of ours.
NAMING_FIELDS = frozenset(
    {
        *("actor_id", "actor_email", "source_ip", "incident_key", "key", "entered"),
        *("title", "description", "reasons", "value", "ruled_out", "actions"),
    }
)
EVIDENCE_EVENTS_MAX = 50  # event ids carried by one detection; the alert keeps the newest of all its detections


class AlertSeverity(StrEnum):
    """Severity of a detection and of an alert (contract 3.4), least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical, to compare severities."""
        return list(AlertSeverity).index(self)


class AlertType(StrEnum):
    """The closed set of alert types on the wire (contract 3.5); the precise detector id stands beside it."""

    IMPOSSIBLE_TRAVEL = "impossible_travel"
    BRUTE_FORCE_ATTACK = "brute_force_attack"
    GEO_ANOMALY = "geo_anomaly"
    NEW_DEVICE = "new_device"
    PRIVILEGE_ESCALATION = "privilege_escalation"
    DATA_EXFILTRATION = "data_exfiltration"
    SUSPICIOUS_ACTIVITY = "suspicious_activity"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One number behind a detection, beside the threshold it was held against."""

    name: str  # snake_case with its unit last, e.g. "failures_count", "speed_kmh"
    value: float | int | str
    threshold: float | int | None = None


class Detection(msgspec.Struct, frozen=True, gc=False):
    """One firing of one detector."""

    detection_id: str  # 32 hex digits, see detection_id_for
    org_id: OrgId
    environment: Environment
    detector: str  # file name of the detector, e.g. "brute_force_address"
    alert_type: AlertType
    severity: AlertSeverity
    incident_key: str  # "family|campaign", e.g. "credential_attack|ip:203.0.113.9": open alerts are grouped by it
    title: str
    description: str  # one or two sentences for people: what happened, with numbers
    reasons: tuple[str, ...]  # why it fired, each with the number and its threshold
    facts: tuple[Fact, ...]  # the same numbers for machines
    ruled_out: tuple[str, ...]  # benign causes that were checked and do not explain it
    actions: tuple[str, ...]  # suggested next steps
    trigger_event_id: EventId
    event_ids: tuple[EventId, ...]  # evidence, oldest first, at most EVIDENCE_EVENTS_MAX
    event_count: int  # events in the incident so far as the detector counts them (may exceed len(event_ids))
    first_seen_ms: int  # event time, Unix ms
    last_seen_ms: int  # event time, Unix ms
    actor_id: str | None = None  # personal data
    actor_email: str | None = None  # personal data
    source_ip: str | None = None  # personal data
    geo: Geo | None = None  # of the trigger event
    network: Network | None = None  # of the trigger event
    device: Device | None = None  # of the trigger event
    risk_score: int | None = None  # of the trigger event, 0 to 100
    is_entry: bool = False  # somebody may have got into the actor's account
    suppressed_by: str | None = None  # id of the suppression that keeps it from becoming an alert


def detection_id_for(*, detector: str, org_id: OrgId, environment: Environment, key: str, window: str) -> str:
    """Return the id that the same firing always gets, and no other one, so that redelivery changes nothing.

    ``key`` is what the detector watches (an address, an actor), ``window`` what sets this firing apart from the next one on
    the same key, e.g. the id of the triggering event.
    """
    world = f"test|{detector}" if environment is Environment.TEST else detector
    digest = hashlib.sha256(_SEPARATOR.join((world, org_id, key.translate(_ESCAPES), window)).encode())
    return digest.hexdigest()[:32]


DETECTION_ENCODER = msgspec.msgpack.Encoder()
DETECTION_DECODER = msgspec.msgpack.Decoder(Detection)
