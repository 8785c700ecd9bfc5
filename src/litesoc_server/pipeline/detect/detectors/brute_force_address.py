"""Many failed logins from one address within minutes."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import background, wording
from litesoc_server.pipeline.detect.accounts import failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import is_shared, is_usual_pace, users_count
from litesoc_server.pipeline.detect.failures import (
    COUNTED_ONCE,
    LOGIN_FAILED,
    at_address,
    attack_key,
    in_words,
    key_at_address,
    key_on_actor_from,
    usual,
    weigh,
)
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, address_of, scope_of
from litesoc_server.pipeline.detect.until import windows_through
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import (
    CountRequest,
    DistinctRequest,
    Steps,
    Window,
    peek,
    peek_distinct,
)

ID = "brute_force_address"


class _Burst(msgspec.Struct, frozen=True):
    """The failed logins of one window that are reported together."""

    window: Window
    accounts_count: int  # with a name
    limit: int
    because: str  # why that limit, in words; "" for the plain one
    usual_count: int = 0  # failures from a network and a device that are familiar of their account


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count a failed login against its address, those at accounts that do not exist also for themselves.

    Each of the two findings only ever grows, so the incidents do not depend on the order of arrival.
    """
    if event.user_ip is None:
        return ()
    keys = _Keys(event, address_of(event.user_ip))
    window = yield from _note(event, policy, keys)
    if window.count < policy.brute_force_address_failures_count:
        return ()
    own, at_nobody = yield from _bursts(event, policy, keys, window)
    of_its_own = yield from _announce(event, policy, keys, own, is_at_nobody=False)
    in_the_background = yield from _announce(event, policy, keys, at_nobody, is_at_nobody=True)
    return (*of_its_own, *in_the_background)


class _Keys:
    """The state keys of one address."""

    def __init__(self, event: Event, address: str) -> None:
        scope = scope_of(event)
        self.address = address
        self.failed = key_at_address(event, address)
        self.accounts = f"{scope}accounts at|{address}"
        self.unknown = f"{scope}unknown at|{address}"
        self.unknown_accounts = f"{scope}unknown accounts at|{address}"


def _note(event: Event, policy: DetectionPolicy, keys: _Keys) -> Steps[Window]:
    """Remember a failed login and return the fullest window with it.

    It is counted last: whoever sees it counted sees all else that is noted of it, however many are judged at once.
    """
    actor, at_ms, event_id = actor_of(event), event.occurred_at_ms, event.event_id
    window_ms = policy.brute_force_address_window_ms
    if actor is not None:
        yield DistinctRequest(keys.accounts, window_ms, at_ms, actor, event_id)
    if not (yield from failed_login(event, policy)).is_at_account:
        yield CountRequest(keys.unknown, window_ms, at_ms, event_id)
        if actor is not None:
            yield DistinctRequest(keys.unknown_accounts, window_ms, at_ms, actor, event_id)
    window = yield at_address(event, keys.address, window_ms)
    assert isinstance(window, Window)
    return window


def _bursts(event: Event, policy: DetectionPolicy, keys: _Keys, latest: Window) -> Steps[tuple[list[_Burst], list[_Burst]]]:
    """Return what is over a limit in any of the windows that the event is part of: attacks of their own, and at nobody."""
    window_ms, own, at_nobody = policy.brute_force_address_window_ms, list[_Burst](), list[_Burst]()
    at_ms = event.occurred_at_ms
    for window in (yield from windows_through(key=keys.failed, window_ms=window_ms, at_ms=at_ms, own=latest)):
        if window.count >= policy.brute_force_address_failures_count:
            found = yield from _judge(event, policy, keys, window)
            own += found[0]
            at_nobody += found[1]
    return own, at_nobody


def _announce(
    event: Event, policy: DetectionPolicy, keys: _Keys, bursts: list[_Burst], *, is_at_nobody: bool
) -> Steps[tuple[Detection, ...]]:
    """Announce the fullest of some bursts, unless that was done."""
    if not bursts:
        return ()
    burst = max(bursts, key=lambda one: (one.window.count, one.window.last_ms))
    key, current = ("unknown|" if is_at_nobody else "") + keys.address, beat(burst.window.last_ms, burst.window.count)
    if not (yield from claim(event, detector=ID, key=key, window=current)):
        return ()
    finding = _describe(event, policy, keys.address, burst)
    if is_at_nobody:
        around = yield from background.background_at(event, burst.window.last_ms, policy)
        finding = background.part_of(around, finding)
    return (detection_of(finding, event, origin_of(event), key=key, window=current),)


