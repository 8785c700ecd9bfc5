"""What is known of an actor's successful logins: where the latest came from, which networks and devices are familiar.

The runner records every login here before any detector looks. Suspicious logins are recorded as well, and marked: they
make nothing familiar and serve as nobody's reference until somebody confirms them (feedback.py).
"""

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.egress import record_egress
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, network_label
from litesoc_server.pipeline.detect.org_history import record_for_org
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
_COMPARED_COUNT = 3  # logins before one that is as usual
_REFRESH_MS = 7 * DAY_MS  # how often an actor's networks and devices are noted again while in use


class Familiarity(msgspec.Struct, frozen=True):
    """How well an actor's network and device were known some time before a login."""

    history_count: int  # unsuspicious logins
    is_network_familiar: bool
    is_device_familiar: bool
    is_device_known: bool  # False when no user agent was sent


def record_login(event: Event, policy: DetectionPolicy) -> Steps[None]:
    """Remember a successful login. Events without a nameable actor are passed over.

    Network and device are recorded each for itself only with the pair's first login of a week: what an actor does over and
    over then costs two requests instead of seven, and what is in use is familiar for at least a week less than it is kept.
    Where it succeeded (egress.py) is recorded unless the login before it, on the same day, was the same in all that counts.
    """
    actor = actor_of(event)
    if actor is None:
        return
    scope, at_ms, event_id, ttl_ms = scope_of(event), event.occurred_at_ms, event.event_id, policy.login_memory_ms
    same_ms = yield RememberRequest(f"{scope}logins|{actor}", at_ms, event_id, memo_of(event), policy.last_logins_memory_ms)
    network, device = network_label(event.network), device_label(event.device)
    habit = yield SeenRequest(f"{scope}habits|{actor}", f"{network}|{device}", at_ms, event_id, ttl_ms)
    assert isinstance(habit, Seen)
    if habit.last_ms is None or habit.last_ms // _REFRESH_MS != at_ms // _REFRESH_MS:
        yield SeenRequest(f"{scope}networks|{actor}", network, at_ms, event_id, ttl_ms)
        yield SeenRequest(f"{scope}devices|{actor}", device, at_ms, event_id, ttl_ms)
        if event.geo is not None and event.geo.country_code is not None:
            yield SeenRequest(f"{scope}countries|{actor}", event.geo.country_code, at_ms, event_id, ttl_ms)
        yield from record_for_org(event, policy)
    if not isinstance(same_ms, int) or same_ms // DAY_MS != at_ms // DAY_MS:  # else that was recorded with an earlier one
        yield from record_egress(event, policy)


def device_was_used(event: Event, actor: str, label: str) -> Steps[bool]:
    """Return whether a device was used by ``actor`` LATENESS_MS before ``event``, in whatever login."""
    key, before_ms = f"{scope_of(event)}devices|{actor}", event.occurred_at_ms - LATENESS_MS
    return (yield from known(key=key, value=label, at_ms=before_ms)).count > 0


def country_was_used(event: Event, actor: str, country: str) -> Steps[bool]:
    """Return whether ``actor`` had logged in from a country LATENESS_MS before ``event``, in whatever login."""
    key, before_ms = f"{scope_of(event)}countries|{actor}", event.occurred_at_ms - LATENESS_MS
    return (yield from known(key=key, value=country, at_ms=before_ms)).count > 0


def is_from_elsewhere(event: Event, actor: str, policy: DetectionPolicy) -> Steps[bool]:
    """Return whether ``actor`` has a history of logins, but none with the network or none with the device of ``event``.

    All as of a day before it: what an intruder brings is not the account's own by the next hour. An unknown network or
    device is not new.
    """
    network, device = network_label(event.network), device_label(event.device)
    scope, before_ms = scope_of(event), event.occurred_at_ms - policy.org_familiar_after_ms
    habits = yield from known(key=f"{scope}habits|{actor}", value=f"{network}|{device}", at_ms=before_ms)
    if habits.count or habits.set_count < policy.history_count:
        return False
    for kind, label in (("networks", network), ("devices", device)):
        if label != UNKNOWN:
            used = yield from known(key=f"{scope}{kind}|{actor}", value=label, at_ms=before_ms)
            if not used.count:
                return True
    return False


def network_was_used(event: Event, actor: str, label: str) -> Steps[bool]:
    """Return whether ``actor`` had logged in from a network LATENESS_MS before ``event``, in whatever login."""
    key, before_ms = f"{scope_of(event)}networks|{actor}", event.occurred_at_ms - LATENESS_MS
    return (yield from known(key=key, value=label, at_ms=before_ms)).count > 0


def logins_near(event: Event, actor: str) -> LastRequest:
    """Return the request for the latest remembered logins of ``actor``, before and after the time of ``event``."""
    return LastRequest(f"{scope_of(event)}logins|{actor}", event.occurred_at_ms, LAST_MAX)


def is_as_usual(event: Event, near: tuple[Remembered, ...]) -> bool:
    """Return whether this is the latest login and those before it came from its place with its device: by far most are."""
    if not near or near[-1].member != event.event_id:
        return False
    value = near[-1].value
    for login in near[-1 - _COMPARED_COUNT : -1]:  # noqa: SIM110 - on every login: a generator costs four times as much
        if login.value != value:
            return False
    return True


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
    bad_networks = bad_devices = bad_logins  # the three are marked together, and by far most actors have no mark
    if bad_logins.set_count:
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


def mark_of(event: Event, actor: str, login_id: str) -> SeenRequest:
    """Return the request for the mark of a login of ``actor`` as suspicious; the set is that of all its marked logins.

    Only logins LATENESS_MS before ``event`` count: which later ones are marked by now depends on the order of arrival.
    """
    key = f"{scope_of(event)}bad logins|{actor}"
    return SeenRequest(key, login_id, event.occurred_at_ms - LATENESS_MS, "", 0, is_read_only=True)


def is_confirmed(event: Event, actor: str, login_id: str) -> Steps[bool]:
    """Return whether the owner says that a login of ``actor`` was theirs."""
    return (yield from verdict_on(event, actor, on_login(login_id), event.occurred_at_ms)) is Verdict.CONFIRMED


def mark_risky(event: Event, actor: str, login: Origin, policy: DetectionPolicy, *, detector: str) -> Steps[None]:
    """Mark ``login`` so that what its actor does next is looked at twice."""
    window_ms = max(policy.risky_login_window_ms, policy.account_takeover_window_ms)
    key, ttl_ms = f"{scope_of(event)}risky logins|{actor}", window_ms + HOUR_MS
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
