"""Many failed logins on one account within an hour, from one address or from many."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector
from litesoc_server.pipeline.detect.failures import (
    COUNTED_ONCE,
    LOGIN_FAILED,
    attack_key,
    on_actor,
    on_actor_from,
    peek_on_actor,
    source_of,
)
from litesoc_server.pipeline.detect.firing import Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import NOWHERE, actor_of, actor_subject, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import DistinctRequest, Steps, Window, peek_distinct

ID = "brute_force_account"
_LATER_WINDOWS_MAX = 16  # beyond so many later failures one of the windows tried is over the limit anyway


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count a failed login against its account: those from its own address, and those from everywhere.

    The two are separate findings, each of which only ever grows, so the incidents do not depend on the order of arrival.
    """
    actor = actor_of(event)
    if actor is None:
        return ()
    source, window_ms = source_of(event), policy.brute_force_account_window_ms
    window = yield on_actor(event, actor, window_ms)
    from_source = yield on_actor_from(event, actor, source, window_ms)
    sources_count = yield DistinctRequest(
        _sources_key(event, actor), window_ms, event.occurred_at_ms, source, event.event_id
    )
    assert isinstance(window, Window)
    assert isinstance(from_source, Window)
    assert isinstance(sources_count, int)
    threshold = policy.brute_force_account_failures_count
    if window.count < threshold:
        return ()
    detections: list[Detection] = []
    if from_source.count >= threshold:
        current = beat(from_source.last_ms, from_source.count)
        if (yield from claim(event, detector=ID, key=f"{source}|{actor}", window=current)):
            finding = _from_one_source(event, policy, actor, source, from_source)
            detections.append(detection_of(finding, event, origin_of(event), key=f"{source}|{actor}", window=current))
    if sources_count > 1:
        spread = yield from _widest(event, policy, actor, window)
        if spread is not None:
            current = beat(spread[0].last_ms, spread[0].count)
            if (yield from claim(event, detector=ID, key=actor, window=current)):
                finding = _from_many_sources(policy, actor, *spread)
                detections.append(detection_of(finding, event, origin_of(event), key=actor, window=current))
    return tuple(detections)


def _widest(event: Event, policy: DetectionPolicy, actor: str, window: Window) -> Steps[tuple[Window, int] | None]:
    """Return the fullest window over the limit that came from several addresses, and how many; None when there is none.

    For an event in order that can only be ``window``, the one that ends at it. A late one may have completed any of those
    that end at an event after it: the latest of these are tried.
    """
    window_ms, at_ms = policy.brute_force_account_window_ms, event.occurred_at_ms
    candidates = [window]
    end_ms = at_ms + window_ms
    while len(candidates) <= _LATER_WINDOWS_MAX:
        until = yield peek_on_actor(event, actor, window_ms, end_ms)
        assert isinstance(until, Window)
        if until.last_ms <= at_ms:
            break
        candidate = yield peek_on_actor(event, actor, window_ms, until.last_ms)
        assert isinstance(candidate, Window)
        candidates.append(candidate)
        end_ms = until.last_ms - 1
    found: list[tuple[Window, int]] = []
    for candidate in candidates:
        if candidate.count >= policy.brute_force_account_failures_count:
            key = _sources_key(event, actor)
            sources_count = yield from peek_distinct(key=key, window_ms=window_ms, at_ms=candidate.last_ms)
            if sources_count > 1:
                found.append((candidate, sources_count))
    return max(found, key=lambda pair: (pair[0].count, pair[0].last_ms), default=None)


def _sources_key(event: Event, actor: str) -> str:
    return f"{scope_of(event)}sources of|{actor}"


