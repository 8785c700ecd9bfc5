"""Feedback on logins, "this was me" and "this was not me": it clears or confirms what was learned from them.

Feedback is an event of its own, published by the control plane with the time, the actor and the origin of the login it is
about. It is stored like any other, so a rebuilt state has heard of it too.
"""

import msgspec

from litesoc_server.events.catalog import FEEDBACK_SOURCE, LOGIN_CONFIRMED, LOGIN_DENIED
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, network_label
from litesoc_server.pipeline.detect.login_history import mark_risky, mark_suspicious
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of
from litesoc_server.pipeline.detect.suspicions import DENIED_BY_OWNER
from litesoc_server.pipeline.detect.verdicts import Verdict, on_device, on_login, on_network, pronounce
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import Steps

FEEDBACK_NAMES = frozenset({LOGIN_CONFIRMED, LOGIN_DENIED})


class _Feedback(msgspec.Struct):
    event_id: str  # of the login


_DECODER = msgspec.json.Decoder(_Feedback)


def record_feedback(event: Event, policy: DetectionPolicy) -> Steps[None]:
    """Remember a verdict. Confirmed: the login's marks are lifted, its network and device are familiar from then on.

    Denied: the login is marked as if a detector had fired on it. Events of another source, or of nobody, change nothing.
    """
    actor = actor_of(event)
    if event.source != FEEDBACK_SOURCE or actor is None:
        return
    try:
        login_id = _DECODER.decode(event.metadata).event_id
    except msgspec.MsgspecError:
        return  # names no login
    login = msgspec.structs.replace(origin_of(event), event_id=login_id)
    verdict = Verdict.CONFIRMED if event.name == LOGIN_CONFIRMED else Verdict.DENIED
    network, device = network_label(login.network), device_label(login.device)
    yield pronounce(event, actor, on_login(login_id), verdict, policy.login_memory_ms)
    if network != UNKNOWN:
        yield pronounce(event, actor, on_network(network), verdict, policy.login_memory_ms)
    if device != UNKNOWN:
        yield pronounce(event, actor, on_device(device), verdict, policy.login_memory_ms)
    if verdict is Verdict.DENIED:
        yield from mark_suspicious(event, actor, login, policy)
        yield from mark_risky(event, actor, login, policy, detector=DENIED_BY_OWNER)
