"""What detectors said about one incident, put together. Pure: the same detections give the same incident in any order."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from litesoc_server.alerts.counting import CountedWindow, Tally, add_window
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Device, Geo, Network
from litesoc_server.events.ids import EventId
from litesoc_server.events.structs import converter

EVIDENCE_MAX = 200  # event ids kept, the newest
ENTERED_MAX = 1_000  # accounts
Name = TypeVar("Name", bound=str)


class Finding(msgspec.Struct, frozen=True):
    """One detector's weightiest detection of the incident: the most severe, of equals the latest."""

    detection_id: str
    detector: str
    alert_type: AlertType
    severity: AlertSeverity
    title: str
    description: str
    reasons: tuple[str, ...]
    facts: tuple[Fact, ...]
    ruled_out: tuple[str, ...]
    actions: tuple[str, ...]
    trigger_event_id: EventId
    last_seen_ms: int  # event time, Unix ms
    event_count: int
    actor_id: str | None = None  # personal data
    actor_email: str | None = None  # personal data
    source_ip: str | None = None  # personal data
    geo: Geo | None = None
    network: Network | None = None
    device: Device | None = None
    risk_score: int | None = None  # of the trigger event, 0 to 100

    @property
    def weight(self) -> tuple[int, int, int, bool, str]:
        """What the findings are ordered by: of several about the same login, the one whose type says what it is comes first.

        The id settles ties, so that the order of arrival does not.
        """
        is_specific = self.alert_type is not AlertType.SUSPICIOUS_ACTIVITY
        return self.severity.rank, self.last_seen_ms, self.event_count, is_specific, self.detection_id


class Swallowed(msgspec.Struct, frozen=True):
    """One incident that has no alert of its own, because a storm took it (storm.py)."""

    key: str  # may hold personal data
    severity: AlertSeverity
    detectors: tuple[str, ...]  # sorted
    first_seen_ms: int  # event time, Unix ms
    last_seen_ms: int  # event time, Unix ms
    detections_count: int


class Incident(msgspec.Struct, frozen=True):
    """Everything known of one incident. It has at least one finding."""

    findings: tuple[Finding, ...]  # one per detector, the weightiest first
    tally: Tally
    first_seen_ms: int  # event time, Unix ms
    last_seen_ms: int  # event time, Unix ms
    event_ids: tuple[EventId, ...]  # evidence, sorted; the ids begin with the time of receipt, so oldest first
    entered: tuple[str, ...] = ()  # actors whose accounts somebody may have got into, sorted; personal data
    swallowed: tuple[Swallowed, ...] = ()  # of a storm: the incidents in it, the most severe first

    @property
    def headline(self) -> Finding:
        """The finding that gives the alert its title and severity."""
        return self.findings[0]

    @property
    def detectors(self) -> frozenset[str]:
        """All that found something; of a storm also those that found the incidents in it."""
        of_swallowed = (detector for one in self.swallowed for detector in one.detectors)
        return frozenset([*(finding.detector for finding in self.findings), *of_swallowed])

    @property
    def count(self) -> int:
        """Events in the incident: at least as many as the windows prove and as evidence names."""
        return max(self.tally.count, len(self.event_ids))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is an alert: the headline's reasons, then what other detectors add."""
        return _merged(finding.reasons for finding in self.findings)

    @property
    def ruled_out(self) -> tuple[str, ...]:
        """Benign causes that were checked."""
        return _merged(finding.ruled_out for finding in self.findings)

    @property
    def actions(self) -> tuple[str, ...]:
        """Suggested next steps."""
        return _merged(finding.actions for finding in self.findings)

    @property
    def actor_id(self) -> str | None:
        """The actor of the weightiest finding that names one. Personal data."""
        return next((finding.actor_id for finding in self.findings if finding.actor_id is not None), None)

    @property
    def source_ip(self) -> str | None:
        """The address of the weightiest finding that names one. Personal data."""
        return next((finding.source_ip for finding in self.findings if finding.source_ip is not None), None)


read_incident = converter(Incident)  # from what JSON decodes to


def incident_from(detection: Detection) -> Incident:
    """Return the incident of which ``detection`` is the first that is known."""
    window = CountedWindow(detection.last_seen_ms, detection.first_seen_ms, detection.event_count)
    return Incident(
        findings=(_finding(detection),),
        tally=add_window(Tally(), window),
        first_seen_ms=detection.first_seen_ms,
        last_seen_ms=detection.last_seen_ms,
        event_ids=tuple(sorted(set(detection.event_ids)))[-EVIDENCE_MAX:],
        entered=_entered(detection),
    )


def add_detection(incident: Incident, detection: Detection) -> Incident:
    """Return ``incident`` with one more detection."""
    window = CountedWindow(detection.last_seen_ms, detection.first_seen_ms, detection.event_count)
    return Incident(
        findings=_with_finding(incident.findings, _finding(detection)),
        tally=add_window(incident.tally, window),
        first_seen_ms=min(incident.first_seen_ms, detection.first_seen_ms),
        last_seen_ms=max(incident.last_seen_ms, detection.last_seen_ms),
        event_ids=_with_all(incident.event_ids, detection.event_ids)[-EVIDENCE_MAX:],
        entered=_with_all(incident.entered, _entered(detection))[:ENTERED_MAX],
    )


def _with_all(known: tuple[Name, ...], more: Iterable[Name]) -> tuple[Name, ...]:
    """Return sorted names and those of ``more`` that are new. Of a long attack's detections nearly none brings any."""
    new = set(more).difference(known)
    return tuple(sorted((*known, *new))) if new else known


def _entered(detection: Detection) -> tuple[str, ...]:
    return (detection.actor_id,) if detection.is_entry and detection.actor_id is not None else ()


def _finding(detection: Detection) -> Finding:
    return Finding(
        detection_id=detection.detection_id,
        detector=detection.detector,
        alert_type=detection.alert_type,
        severity=detection.severity,
        title=detection.title,
        description=detection.description,
        reasons=detection.reasons,
        facts=detection.facts,
        ruled_out=detection.ruled_out,
        actions=detection.actions,
        trigger_event_id=detection.trigger_event_id,
        last_seen_ms=detection.last_seen_ms,
        event_count=detection.event_count,
        actor_id=detection.actor_id,
        actor_email=detection.actor_email,
        source_ip=detection.source_ip,
        geo=detection.geo,
        network=detection.network,
        device=detection.device,
        risk_score=detection.risk_score,
    )


def _with_finding(findings: tuple[Finding, ...], new: Finding) -> tuple[Finding, ...]:
    by_detector = {finding.detector: finding for finding in findings}
    known = by_detector.get(new.detector)
    if known is None or new.weight > known.weight:
        by_detector[new.detector] = new
    return tuple(sorted(by_detector.values(), key=lambda finding: finding.weight, reverse=True))


def _merged(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for texts in lists for text in texts))
