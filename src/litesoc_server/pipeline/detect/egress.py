"""Where logins succeed: which addresses many people share, and which places an actor or the organisation is known at.

Every successful login is recorded here (login_history.py) before any detector looks. What many share (an office, a
carrier's NAT, a company's gateway) also shares the mistyped passwords of all of them, and needs limits of its own.
"""

from functools import lru_cache

from litesoc_server.events.event import Event, Network, NetworkKind
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, family_label, network_label
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.subjects import actor_of, address_of, ipv4_block, scope_of
from litesoc_server.pipeline.policy import DAY_MS, MINUTE_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LATENESS_MS,
    DecayedRequest,
    DistinctRequest,
    Seen,
    SeenRequest,
    Steps,
    known,
    peek_distinct,
)

_ADDRESSES_CACHED = 65_536
_USERS_MEMORY_MS = 7 * DAY_MS  # design, section 2: users of the last 7 days say whether an address is shared
_PACE_MS = 5 * MINUTE_MS  # the busiest windows of a shared address are looked for at this length
_PACE_HALF_LIFE_MS = 7 * DAY_MS
# Of the windows that a half-life of 7 days remembers (7 d / ln 2 = 2,909 of 5 minutes), one in a hundred: the 99th centile.
_BUSIEST_WINDOWS_COUNT = 29
_LEVELS = tuple(5 * 2**step for step in range(1, 10))  # 10 to 2,560 failures in a window, each twice the one before
_SHARED_KINDS = frozenset({NetworkKind.MOBILE, NetworkKind.GATEWAY})


@lru_cache(maxsize=_ADDRESSES_CACHED)
def neighbourhood_of(ip: str) -> str:
    """Return what counts as one place: the /24 of an IPv4 address, the /64 of an IPv6 address."""
    address = address_of(ip)
    return address if ":" in address else ipv4_block(address)


def client_of(event: Event) -> str | None:
    """Return network and device of an event as one habit of an actor, None when either is unknown."""
    network, device = network_label(event.network), device_label(event.device)
    return None if UNKNOWN in (network, device) else f"{network}|{device}"


def client_group_of(event: Event) -> str | None:
    """Return what one tool's attempts in one network have in common, None when it is unknown.

    The families of browser and system, not the sender's id of the device: that is a new one each time cookies are cleared.
    """
    network, family = network_label(event.network), family_label(event.device)
    return None if UNKNOWN in (network, family) else f"{network}|{family}"


def record_egress(event: Event, policy: DetectionPolicy) -> Steps[None]:
    """Remember where a login succeeded.

    All but the first request is left to an actor's first login of a day from an address, so that busy actors cost one.
    """
    actor, ip = actor_of(event), event.user_ip
    if actor is None or ip is None:
        return
    scope, at_ms, event_id, ttl_ms = scope_of(event), event.occurred_at_ms, event.event_id, policy.login_memory_ms
    address, places = address_of(ip), f"{scope}places|{actor}"
    place = yield SeenRequest(places, address, at_ms, event_id, ttl_ms)
    assert isinstance(place, Seen)
    if place.last_ms is not None and place.last_ms // DAY_MS == at_ms // DAY_MS:
        return
    neighbourhood, client = neighbourhood_of(ip), client_group_of(event)
    yield SeenRequest(f"{scope}organisation", "login", at_ms, event_id, ttl_ms)
    yield DistinctRequest(f"{scope}succeeded", DAY_MS, at_ms, actor, event_id)
    yield SeenRequest(f"{scope}users|{address}", actor, at_ms, event_id, _USERS_MEMORY_MS)
    if neighbourhood != address:
        yield SeenRequest(places, neighbourhood, at_ms, event_id, ttl_ms)
        yield SeenRequest(f"{scope}users|{neighbourhood}", actor, at_ms, event_id, _USERS_MEMORY_MS)
    if client is not None:
        yield SeenRequest(f"{scope}users|{client}", actor, at_ms, event_id, _USERS_MEMORY_MS)


def users_count(event: Event, group: str, at_ms: int) -> Steps[int]:
    """Return how many actors (64 at most) succeeded in the 7 days before ``at_ms - LATENESS_MS`` from ``group``.

    A group is an address, its neighbourhood or a client. What was true that long ago is final, whatever arrives late.
    """
    seen = yield from known(key=f"{scope_of(event)}users|{group}", value="", at_ms=at_ms - LATENESS_MS)
    return seen.set_size


def was_at(event: Event, actor: str, place: str, at_ms: int) -> Steps[bool]:
    """Return whether ``actor`` had succeeded from an address or neighbourhood LATENESS_MS before ``at_ms``."""
    seen = yield from known(key=f"{scope_of(event)}places|{actor}", value=place, at_ms=at_ms - LATENESS_MS)
    return seen.count > 0


def has_logins(event: Event, at_ms: int) -> Steps[bool]:
    """Return whether any login of the organisation was known LATENESS_MS before ``at_ms``."""
    seen = yield from known(key=f"{scope_of(event)}organisation", value="login", at_ms=at_ms - LATENESS_MS)
    return seen.set_count > 0


def succeeded_count(event: Event, window_ms: int, at_ms: int) -> Steps[int]:
    """Return how many actors had their first login of a day in the window that ends LATENESS_MS before ``at_ms``."""
    key = f"{scope_of(event)}succeeded"
    return (yield from peek_distinct(key=key, window_ms=window_ms, at_ms=at_ms - LATENESS_MS))


def is_shared(network: Network | None, users_here_count: int, policy: DetectionPolicy) -> bool:
    """Return whether many people come from an address: so many users of the organisation, or whoever its network serves.

    A mobile carrier and a company's gateway put many people behind one address even where none of them is known yet.
    """
    return users_here_count >= policy.brute_force_address_shared_users_count or kind_of(network) in _SHARED_KINDS


def is_usual_pace(event: Event, address: str, failures_count: int, at_ms: int, policy: DetectionPolicy) -> Steps[bool]:
    """Note how many logins fail at a shared address, and return whether that is what its busiest windows are like.

    Usual is what is below ``brute_force_address_shared_times_p99_ratio`` times the 99th centile of its 5-minute windows.
    """
    pace = f"{scope_of(event)}pace|{address}"
    window_start_ms = at_ms - at_ms % _PACE_MS
    is_usual = False
    for level in _LEVELS:
        if level > failures_count:
            break
        windows_count = yield DecayedRequest(
            f"{pace}|{level}", _PACE_HALF_LIFE_MS, window_start_ms, 1.0, str(window_start_ms)
        )
        assert isinstance(windows_count, float)
        is_above = policy.brute_force_address_shared_times_p99_ratio * level > failures_count
        is_usual = is_usual or (is_above and windows_count >= _BUSIEST_WINDOWS_COUNT)
    return is_usual
