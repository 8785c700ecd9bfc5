"""Failed logins as detectors count them: under the same keys, so that none depends on another being switched on."""

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.subjects import NOWHERE, account_incident, address_of, address_subject, scope_of
from litesoc_server.pipeline.detect.until import window_until
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import CountRequest, DistinctRequest, Steps, Window, peek, peek_distinct

LOGIN_FAILED = "auth.login_failed"
COUNTED_ONCE = "Repeated delivery: every failed login was counted once, by its event id."


def source_of(event: Event) -> str:
    """Return the address (or /64) an event comes from, NOWHERE when it came without one."""
    return address_of(event.user_ip) if event.user_ip is not None else NOWHERE


def attack_key(source: str, actor: str | None) -> str:
    """Return the incident key of an attack from one source; without a source it is the attack on the actor."""
    if source == NOWHERE and actor is not None:
        return account_incident(actor)
    return f"credential_attack|{address_subject(source)}"


def key_on_actor(event: Event, actor: str) -> str:
    """Return the state key of the failed logins of ``actor``."""
    return f"{scope_of(event)}failed|{actor}"


def key_on_actor_from(event: Event, actor: str, source: str) -> str:
    """Return the state key of the failed logins of ``actor`` from ``source``."""
    return f"{scope_of(event)}failed from|{source}|{actor}"


def key_at_address(event: Event, address: str) -> str:
    """Return the state key of the failed logins from ``address``."""
    return f"{scope_of(event)}failed at|{address}"


def sources_on_actor(event: Event, actor: str, source: str, policy: DetectionPolicy) -> DistinctRequest:
    """Return the request to note that a login of ``actor`` failed from ``source``; it answers with the most in any day."""
    key = f"{scope_of(event)}sources of|{actor}"
    day_ms = policy.brute_force_account_day_window_ms
    return DistinctRequest(key, day_ms, event.occurred_at_ms, source, event.event_id)


def sources_on_actor_until(event: Event, actor: str, window_ms: int, at_ms: int) -> Steps[int]:
    """Return from how many sources logins of ``actor`` failed in the window that ends at ``at_ms``."""
    return (yield from peek_distinct(key=f"{scope_of(event)}sources of|{actor}", window_ms=window_ms, at_ms=at_ms))


def usual(key: str) -> str:
    """Return the state key of those failed logins under ``key`` that came from a familiar network and device."""
    return key.replace("|failed", "|failed as usual", 1)  # its purpose, the first that it can be


def weigh(failures_count: int, usual_count: int, policy: DetectionPolicy) -> float:
    """Return what failed logins count of which so many came from a network and a device familiar of their account."""
    return failures_count - usual_count * (1 - policy.usual_failure_weight_ratio)


def in_words(usual_count: int, policy: DetectionPolicy) -> tuple[str, ...]:
    """Return the reason to give when some failures were usual ones."""
    if not usual_count:
        return ()
    came = "1 came" if usual_count == 1 else f"{usual_count:,} came"
    weight = policy.usual_failure_weight_ratio
    return (f"of these, {came} from a network and a device familiar of the account, and counted {weight:g} each",)


def peek_on_actor(event: Event, actor: str, window_ms: int, at_ms: int) -> CountRequest:
    """Return the request for the failed logins of ``actor`` in the window that ends at ``at_ms``."""
    return CountRequest(key_on_actor(event, actor), window_ms, at_ms, "", is_read_only=True)


def at_address(event: Event, address: str, window_ms: int) -> CountRequest:
    """Return the request to count a failed login from ``address``, see ``address_of``."""
    return CountRequest(key_at_address(event, address), window_ms, event.occurred_at_ms, event.event_id)


def peek_at_address(event: Event, address: str, window_ms: int, at_ms: int) -> CountRequest:
    """Return the request for the failed logins from ``address`` in the window that ends at ``at_ms``."""
    return CountRequest(key_at_address(event, address), window_ms, at_ms, "", is_read_only=True)


def before_login(event: Event, actor: str, login: Origin, window_ms: int, source: str | None = None) -> Steps[Window]:
    """Return the failed logins of ``actor`` (from ``source``, if given) in the window that ends with ``login``."""
    key = key_on_actor(event, actor) if source is None else key_on_actor_from(event, actor, source)
    return window_until(key=key, window_ms=window_ms, at_ms=login.at_ms, event_id=login.event_id)


def just_before(event: Event, actor: str, source: str, window_ms: int, at_ms: int) -> Steps[Window]:
    """Return the failed logins of ``actor`` from ``source`` in the window that ends at ``at_ms``."""
    return peek(key=key_on_actor_from(event, actor, source), window_ms=window_ms, at_ms=at_ms)
