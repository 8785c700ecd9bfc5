"""Alarms of whatever system is evaluated, and the incidents that people would see of them."""

from collections.abc import Mapping

import msgspec

from litesoc_server.events.detection import Detection
from litesoc_server.events.ids import OrgId

QUIET_MS = 24 * 3_600_000  # an incident that comes back after so long is a new one, as for open alerts that were looked at


class Alarm(msgspec.Struct, frozen=True):
    """One firing, of ours or of a baseline."""

    org_id: OrgId
    detector: str
    incident_key: str
    at_ms: int  # event time of what set it off, Unix ms
    trigger_event_id: str
    event_ids: tuple[str, ...]  # evidence


class Incident(msgspec.Struct):
    """Alarms of one key that follow each other within QUIET_MS."""

    org_id: OrgId
    key: str
    last_ms: int
    detectors: dict[str, set[int | None]]  # detector -> the campaigns it was about; None: about no campaign


def alarm_of(detection: Detection) -> Alarm:
    """Return a detection as an alarm."""
    return Alarm(
        org_id=detection.org_id,
        detector=detection.detector,
        incident_key=detection.incident_key,
        at_ms=detection.last_seen_ms,
        trigger_event_id=detection.trigger_event_id,
        event_ids=tuple(detection.event_ids),
    )


def campaign_of(alarm: Alarm, campaigns: Mapping[str, int]) -> int | None:
    """Return the campaign that an alarm is about: that of its trigger, else the one that half of its evidence belongs to."""
    by_trigger = campaigns.get(alarm.trigger_event_id)
    if by_trigger is not None:
        return by_trigger
    labelled = [campaigns[event_id] for event_id in alarm.event_ids if event_id in campaigns]
    if not labelled or 2 * len(labelled) < len(alarm.event_ids):
        return None
    return max(set(labelled), key=labelled.count)


class IncidentBook:
    """Groups alarms into incidents as they come."""

    def __init__(self) -> None:
        self.incidents: list[Incident] = []
        self._open: dict[tuple[OrgId, str], int] = {}

    def add(self, alarm: Alarm, campaign: int | None) -> int:
        """Add an alarm that is about ``campaign``; returns the number of its incident."""
        key = (alarm.org_id, alarm.incident_key)
        number = self._open.get(key)
        if number is None or alarm.at_ms - self.incidents[number].last_ms > QUIET_MS:
            number = self._open[key] = len(self.incidents)
            self.incidents.append(Incident(alarm.org_id, alarm.incident_key, alarm.at_ms, {}))
        incident = self.incidents[number]
        incident.last_ms = max(incident.last_ms, alarm.at_ms)
        incident.detectors.setdefault(alarm.detector, set()).add(campaign)
        return number
