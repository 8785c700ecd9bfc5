"""Synthetic events that look like a busy application's: few names, many actors with a home, a device and habits."""

import random
import uuid
from collections.abc import Iterator

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, Severity
from litesoc_server.events.ids import OrgId, draw_event_id_base, event_id_at
from litesoc_server.store.base import StoredEvent

DAY_MS = 86_400_000
RETENTION_MS = 90 * DAY_MS
ACTORS_PER_ORG = 5_000

_NAMES = (
    ("auth.login_success", Severity.INFO, 52),
    ("auth.login_failed", Severity.WARNING, 21),
    ("auth.logout", Severity.INFO, 12),
    ("user.profile_updated", Severity.INFO, 5),
    ("data.export", Severity.WARNING, 4),
    ("auth.password_reset", Severity.WARNING, 3),
    ("authz.access_denied", Severity.WARNING, 2),
    ("admin.privilege_escalation", Severity.CRITICAL, 1),
)
_PLACES = tuple(
    Geo(country, region, city, latitude, longitude, zone)
    for country, region, city, latitude, longitude, zone in (
        ("DE", "Berlin", "Berlin", 52.52, 13.405, "Europe/Berlin"),
        ("DE", "Bavaria", "Munich", 48.1374, 11.5755, "Europe/Berlin"),
        ("US", "New York", "New York", 40.7128, -74.006, "America/New_York"),
        ("US", "California", "San Francisco", 37.7749, -122.4194, "America/Los_Angeles"),
        ("FR", "Ile-de-France", "Paris", 48.8566, 2.3522, "Europe/Paris"),
        ("GB", "England", "London", 51.5074, -0.1278, "Europe/London"),
        ("IN", "Karnataka", "Bengaluru", 12.9716, 77.5946, "Asia/Kolkata"),
        ("BR", "Sao Paulo", "São Paulo", -23.5505, -46.6333, "America/Sao_Paulo"),
        ("JP", "Tokyo", "Tokyo", 35.6762, 139.6503, "Asia/Tokyo"),
        ("AU", "New South Wales", "Sydney", -33.8688, 151.2093, "Australia/Sydney"),
    )
)
_REASONS = ("bad_password", "unknown_user", "expired_password", "locked")


class _Persona(msgspec.Struct):
    """One synthetic user: everything about them that repeats."""

    actor: Actor
    user_ip: str
    geo: Geo
    network: Network
    device: Device


def _draw_device(rng: random.Random) -> Device:
    browser, major = rng.choice(("Firefox", "Chrome", "Edge")), str(rng.randint(120, 144))
    os_name, platform = rng.choice(
        (("Windows", "Windows NT 10.0; Win64; x64"), ("Mac OS X", "Macintosh; Intel Mac OS X 10_15_7"))
    )
    agent = f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) {browser}/{major}.0.0.0"
    return Device(agent, browser, major, os_name, None)


def _draw_persona(rng: random.Random, number: int) -> _Persona:
    place = rng.choice(_PLACES)
    # City databases know many points per city: shift each home a little.
    geo = msgspec.structs.replace(
        place,
        city=f"{place.city} {rng.randint(1, 40)}",
        latitude=round(place.latitude + rng.uniform(-1, 1), 4) if place.latitude is not None else None,
        longitude=round(place.longitude + rng.uniform(-1, 1), 4) if place.longitude is not None else None,
    )
    asn = rng.randint(1, 400) * 37
    flags = (False, False, False, False, rng.random() < 0.04, rng.random() < 0.4)
    return _Persona(
        actor=Actor(f"usr_{number:06d}{rng.getrandbits(24):06x}", f"person{number}@customer{rng.randint(1, 300)}.example"),
        user_ip=".".join(str(rng.randint(1, 254)) for _ in range(4)),
        geo=geo,
        network=Network(asn, f"Example Network {asn} GmbH", None, *flags),
        device=_draw_device(rng),
    )


def _metadata(rng: random.Random, name: str) -> msgspec.Raw:
    known: dict[str, object] = {"_sdk": "litesoc-python", "_sdk_version": "2.6.0"}
    if name == "auth.login_failed":
        known["reason"] = rng.choice(_REASONS)
    elif name == "data.export":
        known["rows"] = rng.randint(1, 50_000)
    elif name == "auth.login_success":
        known["session"] = f"{rng.getrandbits(64):016x}"
    return msgspec.Raw(msgspec.json.encode(known))


def synthetic_events(*, count: int, org_count: int, end_ms: int, span_ms: int, seed: int = 7) -> Iterator[StoredEvent]:
    """Yield ``count`` live events of ``org_count`` organisations, oldest first, spread over ``span_ms``.

    Organisations differ in size (the first sends about a third); one request in ten is a batch of ten.
    """
    rng = random.Random(seed)
    orgs = [OrgId(str(uuid.UUID(int=rng.getrandbits(128), version=4))) for _ in range(org_count)]
    weights = [1 / (number + 1) for number in range(org_count)]
    personas = {org: [_draw_persona(rng, number) for number in range(ACTORS_PER_ORG)] for org in orgs}
    names, name_weights = [(name, severity) for name, severity, _ in _NAMES], [weight for _, _, weight in _NAMES]
    made = 0
    while made < count:
        (org,) = rng.choices(orgs, weights)
        size = min(10 if rng.random() < 1 / 10 else 1, count - made)
        received_at_ms = end_ms - span_ms + made * span_ms // count
        base = draw_event_id_base(received_at_ms)
        for index, (name, severity) in enumerate(rng.choices(names, name_weights, k=size)):
            persona = personas[org][int(ACTORS_PER_ORG * rng.random() ** 3)]
            event = Event(
                event_id=event_id_at(base, index),
                org_id=org,
                environment=Environment.LIVE,
                key_id="1",
                source="collect",
                occurred_at_ms=received_at_ms,
                received_at_ms=received_at_ms,
                name=name,
                category=name.split(".", 1)[0],
                severity=severity,
                actor=persona.actor,
                user_ip=persona.user_ip,
                server_ip="192.0.2.10",
                metadata=_metadata(rng, name),
                geo=persona.geo,
                network=persona.network,
                device=persona.device,
            )
            yield StoredEvent(event, received_at_ms + RETENTION_MS)
        made += size
