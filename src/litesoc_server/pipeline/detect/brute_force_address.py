"""Many failed logins from one address within minutes."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector
from litesoc_server.pipeline.detect.failures import COUNTED_ONCE, LOGIN_FAILED, at_address, attack_key
from litesoc_server.pipeline.detect.firing import Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, address_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import DistinctRequest, Steps, Window

ID = "brute_force_address"


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count a failed login against its address."""
    if event.user_ip is None:
        return ()
    address = address_of(event.user_ip)
    scope, window_ms = scope_of(event), policy.brute_force_address_window_ms
    at_ms, event_id = event.occurred_at_ms, event.event_id
    window = yield at_address(event, address, window_ms)
    assert isinstance(window, Window)
    actor = actor_of(event)
    accounts_count = 0
    if actor is not None:
        different = yield DistinctRequest(f"{scope}accounts at|{address}", window_ms, at_ms, actor, event_id)
        assert isinstance(different, int)
        accounts_count = different
    if window.count < policy.brute_force_address_failures_count:
        return ()
    current = beat(window.last_ms, window.count)
    if not (yield from claim(event, detector=ID, key=address, window=current)):
        return ()
    finding = _describe(event, policy, address, window, accounts_count)
    return (detection_of(finding, event, origin_of(event), key=address, window=current),)


def _describe(event: Event, policy: DetectionPolicy, address: str, window: Window, accounts_count: int) -> Finding:
    limit, window_ms = policy.brute_force_address_failures_count, policy.brute_force_address_window_ms
    failures = wording.several(window.count, "failed login")
    accounts = f"on {wording.several(accounts_count, 'account')}" if accounts_count else "on accounts the sender masked"
    found = f"{failures} from {address} {wording.span(window.first_ms, window.last_ms)}"
    reasons = [f"{found}; the limit is {limit} within {wording.duration(window_ms)}"]
    ruled_out = [COUNTED_ONCE]
    if accounts_count > 1:
        reasons.append(f"they went for {wording.several(accounts_count, 'different account')}")
        ruled_out.append(f"One person mistyping a password: {accounts_count:,} different accounts were tried.")
    where = wording.where(event.geo, event.network)
    if event.network is not None and event.network.special is not None:
        reasons.append(f"{address} is {where}: if nobody inside attacks, it may be your own proxy in place of user_ip")
    when = f"between {wording.utc(window.first_ms)} and {wording.utc(window.last_ms)}"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=DETECTOR.severity,
        incident_key=attack_key(address, None),
        title=f"Brute force from {address}: {failures} {accounts}",
        description=f"{failures} {accounts} came from {address} ({where}) {when}.",
        reasons=tuple(reasons),
        facts=(
            Fact("failures_count", window.count, limit),
            Fact("accounts_count", accounts_count),
            Fact("window_ms", window_ms),
            Fact("span_ms", window.last_ms - window.first_ms),
        ),
        ruled_out=tuple(ruled_out),
        actions=DETECTOR.actions,
        event_ids=window.members,
        event_count=window.count,
        first_seen_ms=window.first_ms,
        last_seen_ms=window.last_ms,
    )


DETECTOR = Detector(
    id=ID,
    title="Brute force from one address",
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1110", "Brute Force"),),
    description=(
        "Counts failed logins by the address they come from; an IPv6 address counts as its /64, which is what one "
        "subscriber has. Fires when 5 fall into 5 minutes, whatever accounts they went for. While the attack goes on, its "
        "incident is brought up to date once a minute and whenever the count has grown by an eighth. "
        "Incident: credential_attack|ip:<address>."
    ),
    false_positives=(
        "Many people behind one office or carrier address mistype their passwords at about the same time.",
        "A forgotten client keeps trying an old password.",
        "The application sends its own proxy's address as user_ip, so that everybody seems to come from one place.",
    ),
    actions=(
        "Block or slow down the address, at the edge if you can.",
        "Look whether any login from this address succeeded, and reset the passwords of those accounts.",
        "If the address is your own office or proxy, forward the real user_ip and mark this alert safe.",
    ),
    event_names=frozenset({LOGIN_FAILED}),
    examine=examine,
)
