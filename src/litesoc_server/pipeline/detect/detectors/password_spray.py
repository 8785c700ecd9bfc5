"""A few passwords tried on many accounts from one place."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.accounts import FailedLogin, failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import client_group_of, neighbourhood_of, users_count, was_at
from litesoc_server.pipeline.detect.failures import COUNTED_ONCE, LOGIN_FAILED, attack_key
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, address_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import CountRequest, DistinctRequest, Steps, Window

ID = "password_spray"
_FAR_OVER = 2


class _Group(msgspec.Struct, frozen=True):
    """What the attempts have in common."""

    name: str
    users: str  # whose users must be fewer than the accounts that fail, as users_count knows it
    words: str
    incident_key: str
    source: str  # what the attempt came from, seen from the group
    sources_min: int  # from so many of these; fewer are incidents of narrower groups


class _Spray(msgspec.Struct, frozen=True):
    """The failed logins of a group in one window that is over a limit."""

    window: Window
    accounts_count: int
    sources_count: int
    users_count: int  # who logged in from the group in the 7 days before
    limit: int
    window_ms: int


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count the accounts that failed at an address, at its neighbourhood and with one client of one network.

    Only accounts that exist count, and only where they never succeeded: whoever mistypes at home is left out.
    """
    actor = actor_of(event)
    if event.user_ip is None or actor is None:
        return ()
    failed = yield from failed_login(event, policy)
    if not failed.is_at_account:
        return ()
    detections: list[Detection] = []
    for group in (yield from _groups(event, policy, actor, failed)):
        spray = yield from _widest(event, policy, group, actor)
        if spray is not None:
            current = beat(spray.window.last_ms, spray.window.count)
            if (yield from claim(event, detector=ID, key=group.name, window=current)):
                finding = _describe(policy, group, spray)
                detections.append(detection_of(finding, event, origin_of(event), key=group.name, window=current))
    return tuple(detections)


def _groups(event: Event, policy: DetectionPolicy, actor: str, failed: FailedLogin) -> Steps[list[_Group]]:
    """Return the groups in which ``actor`` has not succeeded."""
    assert event.user_ip is not None
    at_ms, sources_min = event.occurred_at_ms, policy.password_spray_addresses_count
    address, neighbourhood, client = address_of(event.user_ip), neighbourhood_of(event.user_ip), client_group_of(event)
    groups: list[_Group] = []
    if not (yield from was_at(event, actor, address, at_ms)):
        groups.append(_Group(address, address, address, attack_key(address, None), address, 1))
    elif client is not None and not failed.was_client_used:  # somebody else in the account's own office
        words = f"{address} with {wording.device(event.device)}"
        groups.append(_Group(f"{address}|{client}", client, words, attack_key(address, None), address, 1))
    if neighbourhood != address and not (yield from was_at(event, actor, neighbourhood, at_ms)):
        words = f"addresses in {neighbourhood}"
        key = f"credential_attack|net:{neighbourhood}"
        groups.append(_Group(neighbourhood, neighbourhood, words, key, address, sources_min))
    if client is not None and not failed.was_client_used:
        words = f"{wording.device(event.device)} in {wording.network(event.network)}"
        groups.append(_Group(client, client, words, f"credential_attack|client:{client}", neighbourhood, sources_min))
    return groups


def _widest(event: Event, policy: DetectionPolicy, group: _Group, actor: str) -> Steps[_Spray | None]:
    """Note the attempt; return the longest window that is over a limit, None when there is none."""
    at_ms, event_id, tries_key = event.occurred_at_ms, event.event_id, f"{scope_of(event)}spray|{group.name}"
    longest_ms = max(window_ms for window_ms, _ in _limits(policy))
    tries = yield CountRequest(tries_key, longest_ms, at_ms, event_id)
    assert isinstance(tries, Window)
    note_source = DistinctRequest(f"{scope_of(event)}spraying|{group.name}", longest_ms, at_ms, group.source, event_id)
    if group.sources_min > 1:
        yield note_source
    over = yield from _over(event, policy, group, actor)
    if over is None:
        return None
    sources_count = 1
    if group.sources_min > 1:
        sources = yield note_source  # again: those that were noted meanwhile belong to the accounts just counted
        assert isinstance(sources, int)
        sources_count = sources
        if sources_count < group.sources_min:
            return None
    window_ms, limit, accounts_count = over
    users_here_count = yield from users_count(event, group.users, at_ms)
    if accounts_count <= users_here_count:
        return None
    if window_ms < longest_ms:
        window = yield CountRequest(tries_key, window_ms, at_ms, event_id)
        assert isinstance(window, Window)
        tries = window
    return _Spray(tries, accounts_count, sources_count, users_here_count, limit, window_ms)


