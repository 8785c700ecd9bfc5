"""What is known of an actor's successful logins: where the latest came from, which networks and devices are familiar.

The runner records every login here before any detector looks. Suspicious logins are recorded as well, and marked: they
make nothing familiar and serve as nobody's reference until somebody confirms them (feedback.py).
"""

import hashlib
from functools import lru_cache

import msgspec

from litesoc_server.events.event import Device, Event, Network, NetworkKind
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.origin import Origin, memo_of
from litesoc_server.pipeline.detect.subjects import actor_of, scope_of
from litesoc_server.pipeline.detect.verdicts import Verdict, on_device, on_login, on_network, verdict_on
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    LastRequest,
    Remembered,
    RememberRequest,
    Seen,
    SeenRequest,
    Steps,
    known,
)

LOGIN_SUCCEEDED = "auth.login_success"
_REFRESH_MS = 7 * DAY_MS  # how often an actor's networks and devices are noted again while in use
_LABELS_CACHED = 65_536
UNKNOWN = ""  # stands for an unknown network or device; it counts as a login and is never familiar


class Familiarity(msgspec.Struct, frozen=True):
    """How well an actor's network and device were known some time before a login."""

    history_count: int  # unsuspicious logins
    is_network_familiar: bool
    is_device_familiar: bool
    is_device_known: bool  # False when no user agent was sent


def record_login(event: Event, policy: DetectionPolicy) -> Steps[None]:
    """Remember a successful login. Events without a nameable actor are passed over.

    Network and device are recorded each for itself only with the pair's first login of a week: what an actor does over and
    over then costs two requests instead of four, and what is in use is familiar for at least a week less than it is kept.
    """
    actor = actor_of(event)
    if actor is None:
        return
    scope, at_ms, event_id, ttl_ms = scope_of(event), event.occurred_at_ms, event.event_id, policy.login_memory_ms
    yield RememberRequest(f"{scope}logins|{actor}", at_ms, event_id, memo_of(event), ttl_ms)
    network, device = network_label(event.network), device_label(event.device)
    habit = yield SeenRequest(f"{scope}habits|{actor}", f"{network}|{device}", at_ms, event_id, ttl_ms)
    assert isinstance(habit, Seen)
    if habit.last_ms is None or habit.last_ms // _REFRESH_MS != at_ms // _REFRESH_MS:
        yield SeenRequest(f"{scope}networks|{actor}", network, at_ms, event_id, ttl_ms)
        yield SeenRequest(f"{scope}devices|{actor}", device, at_ms, event_id, ttl_ms)


def logins_near(event: Event, actor: str) -> LastRequest:
    """Return the request for the latest remembered logins of ``actor``, before and after the time of ``event``."""
    return LastRequest(f"{scope_of(event)}logins|{actor}", event.occurred_at_ms, LAST_MAX)


def familiarity(event: Event, actor: str, login: Origin) -> Steps[Familiarity]:
    """Return how familiar the network and the device of ``login`` were LATENESS_MS before it.

    Not "until it": what happened that long ago has arrived by now, whatever the order of arrival, so the answer is final.
    """
    scope, before_ms = scope_of(event), login.at_ms - LATENESS_MS
    network, device = network_label(login.network), device_label(login.device)
    habits = yield from known(key=f"{scope}habits|{actor}", value=f"{network}|{device}", at_ms=before_ms)
    networks = yield from known(key=f"{scope}networks|{actor}", value=network, at_ms=before_ms)
    devices = yield from known(key=f"{scope}devices|{actor}", value=device, at_ms=before_ms)
    bad_logins = yield from known(key=f"{scope}bad logins|{actor}", value=login.event_id, at_ms=before_ms)
    bad_networks = yield from known(key=f"{scope}bad networks|{actor}", value=network, at_ms=before_ms)
    bad_devices = yield from known(key=f"{scope}bad devices|{actor}", value=device, at_ms=before_ms)
    return Familiarity(
        history_count=max(0, habits.set_count - bad_logins.set_count),
        is_network_familiar=network != UNKNOWN
        and (
            _was_there_first(networks, bad_networks)
            or (yield from verdict_on(event, actor, on_network(network), before_ms)) is Verdict.CONFIRMED
        ),
        is_device_familiar=device != UNKNOWN
        and (
            _was_there_first(devices, bad_devices)
            or (yield from verdict_on(event, actor, on_device(device), before_ms)) is Verdict.CONFIRMED
        ),
        is_device_known=device != UNKNOWN,
    )