def _judge(event: Event, policy: DetectionPolicy, keys: _Keys, window: Window) -> Steps[tuple[list[_Burst], list[_Burst]]]:
    """Return what of ``window`` is an attack of its own, and what a part of the background."""
    window_ms, end_ms = policy.brute_force_address_window_ms, window.last_ms
    accounts_count = yield from peek_distinct(key=keys.accounts, window_ms=window_ms, at_ms=end_ms)
    limit = policy.brute_force_address_failures_count
    unknown = yield from peek(key=keys.unknown, window_ms=window_ms, at_ms=end_ms)
    users_here_count = yield from users_count(event, keys.address, end_ms)
    is_shared_here = is_shared(event.network, users_here_count, policy)
    usual_count = (yield from peek(key=usual(keys.failed), window_ms=window_ms, at_ms=end_ms)).count
    own: list[_Burst] = []
    if is_shared_here:
        own = yield from _judge_shared(event, policy, keys, _Burst(window, accounts_count, limit, "", usual_count))
    elif unknown.count < window.count and weigh(window.count, usual_count, policy) >= limit:
        own = [_Burst(window, accounts_count, limit, "", usual_count)]
    if (
        is_shared_here and users_here_count
    ) or unknown.count < limit:  # where users come from, a few unknown names are mistyped ones
        return own, []
    unknown_accounts_count = yield from peek_distinct(key=keys.unknown_accounts, window_ms=window_ms, at_ms=end_ms)
    return own, [_Burst(unknown, unknown_accounts_count, limit, "")]


def _judge_shared(event: Event, policy: DetectionPolicy, keys: _Keys, whole: _Burst) -> Steps[list[_Burst]]:
    """Return the bursts that are too much even for an address that many people share."""
    window, window_ms, actor = whole.window, policy.brute_force_address_window_ms, actor_of(event)
    end_ms = window.last_ms
    bursts: list[_Burst] = []
    limit = max(policy.brute_force_address_shared_failures_count, policy.brute_force_address_failures_count)
    is_usual = yield from is_usual_pace(event, keys.address, window.count, end_ms, policy)
    if weigh(window.count, whole.usual_count, policy) >= limit and not is_usual:
        because = "many people share this address, hence the higher limit"
        bursts.append(msgspec.structs.replace(whole, limit=limit, because=because))
    limit = policy.brute_force_address_shared_unknown_accounts_count
    unknown_accounts_count = yield from peek_distinct(key=keys.unknown_accounts, window_ms=window_ms, at_ms=end_ms)
    if unknown_accounts_count >= limit:
        unknown = yield from peek(key=keys.unknown, window_ms=window_ms, at_ms=end_ms)
        because = f"many people share this address, but {unknown_accounts_count:,} of the accounts do not exist"
        bursts.append(_Burst(unknown, unknown_accounts_count, limit, because))
    limit = policy.brute_force_address_shared_account_failures_count
    if actor is not None:
        key = key_on_actor_from(event, actor, keys.address)
        on_one = yield from peek(key=key, window_ms=window_ms, at_ms=end_ms)
        if on_one.count >= limit:
            usual_count = (yield from peek(key=usual(key), window_ms=window_ms, at_ms=end_ms)).count
            if weigh(on_one.count, usual_count, policy) >= limit:
                because = f"many people share this address, but all of these were at {wording.name(actor)}"
                bursts.append(_Burst(on_one, 1, limit, because, usual_count))
    return bursts


def _describe(event: Event, policy: DetectionPolicy, address: str, burst: _Burst) -> Finding:
    window, window_ms = burst.window, policy.brute_force_address_window_ms
    failures = wording.several(window.count, "failed login")
    accounts = (
        f"on {wording.several(burst.accounts_count, 'account')}"
        if burst.accounts_count
        else "on accounts whose names were not sent"
    )
    found = f"{failures} from {address} {wording.span(window.first_ms, window.last_ms)}"
    reasons = [f"{found}; the limit is {burst.limit} within {wording.duration(window_ms)}"]
    if burst.because:
        reasons.append(burst.because)
    reasons += in_words(burst.usual_count, policy)
    ruled_out = [COUNTED_ONCE]
    if burst.accounts_count > 1:
        reasons.append(f"they went for {wording.several(burst.accounts_count, 'different account')}")
        ruled_out.append(f"One person mistyping a password: {burst.accounts_count:,} different accounts were tried.")
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
            Fact("failures_count", window.count, burst.limit),
            Fact("accounts_count", burst.accounts_count),
            Fact("window_ms", window_ms),
            Fact("span_ms", window.last_ms - window.first_ms),
        ),
        ruled_out=tuple(ruled_out),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(window),
    )


DETECTOR = Detector(
    id=ID,
    title="Brute force from one address",
    group=DetectorGroup.PASSWORDS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1110", "Brute Force"),),
    description=(
        "Counts failed logins by the address they come from; an IPv6 address counts as its /64, which is what one "
        "subscriber has. Fires when 5 fall into 5 minutes, whatever accounts they went for. An address that many share (3 "
        "users or more logged in from it within 7 days, or it belongs to a mobile carrier or a company's gateway) has other "
        "limits: 20 failures, and 4 times the 99th centile of its own 5-minute windows; or 8 on one account; or 5 accounts "
        "that do not exist. A failure from a network and a device that are familiar of its account (the owner "
        "mistyping, a program with an old password) counts a quarter. While the attack goes on, its incident is brought up "
        "to date once a minute and whenever the count has grown by an eighth. Incident: "
        "credential_attack|ip:<address>; failures at accounts that never logged in "
        "belong to credential_attack|org:unknown_accounts, one incident for all such sources, with severity low."
    ),
    false_positives=(
        "A shared address that no user has logged in from yet, such as a new office.",
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
