"""Events that are an alert by themselves: what the application reports as critical."""

from litesoc_server.events.catalog import CATALOG
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.grants import ESCALATION
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import scope_of, subject_of
from litesoc_server.pipeline.policy import HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Steps, Window, count

ID = "instant_alert"
ROLE_CHANGED = "authz.role_changed"
# An escalation is left to its own detector, so that one event does not make two alerts.
EVENT_NAMES = frozenset(name for name, known in CATALOG.items() if known.is_instant) - {ESCALATION}

_ALERT_TYPES = {
    "data.bulk_delete": AlertType.DATA_EXFILTRATION,
    "data.sensitive_access": AlertType.DATA_EXFILTRATION,
}
# What another detector may report as well: the same incident then, not a second alert.
_FAMILIES = {
    ROLE_CHANGED: "privilege",
    "data.bulk_delete": "data_deletion",
    "data.sensitive_access": "data_exfiltration",
}
# Often somebody's ordinary work, or an attempt that was already stopped. The others say that harm is being done.
_HIGH_ONLY = frozenset({"authz.access_denied", ROLE_CHANGED, "data.sensitive_access"})


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Fire on the event; while more of the kind follow, keep the incident up to date."""
    del policy  # these events alert at once, whatever the settings; muting is the runner's
    subject = subject_of(event)
    key = f"{event.name}|{subject}"
    window = yield from count(
        key=f"{scope_of(event)}instant|{key}", window_ms=HOUR_MS, at_ms=event.occurred_at_ms, member=event.event_id
    )
    current = beat(window.last_ms, window.count)
    if not (yield from claim(event, detector=ID, key=key, window=current)):
        return ()
    return (detection_of(_describe(event, subject, window), event, origin_of(event), key=key, window=current),)


def _describe(event: Event, subject: str, window: Window) -> Finding:
    who = wording.name(subject.partition(":")[2]) if subject != "unknown" else "somebody unknown"
    times = ""
    if window.count > 1:
        times = f", {wording.number(window.count)} times {wording.span(window.first_ms, window.last_ms)}"
    where = f" from {event.user_ip} ({wording.place(event.geo)})" if event.user_ip is not None else ""
    what = f"The application reported {event.name} by {who}{where} at {wording.utc(window.last_ms)}{times}."
    return Finding(
        detector=ID,
        alert_type=_ALERT_TYPES.get(event.name, AlertType.SUSPICIOUS_ACTIVITY),
        severity=AlertSeverity.HIGH if event.name in _HIGH_ONLY else AlertSeverity.CRITICAL,
        incident_key=f"{_FAMILIES.get(event.name, f'instant|{event.name}')}|{subject}",
        title=f"{event.name} by {who}{times}",
        description=f"{CATALOG[event.name].description} {what}",
        reasons=(
            f"{event.name} is one of the events that alert at once",
            f"{wording.several(window.count, 'such event')} of {who} within {wording.duration(HOUR_MS)}; the limit is 1",
        ),
        facts=(Fact("events_count", window.count, 1), Fact("window_ms", HOUR_MS)),
        ruled_out=("Repeated delivery: every event was counted once, by its id.",),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(window),
    )


DETECTOR = Detector(
    id=ID,
    title="Critical event",
    group=DetectorGroup.EVENTS,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.CRITICAL,
    techniques=(
        AttackTechnique("T1078", "Valid Accounts"),
        AttackTechnique("T1485", "Data Destruction"),
        AttackTechnique("T1530", "Data from Cloud Storage"),
    ),
    description=(
        "Turns events that the application itself reports as critical into an alert at once, whatever the plan: "
        f"{', '.join(sorted(EVENT_NAMES))}. Critical; high for {', '.join(sorted(_HIGH_ONLY))}, which are often ordinary "
        "work or an attempt that was stopped. Repeats by the same actor (or from the same address) update the one alert, "
        "once a minute and whenever their count in an hour has grown by an eighth. "
        f"Incident: instant|<event>|<actor or address>; {ROLE_CHANGED} shares privilege|<actor or address> with "
        "privilege_escalation, data.bulk_delete data_deletion|… and data.sensitive_access data_exfiltration|… with "
        f"mass_data_access. {ESCALATION} is left to privilege_escalation."
    ),
    false_positives=(
        "An administrator does planned work: a clean-up, a role change, a look at a customer's record.",
        "A client without the needed rights polls a protected page.",
    ),
    actions=(
        "Ask the actor whether this was theirs and planned.",
        "If not: end the actor's sessions, reset the password and review what else was done.",
    ),
    event_names=EVENT_NAMES,
    examine=examine,
)
