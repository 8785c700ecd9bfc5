"""What an alert has to do with one event."""

from dataclasses import dataclass

from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event


@dataclass(frozen=True)
class EventAlert:
    """One alert that an event triggered or is evidence of."""

    alert: Alert
    is_trigger: bool
    detectors: tuple[str, ...]  # that the event triggered; of an alert it is only evidence of, all of them
    reasons: tuple[str, ...]  # what these say, each with the number and its threshold


def event_alert(alert: Alert, event: Event) -> EventAlert:
    """Return what ``alert`` says about ``event``."""
    findings = alert.incident.findings
    triggered = tuple(finding for finding in findings if finding.trigger_event_id == event.event_id)
    shown = triggered or findings
    return EventAlert(
        alert=alert,
        is_trigger=bool(triggered) or alert.trigger_event_id == event.event_id,
        detectors=tuple(finding.detector for finding in shown),
        reasons=tuple(dict.fromkeys(reason for finding in shown for reason in finding.reasons)),
    )
