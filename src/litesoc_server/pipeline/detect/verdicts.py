"""What people said about logins: that one was theirs (confirmed), or that it was not (denied). The newest word counts."""

from enum import StrEnum

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.subjects import scope_of
from litesoc_server.pipeline.state.base import LastRequest, RememberRequest, Steps


class Verdict(StrEnum):
    """Whose login it was, as far as people know."""

    CONFIRMED = "confirmed"  # the owner's
    DENIED = "denied"  # somebody else's


def on_login(login_id: str) -> str:
    """Return the subject of a verdict on one login."""
    return f"login|{login_id}"


def on_network(label: str) -> str:
    """Return the subject of a verdict on an actor's use of a network."""
    return f"network|{label}"


def on_device(label: str) -> str:
    """Return the subject of a verdict on an actor's use of a device."""
    return f"device|{label}"


def pronounce(event: Event, actor: str, subject: str, verdict: Verdict, ttl_ms: int) -> RememberRequest:
    """Return the request to store a verdict that ``event``, which has the time of the login, gives."""
    return RememberRequest(_key(event, actor, subject), event.occurred_at_ms, event.event_id, verdict, ttl_ms)


def verdict_on(event: Event, actor: str, subject: str, at_ms: int) -> Steps[Verdict | None]:
    """Return the newest verdict on a login until ``at_ms``; of several on the same login, the one that was given last."""
    given = yield LastRequest(_key(event, actor, subject), at_ms, 1)
    assert isinstance(given, tuple)
    if not given or given[0].at_ms > at_ms:
        return None
    return Verdict(given[0].value)


def _key(event: Event, actor: str, subject: str) -> str:
    return f"{scope_of(event)}verdicts|{subject}|{actor}"
