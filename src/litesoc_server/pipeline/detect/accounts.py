"""What is known of the account that a failed login went for: whether it exists, and whether its owner may be mistyping."""

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.egress import has_logins
from litesoc_server.pipeline.detect.login_history import UNKNOWN, device_label, familiarity, network_label
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, scope_of
from litesoc_server.pipeline.state.base import LATENESS_MS, Steps, known


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


def is_usual(event: Event, actor: str) -> Steps[bool]:
    """Return whether ``event`` comes from a network and a device that are both familiar of ``actor``.

    Then it is nearly always the owner, mistyping, or a program of theirs with an old password.
    """
    network, device = network_label(event.network), device_label(event.device)
    if UNKNOWN in (network, device):
        return False
    before_ms = event.occurred_at_ms - LATENESS_MS
    habit = yield from known(key=f"{scope_of(event)}habits|{actor}", value=f"{network}|{device}", at_ms=before_ms)
    if not habit.count:  # the cheap question; most failures end here
        return False
    familiar = yield from familiarity(event, actor, origin_of(event))
    return familiar.is_network_familiar and familiar.is_device_familiar
