"""One alert of ours as an OCSF Detection Finding (https://schema.ocsf.io/1.3.0/classes/detection_finding)."""

from enum import IntEnum

import msgspec

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.ocsf.classes import CATEGORIES, CLASS_NAMES, SCHEMA_VERSION, ClassUid
from litesoc_server.ocsf.event import PRODUCT, Ocsf

SEVERITIES = {
    AlertSeverity.LOW: (2, "Low"),
    AlertSeverity.MEDIUM: (3, "Medium"),
    AlertSeverity.HIGH: (4, "High"),
    AlertSeverity.CRITICAL: (5, "Critical"),
}
_STATUSES = {
    "open": (1, "New"),
    "acknowledged": (2, "In Progress"),
    "dismissed": (3, "Suppressed"),
    "resolved": (4, "Resolved"),
}
_RULE = 1  # analytic.type_id


class Activity(IntEnum):
    """What happened to the finding."""

    CREATE = 1
    UPDATE = 2
    CLOSE = 3


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What of an alert a Detection Finding says. Times are Unix ms."""

    alert_id: str
    change_id: str  # of this one line: of the alert and how often it has changed
    activity: Activity
    org_id: str
    environment: str
    alert_type: str
    severity: AlertSeverity
    status: str
    title: str  # may hold personal data, as all below
    description: str | None = None
    source_ip: str | None = None
    actor_id: str | None = None
    detectors: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    event_count: int = 0
    first_seen_ms: int = 0
    last_seen_ms: int = 0
    created_ms: int = 0
    changed_ms: int = 0
    url: str = ""


def finding_object(finding: Finding) -> Ocsf:
    """Return ``finding`` as an object of the class Detection Finding."""
    class_uid, category = ClassUid.DETECTION_FINDING, CATEGORIES[2]
    activity = finding.activity.name.capitalize()
    status_id, status = _STATUSES.get(finding.status, (0, "Unknown"))
    found: Ocsf = {
        "category_uid": category.uid,
        "category_name": category.name,
        "class_uid": int(class_uid),
        "class_name": CLASS_NAMES[class_uid],
        "activity_id": int(finding.activity),
        "activity_name": activity,
        "type_uid": class_uid * 100 + finding.activity,
        "type_name": f"{CLASS_NAMES[class_uid]}: {activity}",
        "time": finding.changed_ms,
        "start_time": finding.first_seen_ms,
        "end_time": finding.last_seen_ms,
        "severity_id": SEVERITIES[finding.severity][0],
        "severity": SEVERITIES[finding.severity][1],
        "status_id": status_id,
        "status": status,
        "is_alert": finding.activity is not Activity.CLOSE,
        "message": finding.description or finding.title,
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": PRODUCT,
            "uid": finding.change_id,
            "event_code": f"alert.{finding.alert_type}",
            "log_name": "alerts",
            "tenant_uid": finding.org_id,
            "labels": [f"environment:{finding.environment}"],
        },
        "finding_info": _info(finding),
    }
    evidence: Ocsf = {}
    if finding.actor_id is not None:
        evidence["actor"] = {"user": {"uid": finding.actor_id, "type_id": 1}}
    if finding.source_ip is not None:
        evidence["src_endpoint"] = {"ip": finding.source_ip}
    if evidence:
        found["evidences"] = [evidence]
    if finding.reasons:
        found["unmapped"] = {"reasons": list(finding.reasons)}
    return found


def _info(finding: Finding) -> Ocsf:
    info: Ocsf = {
        "uid": finding.alert_id,
        "title": finding.title,
        "types": [finding.alert_type],
        "created_time": finding.created_ms,
        "modified_time": finding.changed_ms,
        "first_seen_time": finding.first_seen_ms,
        "last_seen_time": finding.last_seen_ms,
        "related_events_count": finding.event_count,
        "related_events": [{"uid": event_id} for event_id in finding.event_ids],
    }
    if finding.description is not None:
        info["desc"] = finding.description
    if finding.detectors:
        info["analytic"] = {"uid": finding.detectors[0], "name": finding.detectors[0], "type_id": _RULE, "type": "Rule"}
        info["related_analytics"] = [{"uid": one, "name": one, "type_id": _RULE} for one in finding.detectors[1:]]
    if finding.url:
        info["src_url"] = finding.url
    return info