def _limits(policy: DetectionPolicy) -> tuple[tuple[int, int], ...]:
    """Return how many accounts are too many in which time."""
    return (
        (policy.password_spray_day_window_ms, policy.password_spray_day_accounts_count),
        (policy.password_spray_hour_window_ms, policy.password_spray_hour_accounts_count),
        (policy.password_spray_window_ms, policy.password_spray_accounts_count),
    )


def _over(event: Event, policy: DetectionPolicy, group: _Group, actor: str) -> Steps[tuple[int, int, int] | None]:
    """Note the account; return time, limit and number of accounts of the first limit that is reached.

    Each length has a key of its own: counting the different ones is constant work then. What is twice over the first limit
    is not counted for shorter times: they could say nothing else before half of it is out of the longest window.
    """
    over: tuple[int, int, int] | None = None
    for window_ms, limit in _limits(policy):
        key = f"{scope_of(event)}sprayed|{window_ms}|{group.name}"
        accounts_count = yield DistinctRequest(key, window_ms, event.occurred_at_ms, actor, event.event_id)
        assert isinstance(accounts_count, int)
        if over is None and accounts_count >= limit:
            over = window_ms, limit, accounts_count
            if accounts_count >= _FAR_OVER * limit:
                break
    return over


def _describe(policy: DetectionPolicy, group: _Group, spray: _Spray) -> Finding:
    window = spray.window
    accounts, failures = wording.several(spray.accounts_count, "account"), wording.several(window.count, "failed login")
    when = f"between {wording.utc(window.first_ms)} and {wording.utc(window.last_ms)}"
    place = group.words if group.sources_min == 1 else f"{spray.sources_count:,} places: {group.words}"
    within, length = wording.span(window.first_ms, window.last_ms), wording.duration(spray.window_ms)
    each = f"{window.count / spray.accounts_count:.1f}".removesuffix(".0")
    users = wording.several(spray.users_count, "user")
    there = "from there" if group.users == group.name else "with that client"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=DETECTOR.severity,
        incident_key=group.incident_key,
        title=f"Password spray on {accounts} from {group.words}",
        description=f"{failures} on {accounts} came from {place} {when}, {each} on each of them.",
        reasons=(
            f"{accounts} failed {within} that never logged in {there}; the limit is {spray.limit} in {length}",
            f"they are more than the {users} who did log in {there} in the 7 days before",
        ),
        facts=(
            Fact("accounts_count", spray.accounts_count, spray.limit),
            Fact("failures_count", window.count),
            Fact("sources_count", spray.sources_count, policy.password_spray_addresses_count),
            Fact("users_count", spray.users_count),
            Fact("window_ms", spray.window_ms),
        ),
        ruled_out=(
            f"People mistyping where they usually log in: none of these accounts had logged in {there}.",
            f"A busy place: more accounts failed than had ever logged in {there}.",
            COUNTED_ONCE,
        ),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(window),
    )


DETECTOR = Detector(
    id=ID,
    title="Password spray",
    group=DetectorGroup.PASSWORDS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.HIGH,
    techniques=(AttackTechnique("T1110.003", "Brute Force: Password Spraying"),),
    description=(
        "Counts the different accounts that fail at one address, in one range of 256 addresses (/24), and with one client "
        "(network and kind of device): 10 in 10 minutes, 15 in 1 hour or 30 in 24 hours. An account counts only if it "
        "exists and never logged in from there (or, where it did, never with the client), and there must be more of them "
        "than users who did log in from there (or with that client) within 7 days; 64 at most are known. In a /24 the "
        "attempts of 24 hours must come from 3 addresses or more, with one client from 3 ranges of /24 or more; fewer are "
        "incidents of these. How often each account is tried does not matter. Incident: credential_attack|ip:<address>, "
        "|net:<range> or |client:<system and family>."
    ),
    false_positives=(
        "Many people log in for the first time from a new office, and mistype.",
        "An integration that logs in for many users is moved to a new host with old passwords.",
    ),
    actions=(
        "Block or slow down the addresses, at the edge if you can.",
        "Look whether any login from there succeeded, and reset the passwords of those accounts.",
        "Require a second factor for the accounts that were tried.",
    ),
    event_names=frozenset({LOGIN_FAILED}),
    examine=examine,
)
