"""What is known of a failed login and its account: whether it exists, and whether its owner may be mistyping.

The runner asks all this once per failed login, before any detector looks, and writes down what several detectors count.
"""

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.egress import has_logins
from litesoc_server.pipeline.detect.failures import (
    key_at_address,
    key_on_actor,
    key_on_actor_from,
    source_of,
    sources_on_actor,
    usual,
)
from litesoc_server.pipeline.detect.login_history import UNKNOWN, device_label, familiarity, network_label
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import NOWHERE, actor_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import LATENESS_MS, CountRequest, Steps, Window, known
from litesoc_server.pipeline.state.windows import NO_WINDOW

_NOTED_MAX = 2_048  # events; more than travel to a state across a network together


class FailedLogin(msgspec.Struct, frozen=True, gc=False):
    """What detectors want to know of one failed login."""

    is_at_account: bool  # the account exists, see ``exists``
    is_usual: bool  # from a network and a device that it used together and that are familiar: nearly always by its owner
    was_client_used: bool  # the account had succeeded with this device in this network
    in_a_day: Window = NO_WINDOW  # the failures on the account, in policy.brute_force_account_day_window_ms
    from_source: Window = NO_WINDOW  # those of them from the same address, in policy.brute_force_account_window_ms


_noted: dict[str, tuple[Event, FailedLogin]] = {}  # written anew whenever an event is judged, so never out of date


def record_failure(event: Event, policy: DetectionPolicy) -> Steps[None]:
    """Count a failed login under the keys that detectors share, and keep what is known of it for them."""
    if len(_noted) >= _NOTED_MAX:
        _noted.clear()
    _noted[event.event_id] = (event, (yield from _note(event, policy)))


def failed_login(event: Event, policy: DetectionPolicy) -> Steps[FailedLogin]:
    """Return what is known of a failed login; asks only what ``record_failure`` does not have at hand."""
    noted = _noted.get(event.event_id)
    if noted is not None and noted[0] is event:
        return noted[1]
    return (yield from _note(event, policy))


def _note(event: Event, policy: DetectionPolicy) -> Steps[FailedLogin]:
    """Ask, and count. A failure is counted last, after what else is noted of it: whoever sees it counted sees all of it."""
    actor, at_ms = actor_of(event), event.occurred_at_ms
    if actor is None:
        return FailedLogin((yield from exists(event, at_ms)), is_usual=False, was_client_used=False)
    network, device = network_label(event.network), device_label(event.device)
    key, before_ms = f"{scope_of(event)}habits|{actor}", at_ms - LATENESS_MS
    habit = yield from known(key=key, value=f"{network}|{device}", at_ms=before_ms)
    was_client_used = habit.count > 0 and UNKNOWN not in (network, device)
    is_usual = was_client_used and (yield from _is_familiar(event, actor))
    source, on_actor = source_of(event), key_on_actor(event, actor)
    from_source = key_on_actor_from(event, actor, source)
    day_ms, hour_ms = policy.brute_force_account_day_window_ms, policy.brute_force_account_window_ms
    day_longest_ms = max(policy.success_after_failures_window_ms, policy.account_takeover_window_ms)
    hour_longest_ms = max(policy.success_after_failures_window_ms, policy.brute_force_address_window_ms)
    yield sources_on_actor(event, actor, source, policy)
    if is_usual:
        yield from _count(event, usual(on_actor), day_ms, day_longest_ms)
        yield from _count(event, usual(from_source), hour_ms, hour_longest_ms)
        if source != NOWHERE:
            yield from _count(event, usual(key_at_address(event, source)), policy.brute_force_address_window_ms)
    return FailedLogin(
        is_usual=is_usual,
        was_client_used=was_client_used,
        in_a_day=(yield from _count(event, on_actor, day_ms, day_longest_ms)),
        from_source=(yield from _count(event, from_source, hour_ms, hour_longest_ms)),
        is_at_account=habit.set_count > 0 or not (yield from has_logins(event, at_ms)),
    )


def _is_familiar(event: Event, actor: str) -> Steps[bool]:
    familiar = yield from familiarity(event, actor, origin_of(event))
    return familiar.is_network_familiar and familiar.is_device_familiar


def _count(event: Event, key: str, window_ms: int, longest_ms: int = 0) -> Steps[Window]:
    """Count a failure and return its window; keep it for as long as another detector looks back."""
    window = yield CountRequest(key, window_ms, event.occurred_at_ms, event.event_id)
    if longest_ms > window_ms:
        yield CountRequest(key, longest_ms, event.occurred_at_ms, event.event_id)
    assert isinstance(window, Window)
    return window


def exists(event: Event, at_ms: int) -> Steps[bool]:
    """Return whether the account of ``event`` counts as one that exists, LATENESS_MS before ``at_ms``.

    It does when a login to it ever succeeded (within the memory of logins). It also does as long as nothing can be said: the
    sender masked its name, or no login of the organisation is known yet. A name that was not sent is no account.
    """
    if event.actor is None or not event.actor.id:
        return False
    actor = actor_of(event)
    if actor is None:
        return True
    logins = yield from known(key=f"{scope_of(event)}habits|{actor}", value="", at_ms=at_ms - LATENESS_MS)
    return logins.set_count > 0 or not (yield from has_logins(event, at_ms))