def _from_one_source(event: Event, policy: DetectionPolicy, actor: str, source: str, window: Window) -> Finding:
    where = "an address that was not sent" if source == NOWHERE else source
    place = "" if source == NOWHERE else f" ({wording.place(event.geo)}, {wording.network(event.network)})"
    return _finding(
        policy,
        window,
        severity=AlertSeverity.MEDIUM,
        incident_key=attack_key(source, actor),
        title=f"Brute force on {wording.name(actor)}: {_count(window)} from {where}",
        description=f"{_count(window)} on the account {wording.name(actor)} came from {where}{place} {_when(window)}.",
        reasons=(_failures(policy, actor, window),),
        sources_count=1,
        ruled_out="An attack from many places: all of these came from one address.",
    )


def _from_many_sources(policy: DetectionPolicy, actor: str, window: Window, sources_count: int) -> Finding:
    high_from = policy.brute_force_account_addresses_count
    addresses = wording.several(sources_count, "different address")
    return _finding(
        policy,
        window,
        severity=AlertSeverity.HIGH if sources_count >= high_from else AlertSeverity.MEDIUM,
        incident_key=f"credential_attack|{actor_subject(actor)}",
        title=f"Brute force on {wording.name(actor)}: {_count(window)} from {addresses}",
        description=f"{_count(window)} on the account {wording.name(actor)} came from {addresses} {_when(window)}.",
        reasons=(_failures(policy, actor, window), f"they came from {addresses}; from {high_from} on the alert is high"),
        sources_count=sources_count,
        ruled_out=f"One forgotten client with an old password: it would not come from {addresses}.",
    )


def _finding(
    policy: DetectionPolicy,
    window: Window,
    *,
    severity: AlertSeverity,
    incident_key: str,
    title: str,
    description: str,
    reasons: tuple[str, ...],
    sources_count: int,
    ruled_out: str,
) -> Finding:
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=incident_key,
        title=title,
        description=description,
        reasons=reasons,
        facts=(
            Fact("failures_count", window.count, policy.brute_force_account_failures_count),
            Fact("addresses_count", sources_count, policy.brute_force_account_addresses_count),
            Fact("window_ms", policy.brute_force_account_window_ms),
            Fact("span_ms", window.last_ms - window.first_ms),
        ),
        ruled_out=(ruled_out, COUNTED_ONCE),
        actions=DETECTOR.actions,
        event_ids=window.members,
        event_count=window.count,
        first_seen_ms=window.first_ms,
        last_seen_ms=window.last_ms,
    )


def _count(window: Window) -> str:
    return wording.several(window.count, "failed login")


def _when(window: Window) -> str:
    return f"between {wording.utc(window.first_ms)} and {wording.utc(window.last_ms)}"


def _failures(policy: DetectionPolicy, actor: str, window: Window) -> str:
    limit, length = policy.brute_force_account_failures_count, wording.duration(policy.brute_force_account_window_ms)
    found = f"{_count(window)} on {wording.name(actor)} {wording.span(window.first_ms, window.last_ms)}"
    return f"{found}; the limit is {limit} within {length}"


DETECTOR = Detector(
    id=ID,
    title="Brute force on one account",
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1110.001", "Brute Force: Password Guessing"),),
    description=(
        "Counts failed logins by the account they went for; accounts whose name the sender masked are left out. Fires when "
        "10 fall into 1 hour. If one address made all 10, they belong to that address's incident "
        "(credential_attack|ip:<address>), so that one attack is one alert. If they came from several addresses, it is an "
        "incident of the account (credential_attack|actor:<id>), medium, and high from 5 addresses on. Updates come once a "
        "minute and whenever the count has grown by an eighth."
    ),
    false_positives=(
        "A mail client, script or password manager keeps trying an old password.",
        "The owner has forgotten the password and tries from a phone whose address changes.",
    ),
    actions=(
        "Ask the owner whether the attempts were theirs.",
        "Require a second factor for the account, or lock it until the attempts stop.",
        "Look whether a login succeeded after the failures.",
    ),
    event_names=frozenset({LOGIN_FAILED}),
    examine=examine,
)
