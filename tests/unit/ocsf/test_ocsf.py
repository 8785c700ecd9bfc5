"""What leaves as OCSF has what the schema requires, looks as the golden files say, and comes back as the same event."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.catalog import CATALOG, RESERVED_PREFIX
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, NetworkKind, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.ocsf.classes import MEANINGS, ClassUid
from litesoc_server.ocsf.event import event_object, ocsf_line
from litesoc_server.ocsf.finding import Activity, Finding, finding_object
from litesoc_server.sources.base import SourceItem
from litesoc_server.sources.registry import WEBHOOK_SOURCES
from litesoc_server.sources.timestamps import parse_rfc3339_ms

GOLDEN = Path(__file__).parents[2] / "golden" / "ocsf"

# Attributes with requirement "required", and constraints, of https://schema.ocsf.io/1.3.0 (pages named in ocsf/classes.py).
BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
REQUIRED: dict[int, set[str]] = {
    3001: BASE | {"user"},
    3002: BASE | {"user"},
    3003: BASE | {"user"},
    6003: BASE | {"actor", "api", "src_endpoint"},
    2004: BASE | {"finding_info"},
}
AT_LEAST_ONE: dict[int, set[str]] = {3002: {"service", "dst_endpoint"}, 3003: {"privileges", "group"}}
OBJECTS: dict[str, tuple[set[str], set[str]]] = {  # by attribute: required ones, and those of which one must be there
    "metadata": ({"product", "version"}, set()),
    "product": ({"vendor_name"}, set()),
    "user": (set(), {"account", "name", "uid"}),
    "actor": (set(), {"process", "user", "invoked_by", "session", "app_name", "app_uid"}),
    "src_endpoint": (set(), {"ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "domain"}),
    "api": ({"operation"}, set()),
    "finding_info": ({"uid", "title"}, set()),
    "analytic": ({"type_id"}, {"name", "uid"}),
    "service": (set(), {"name", "uid"}),
}
ACTIVITIES: dict[int, set[int]] = {
    3001: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99},
    3002: {0, 1, 2, 3, 4, 5, 6, 99},
    3003: {0, 1, 2, 99},
    6003: {0, 1, 2, 3, 4, 99},
    2004: {0, 1, 2, 3, 99},
}


def make_event(name: str = "auth.login_failed", **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "event_id": EventId("0198f0a1-1111-7222-8333-444455556666"),
        "org_id": OrgId("6f1e0f6e-0000-4000-8000-000000000001"),
        "environment": Environment.LIVE,
        "key_id": "k1",
        "source": "collect",
        "occurred_at_ms": 1_786_259_564_120,
        "received_at_ms": 1_786_259_564_500,
        "name": name,
        "category": name.partition(".")[0],
        "severity": Severity.WARNING,
        "actor": Actor("usr_8841", "mira@shop.example"),
        "user_ip": "198.51.100.77",
        "server_ip": "203.0.113.4",
        "metadata": msgspec.Raw(b'{"reason":"bad_password","form":"checkout"}'),
        "geo": Geo("NO", "Vestland", "Bergen", 60.39, 5.32),
        "network": Network(asn=64500, as_org="Example Net", is_vpn=False, kind=NetworkKind.ISP),
        "device": Device("Mozilla/5.0", "Firefox", "128", "Windows", None, "dev_1"),
        "session_id": "sess_1",
    }
    return Event(**(fields | changes))


FINDING = Finding(
    alert_id="6f1e0f6e-0000-4000-8000-00000000000a",
    change_id="6f1e0f6e-0000-4000-8000-00000000000a.0",
    activity=Activity.CREATE,
    org_id="6f1e0f6e-0000-4000-8000-000000000001",
    environment="live",
    alert_type="brute_force_attack",
    severity=AlertSeverity.HIGH,
    status="open",
    title="Brute force from 198.51.100.77",
    description="6 failed logins from one address within 5 minutes.",
    source_ip="198.51.100.77",
    actor_id="usr_8841",
    detectors=("brute_force_address", "password_spray"),
    reasons=("6 failures in 5 minutes; the threshold is 5",),
    event_ids=("0198f0a1-1111-7222-8333-444455556666",),
    event_count=6,
    first_seen_ms=1_786_259_564_120,
    last_seen_ms=1_786_259_800_000,
    created_ms=1_786_259_800_100,
    changed_ms=1_786_259_800_100,
    url="https://soc.example/alerts/6f1e0f6e-0000-4000-8000-00000000000a",
)


def lacking(found: dict[str, Any]) -> Iterator[str]:
    """Yield what the schema requires and ``found`` lacks."""
    class_uid = found["class_uid"]
    yield from REQUIRED[class_uid] - found.keys()
    if class_uid in AT_LEAST_ONE and not AT_LEAST_ONE[class_uid] & found.keys():
        yield f"one of {AT_LEAST_ONE[class_uid]}"
    yield from _lacking_inside(found)


def _lacking_inside(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if name in {"unmapped", "raw_data"}:
            continue
        for inner in value if isinstance(value, list) else [value]:
            if not isinstance(inner, dict):
                continue
            required, one_of = OBJECTS.get(name, (set(), set()))
            yield from (f"{name}.{missing}" for missing in required - inner.keys())
            if one_of and not one_of & inner.keys():
                yield f"{name}: one of {one_of}"
            yield from _lacking_inside(inner)


@pytest.mark.parametrize("name", [*CATALOG, "shop.cart_emptied"])
@pytest.mark.parametrize("is_bare", [False, True])
def test_every_event_has_what_its_class_requires(name: str, *, is_bare: bool) -> None:
    nothing = {"actor": None, "user_ip": None, "geo": None, "network": None, "device": None, "session_id": None}
    event = make_event(name, **(nothing | {"metadata": msgspec.Raw(b"{}")} if is_bare else {}))
    found = event_object(event)
    assert list(lacking(found)) == []
    assert found["activity_id"] in ACTIVITIES[found["class_uid"]]
    assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]
    assert found["category_uid"] == found["class_uid"] // 1000


@pytest.mark.parametrize("activity", list(Activity))
@pytest.mark.parametrize("is_bare", [False, True])
def test_every_alert_has_what_its_class_requires(activity: Activity, *, is_bare: bool) -> None:
    nothing: dict[str, Any] = {
        "description": None,
        "source_ip": None,
        "actor_id": None,
        "detectors": (),
        "reasons": (),
        "url": "",
    }
    found = finding_object(msgspec.structs.replace(FINDING, activity=activity, **(nothing if is_bare else {})))
    assert list(lacking(found)) == []
    assert found["activity_id"] in ACTIVITIES[2004]
    assert found["type_uid"] == 200_400 + activity


def test_all_four_classes_are_written() -> None:
    assert {meaning.class_uid for meaning in MEANINGS.values()} == set(ClassUid) - {ClassUid.DETECTION_FINDING}
    assert set(MEANINGS) <= set(CATALOG)


CASES = {
    "login_failed": event_object(make_event()),
    "user_suspended": event_object(make_event("admin.user_suspended", metadata=msgspec.Raw(b'{"target_id":"usr_9"}'))),
    "role_changed": event_object(make_event("authz.role_changed", metadata=msgspec.Raw(b'{"new_role":"admin"}'))),
    "data_export": event_object(
        make_event("data.export", actor=None, user_ip=None, device=None, metadata=msgspec.Raw(b'{"resource":"orders"}'))
    ),
    "risky_login": event_object(make_event("auth.login_success", risk=Risk(71, 4.2, ()), severity=Severity.INFO)),
    "alert_created": finding_object(FINDING),
    "alert_closed": finding_object(msgspec.structs.replace(FINDING, activity=Activity.CLOSE, status="dismissed")),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden_objects(case: str) -> None:
    path = GOLDEN / f"{case}.json"
    shown = json.loads(ocsf_line(CASES[case]))
    shown["metadata"]["product"]["version"] = "VERSION"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    assert shown == json.loads(path.read_text(encoding="utf-8"))


NAMES = st.sampled_from(sorted(name for name in CATALOG if not name.startswith(RESERVED_PREFIX)))
TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: not text.isspace() and "\0" not in text)


@given(
    name=NAMES | st.from_regex(r"[a-z]{1,8}\.[a-z_]{1,12}", fullmatch=True).filter(lambda name: "litesoc." not in name),
    actor=st.none() | st.builds(Actor, TEXTS, st.none() | st.just("mira@shop.example")),
    address=st.none() | st.ip_addresses().map(str),
    at_ms=st.integers(min_value=1, max_value=4_000_000_000_000),
)
def test_what_left_comes_back_the_same(name: str, actor: Actor | None, address: str | None, at_ms: int) -> None:
    at_ms = max(at_ms, 100_000_000_000)  # before 1973 milliseconds look like seconds
    event = make_event(name, actor=actor, user_ip=address, occurred_at_ms=at_ms)
    (entry,) = WEBHOOK_SOURCES["ocsf"].translate(ocsf_line(event_object(event)))
    assert isinstance(entry, SourceItem)
    assert entry.name == name
    assert entry.actor_id == (None if actor is None else actor.id)
    assert entry.actor_email == (None if actor is None else actor.email)
    assert entry.user_ip == address
    assert entry.provider_id == event.event_id
    assert entry.timestamp is not None
    assert parse_rfc3339_ms(entry.timestamp) == at_ms
