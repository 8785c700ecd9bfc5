"""Strict types of what the API returns: PHP's typed properties and the SDKs' models stand or fall by them (contract 4)."""

import uuid
from datetime import datetime
from typing import Any

Json = dict[str, Any]
NONE = type(None)

EVENT_SEVERITIES = {"info", "warning", "critical"}
ALERT_SEVERITIES = {"low", "medium", "high", "critical"}
ALERT_STATUSES = {"open", "acknowledged", "resolved", "dismissed"}
ALERT_TYPES = {
    "impossible_travel",
    "brute_force_attack",
    "geo_anomaly",
    "new_device",
    "privilege_escalation",
    "data_exfiltration",
    "suspicious_activity",
    "rate_limit_exceeded",
}

_FLAGS = ("is_vpn", "is_tor", "is_proxy", "is_datacenter")
# Field -> the JSON types it may have. Exact: true is no number here, and 1 no float.
_EVENT: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "org_id", "event_name", "event", "severity", "created_at"), (str,)),
    **dict.fromkeys(("actor_id", "actor_email", "user_ip", "ip_address", "server_ip", "country_code", "city"), (str, NONE)),
    **dict.fromkeys(_FLAGS, (bool, NONE)),
    **dict.fromkeys(("latitude", "longitude"), (float, NONE)),
    **dict.fromkeys(("actor", "network_intelligence", "geolocation", "forensics"), (dict, NONE)),
    "metadata": (dict,),
    "trigger_event_id": (NONE,),
}
_ALERT: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "alert_type", "severity", "status", "title", "created_at", "updated_at"), (str,)),
    **dict.fromkeys(("description", "source_ip", "actor_id", "resolved_at", "resolved_by", "trigger_event_id"), (str, NONE)),
    "metadata": (dict,),
    "forensics": (dict, NONE),
}
_NETWORK: dict[str, tuple[type, ...]] = {
    **dict.fromkeys((*_FLAGS, "is_mobile"), (bool,)),
    "asn": (int, NONE),
    **dict.fromkeys(("asn_org", "isp"), (str, NONE)),
}
_LOCATION: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("city", "region", "country_code", "country_name", "timezone"), (str, NONE)),
    **dict.fromkeys(("latitude", "longitude"), (float, NONE)),
}
_FLAT: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(_FLAGS, (bool, NONE)),
    **dict.fromkeys(("latitude", "longitude"), (float, NONE)),
    **dict.fromkeys(("city", "country", "isp"), (str, NONE)),
    "threat_score": (int, NONE),
}


def assert_event(row: Json) -> None:
    """Check one event of a list or alone (contract 4.1)."""
    _assert_types("event", row, _EVENT)
    uuid.UUID(row["id"])
    uuid.UUID(row["org_id"])
    assert row["severity"] in EVENT_SEVERITIES
    _assert_time(row["created_at"])
    assert row["event"] == row["event_name"]
    assert row["ip_address"] == row["user_ip"]
    if row["actor_id"] is None:
        assert row["actor"] is None
    else:
        assert row["actor"] == {"id": row["actor_id"], "email": row["actor_email"]}
    if row["country_code"] is not None:
        assert len(row["country_code"]) == 2
        assert row["country_code"].isupper()
    assert_forensics(row["forensics"])


def assert_alert(row: Json) -> None:
    """Check one alert (contract 4.2)."""
    _assert_types("alert", row, _ALERT)
    uuid.UUID(row["id"])
    if row["trigger_event_id"] is not None:
        uuid.UUID(row["trigger_event_id"])
    assert row["alert_type"] in ALERT_TYPES
    assert row["severity"] in ALERT_SEVERITIES
    assert row["status"] in ALERT_STATUSES
    assert row["title"]
    for name in ("created_at", "updated_at"):
        _assert_time(row[name])
    if row["resolved_at"] is not None:
        _assert_time(row["resolved_at"])
    _assert_types("alert metadata", row["metadata"], _FLAT)
    assert_forensics(row["forensics"])


def assert_forensics(forensics: Json | None) -> None:
    """Check the forensics object of an event or alert (contract 4.3)."""
    if forensics is not None:
        _assert_types("network", forensics["network"], _NETWORK)
        _assert_types("location", forensics["location"], _LOCATION)


def _assert_types(what: str, row: Json, types: dict[str, tuple[type, ...]]) -> None:
    for name, allowed in types.items():
        assert name in row, f"{what}.{name} is missing"
        assert type(row[name]) in allowed, f"{what}.{name} is {row[name]!r}"


def _assert_time(text: str) -> None:
    assert text.endswith("Z"), text
    assert datetime.fromisoformat(text).utcoffset() is not None