def _was_there_first(all_logins: Seen, bad_logins: Seen) -> bool:
    """Return whether something was known before the first suspicious login that used it, if there was one."""
    if all_logins.first_ms is None:
        return False
    return bad_logins.first_ms is None or all_logins.first_ms < bad_logins.first_ms


def mark_suspicious(event: Event, actor: str, login: Origin, policy: DetectionPolicy) -> Steps[None]:
    """Mark ``login`` so that its network and device do not become familiar by it."""
    scope, at_ms, ttl_ms, login_id = scope_of(event), login.at_ms, policy.login_memory_ms, login.event_id
    yield SeenRequest(f"{scope}bad logins|{actor}", login_id, at_ms, login_id, ttl_ms)
    yield SeenRequest(f"{scope}bad networks|{actor}", network_label(login.network), at_ms, login_id, ttl_ms)
    yield SeenRequest(f"{scope}bad devices|{actor}", device_label(login.device), at_ms, login_id, ttl_ms)


def mark_risky(event: Event, actor: str, login: Origin, policy: DetectionPolicy, *, detector: str) -> Steps[None]:
    """Mark ``login`` so that what its actor does next is looked at twice."""
    key, ttl_ms = f"{scope_of(event)}risky logins|{actor}", policy.risky_login_window_ms + HOUR_MS
    yield RememberRequest(key, login.at_ms, f"{login.event_id}|{detector}", detector, ttl_ms)


def risky_logins_near(event: Event, actor: str) -> LastRequest:
    """Return the request for the marked logins of ``actor`` before and after ``event``; their value is the detector.

    Some may have been confirmed since: ``without_confirmed`` leaves those out.
    """
    return LastRequest(f"{scope_of(event)}risky logins|{actor}", event.occurred_at_ms, LAST_MAX)


def without_confirmed(event: Event, actor: str, risky: tuple[Remembered, ...]) -> Steps[tuple[Remembered, ...]]:
    """Return the marked logins that nobody has confirmed."""
    left: list[Remembered] = []
    for login in risky:
        verdict = yield from verdict_on(event, actor, on_login(risky_login_id(login)), login.at_ms)
        if verdict is not Verdict.CONFIRMED:
            left.append(login)
    return tuple(left)


def risky_login_id(marked: Remembered) -> str:
    """Return the event id of a marked login."""
    return marked.member.partition("|")[0]


def network_label(network: Network | None) -> str:
    """Return what a network is recognised by: its autonomous system; all of Tor, and all privacy relays, are one each."""
    if network is None:
        return UNKNOWN
    kind = kind_of(network)
    if kind is NetworkKind.TOR or kind is NetworkKind.RELAY:
        return kind
    return UNKNOWN if network.asn is None else str(network.asn)


def device_label(device: Device | None) -> str:
    """Return what a device is recognised by: the sender's id of it, else the families of its browser and its system."""
    if device is None:
        return UNKNOWN
    return family_label(device) if device.id is None else _id_label(device.id)


def family_label(device: Device | None) -> str:
    """Return the families of a device's browser and of its system, UNKNOWN when neither is known."""
    if device is None or (device.browser is None and device.os is None):
        return UNKNOWN
    return f"{device.browser}/{device.os}"


@lru_cache(maxsize=_LABELS_CACHED)
def _id_label(device_id: str) -> str:
    """Return a digest: state keeps many of them, and the id itself may be long and is personal data."""
    return "id:" + hashlib.blake2b(device_id.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
