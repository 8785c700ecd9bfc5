"""One event of ours as an OCSF object.

Required attributes, and those of which one at least has to be there, are given also where we know nothing: a user "unknown"
of type 0 (Unknown), an endpoint named "unknown". Sources: the classes of ocsf/classes.py, and below
https://schema.ocsf.io/1.3.0/objects: /user, /network_endpoint, /metadata, /api, /location.
"""

from typing import Any

import msgspec

from litesoc_server import __version__
from litesoc_server.events.catalog import CATALOG
from litesoc_server.events.event import Event, Geo, Network, Severity
from litesoc_server.ocsf.classes import (
    CATEGORIES,
    CLASS_NAMES,
    OTHER,
    SCHEMA_VERSION,
    ClassUid,
    Meaning,
    StatusId,
    meaning_of,
)

Ocsf = dict[str, Any]

UNKNOWN = "unknown"
PRODUCT = {"name": "LiteSOC", "vendor_name": "LiteSOC", "version": __version__}
SEVERITIES = {Severity.INFO: (1, "Informational"), Severity.WARNING: (3, "Medium"), Severity.CRITICAL: (5, "Critical")}
_STATUS_NAMES = {StatusId.UNKNOWN: "Unknown", StatusId.SUCCESS: "Success", StatusId.FAILURE: "Failure"}
# Where senders and sources say in the metadata whose account an administrator changed; the first that is there.
_TARGETS = ("target_id", "target_user", "target_user_id", "target", "user")
_BY_ADMINISTRATORS = ("admin.", "authz.")

_METADATA_DECODER = msgspec.json.Decoder(dict[str, Any])
_ENCODER = msgspec.json.Encoder()


def event_object(event: Event) -> Ocsf:
    """Return ``event`` as an object of the class that its name means."""
    meaning = meaning_of(event.name)
    metadata = _METADATA_DECODER.decode(event.metadata)
    who = _user(event)
    found: Ocsf = {
        **_classification(meaning),
        "time": event.occurred_at_ms,
        "severity_id": SEVERITIES[event.severity][0],
        "severity": SEVERITIES[event.severity][1],
        "status_id": int(meaning.status),
        "status": _STATUS_NAMES[meaning.status],
        "message": CATALOG[event.name].description if event.name in CATALOG else event.name,
        "metadata": _metadata_object(event),
        "actor": {"user": who},
        "src_endpoint": _source(event),
    }
    reason = metadata.get("reason")
    if meaning.status is StatusId.FAILURE and isinstance(reason, str):
        found["status_detail"] = reason
    if event.device is not None and event.device.user_agent is not None:
        found["http_request"] = {"user_agent": event.device.user_agent}
    if event.session_id is not None:
        found["actor"]["session"] = {"uid": event.session_id}
    found |= _of_class(event, meaning, who, metadata)
    found["unmapped"] = _unmapped(event, metadata)
    return found


def ocsf_line(found: Ocsf) -> bytes:
    """Return an object as one line of NDJSON, its line end included."""
    return _ENCODER.encode(found) + b"\n"


def _classification(meaning: Meaning) -> Ocsf:
    class_uid = meaning.class_uid
    category = CATEGORIES[class_uid // 1000]
    return {
        "category_uid": category.uid,
        "category_name": category.name,
        "class_uid": int(class_uid),
        "class_name": CLASS_NAMES[class_uid],
        "activity_id": meaning.activity_id,
        "activity_name": meaning.activity,
        "type_uid": class_uid * 100 + meaning.activity_id,
        "type_name": f"{CLASS_NAMES[class_uid]}: {'Other' if meaning.activity_id == OTHER else meaning.activity}",
    }


def _metadata_object(event: Event) -> Ocsf:
    return {
        "version": SCHEMA_VERSION,
        "product": PRODUCT,
        "uid": event.event_id,
        "event_code": event.name,
        "log_name": "events",
        "log_provider": event.source,
        "logged_time": event.received_at_ms,
        "tenant_uid": event.org_id,
        "labels": [f"environment:{event.environment.value}"],
    }


def _of_class(event: Event, meaning: Meaning, who: Ocsf, metadata: Ocsf) -> Ocsf:
    """Return what the class asks for besides."""
    if meaning.class_uid is ClassUid.AUTHENTICATION:
        found: Ocsf = {"user": who, "service": {"name": event.source}, "is_remote": True}
        return found if event.session_id is None else {**found, "session": {"uid": event.session_id}}
    if meaning.class_uid is ClassUid.ACCOUNT_CHANGE:
        return {"user": _target(event, metadata) or who}
    if meaning.class_uid is ClassUid.AUTHORIZE_SESSION:
        privileges = [metadata[key] for key in ("role", "new_role", "permission") if isinstance(metadata.get(key), str)]
        return {"user": _target(event, metadata) or who, "privileges": privileges or [UNKNOWN]}
    resource = metadata.get("resource")
    api: Ocsf = {"api": {"operation": event.name, "service": {"name": event.source}}}
    return {**api, "resources": [{"name": resource}]} if isinstance(resource, str) else api


def _target(event: Event, metadata: Ocsf) -> Ocsf | None:
    """Return whose account it is about, where an administrator did it and the sender says so."""
    if not event.name.startswith(_BY_ADMINISTRATORS):
        return None
    for key in _TARGETS:
        target = metadata.get(key)
        if isinstance(target, dict):
            target = target.get("id")
        if isinstance(target, str) and target:
            return {"uid": target, "type_id": 1}
    return None


def _user(event: Event) -> Ocsf:
    if event.actor is None:
        return {"name": UNKNOWN, "type_id": 0}
    user: Ocsf = {"uid": event.actor.id, "type_id": 1}
    return user if event.actor.email is None else {**user, "email_addr": event.actor.email}


def _source(event: Event) -> Ocsf:
    """Return the end user's endpoint, with its place and network."""
    if event.user_ip is None:
        return {"name": UNKNOWN}
    endpoint: Ocsf = {"ip": event.user_ip}
    geo, network = event.geo or Geo(), event.network or Network()
    place = {"city": geo.city, "region": geo.region, "country": geo.country_code}
    if geo.latitude is not None and geo.longitude is not None:
        place |= {"lat": geo.latitude, "long": geo.longitude}
    location = {key: value for key, value in place.items() if value is not None}
    if location:
        endpoint["location"] = location
    if network.asn is not None:
        endpoint["autonomous_system"] = {"number": network.asn, **({"name": network.as_org} if network.as_org else {})}
    return endpoint


def _unmapped(event: Event, metadata: Ocsf) -> Ocsf:
    """Return what OCSF has no place for, under our own names."""
    network, device = event.network or Network(), event.device
    kept = {
        "metadata": metadata or None,
        "risk_score": None if event.risk is None else event.risk.score,
        "device_id": None if device is None else device.id,
        "server_ip": event.server_ip,
        "network_kind": None if network.kind is None else network.kind.value,
        "is_vpn": network.is_vpn,
        "is_tor": network.is_tor,
        "is_proxy": network.is_proxy,
        "is_datacenter": network.is_datacenter,
    }
    return {key: value for key, value in kept.items() if value is not None}
