"""A storm: so many incidents at once that one alert which lists them serves people better than one alert for each.

Pure, like incident.py: the same detections give the same storm in any order, as long as it lists no more than SWALLOWED_MAX.
"""

from collections import Counter

import msgspec

from litesoc_server.alerts.counting import CountedWindow, Tally, add_window
from litesoc_server.alerts.incident import EVIDENCE_MAX, Finding, Incident, Swallowed
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.policy import DetectionPolicy

STORM = "storm"  # stands where a detector's id stands
STORM_KEY = "storm|organisation"  # its incident: an organisation has one at a time
SWALLOWED_MAX = 300  # incidents listed; of more, the most severe and the latest
_KEYS_SHOWN_MAX = 5  # per detector, in words
_NOTHING = Incident(findings=(), tally=Tally(), first_seen_ms=0, last_seen_ms=0, event_ids=())


def may_be_swallowed(detection: Detection) -> bool:
    """Return whether a storm may take the incident of ``detection``: a critical one always gets an alert of its own."""
    return detection.severity is not AlertSeverity.CRITICAL


def add_to_storm(storm: Incident | None, detection: Detection, policy: DetectionPolicy) -> Incident:
    """Return the storm with one more detection; None begins one."""
    known = storm or msgspec.structs.replace(
        _NOTHING, first_seen_ms=detection.first_seen_ms, last_seen_ms=detection.last_seen_ms
    )
    window = CountedWindow(detection.last_seen_ms, detection.first_seen_ms, detection.event_count)
    grown = Incident(
        findings=(),
        tally=add_window(known.tally, window),
        first_seen_ms=min(known.first_seen_ms, detection.first_seen_ms),
        last_seen_ms=max(known.last_seen_ms, detection.last_seen_ms),
        event_ids=tuple(sorted({*known.event_ids, *detection.event_ids}))[-EVIDENCE_MAX:],
        swallowed=_with(known.swallowed, detection),
    )
    return msgspec.structs.replace(grown, findings=(_told(grown, policy),))


def keys_between(storm: Incident, since_ms: int, until_ms: int) -> set[str]:
    """Return the keys of the incidents in ``storm`` that were last seen after ``since_ms`` and before ``until_ms``."""
    return {one.key for one in storm.swallowed if since_ms < one.last_seen_ms < until_ms}


def _with(swallowed: tuple[Swallowed, ...], detection: Detection) -> tuple[Swallowed, ...]:
    by_key = {one.key: one for one in swallowed}
    new = Swallowed(
        key=detection.incident_key,
        severity=detection.severity,
        detectors=(detection.detector,),
        first_seen_ms=detection.first_seen_ms,
        last_seen_ms=detection.last_seen_ms,
        detections_count=1,
    )
    known = by_key.get(new.key)
    by_key[new.key] = new if known is None else _merged(known, new)
    gravest_first = sorted(by_key.values(), key=lambda one: (-one.severity.rank, -one.last_seen_ms, one.key))
    return tuple(gravest_first[:SWALLOWED_MAX])


def _merged(one: Swallowed, other: Swallowed) -> Swallowed:
    return Swallowed(
        key=one.key,
        severity=max(one.severity, other.severity, key=lambda severity: severity.rank),
        detectors=tuple(sorted({*one.detectors, *other.detectors})),
        first_seen_ms=min(one.first_seen_ms, other.first_seen_ms),
        last_seen_ms=max(one.last_seen_ms, other.last_seen_ms),
        detections_count=one.detections_count + other.detections_count,
    )


def _told(storm: Incident, policy: DetectionPolicy) -> Finding:
    """Put a storm into words."""
    number, limit = len(storm.swallowed), policy.storm_incidents_count
    incidents = f"{'at least ' if number == SWALLOWED_MAX else ''}{number:,} {'incident' if number == 1 else 'incidents'}"
    by_detector = Counter(detector for one in storm.swallowed for detector in one.detectors)
    counted = ", ".join(f"{detector} {count}" for detector, count in _most_first(by_detector))
    within = wording.duration(policy.storm_window_ms)
    return Finding(
        detection_id=STORM,
        detector=STORM,
        alert_type=AlertType.SUSPICIOUS_ACTIVITY,
        severity=storm.swallowed[0].severity,
        title=f"Storm of incidents: {incidents} beyond the first {limit}",
        description=(
            f"Between {wording.utc(storm.first_seen_ms)} and {wording.utc(storm.last_seen_ms)} there were more than {limit} "
            f"incidents within {within}. The first {limit} have alerts of their own; {incidents} more are gathered here: "
            f"{counted}."
        ),
        reasons=(
            f"more than {limit} incidents within {within}, the limit",
            *(_of_detector(storm, detector, count) for detector, count in _most_first(by_detector)),
        ),
        facts=(
            Fact("incidents_count", number, limit),
            Fact("window_ms", policy.storm_window_ms),
            *(Fact(f"{detector}_incidents_count", count) for detector, count in _most_first(by_detector)),
        ),
        ruled_out=(
            "Critical incidents: each of them has an alert of its own.",
            "Repeated delivery: every detection was counted once, by its id.",
        ),
        actions=(
            "Look at what the incidents have in common: one campaign, or one change in your application.",
            "If it is an attack: slow logins down for everybody (a captcha, a rate limit) rather than address by address.",
            "If it is not: correct what your application sends, or suppress the detector for that time.",
        ),
        trigger_event_id=storm.event_ids[-1],
        last_seen_ms=storm.last_seen_ms,
        event_count=storm.tally.count,
    )


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _of_detector(storm: Incident, detector: str, count: int) -> str:
    """Return one line about one detector: how many incidents, how severe, and which."""
    ones = [one for one in storm.swallowed if detector in one.detectors]
    keys = ", ".join(wording.name(one.key) for one in ones[:_KEYS_SHOWN_MAX])
    more = f" and {count - _KEYS_SHOWN_MAX:,} more" if count > _KEYS_SHOWN_MAX else ""
    return f"{detector}: {count:,}, at most {ones[0].severity.value}: {keys}{more}"
