"""Requests for a second factor that are refused again and again, and the one that is then approved."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    Familiarity,
    familiarity,
    logins_near,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, address_of, scope_of
from litesoc_server.pipeline.detect.until import window_until
from litesoc_server.pipeline.policy import HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    CountRequest,
    LastRequest,
    RememberRequest,
    Steps,
    Window,
    peek,
)

ID = "mfa_fatigue"
DENIED = "auth.mfa_denied"
TIMED_OUT = "auth.mfa_timed_out"
FAILED = "auth.mfa_challenge_failed"
APPROVED = "auth.mfa_challenge_success"
_REFUSALS = frozenset({DENIED, TIMED_OUT, FAILED})


class _Case(msgspec.Struct, frozen=True):
    """An approval held against the refusals before it."""

    policy: DetectionPolicy
    actor: str
    approval: Origin
    refusals: Window
    pushes_count: int  # refusals that were no wrong codes
    known: Familiarity

    @property
    def is_suspect(self) -> bool:
        """Whether network or device is new to an account with a history; after nothing but wrong codes, whether both are."""
        if self.known.history_count < self.policy.history_count:
            return False
        if self.pushes_count:
            return not (self.known.is_network_familiar and self.known.is_device_familiar)
        return not (self.known.is_network_familiar or self.known.is_device_familiar)


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count refusals, and look back from an approval; from a refusal that came in late, look at the approvals after it."""
    actor = actor_of(event)
    if actor is None:
        return ()
    if event.name in _REFUSALS:
        return (yield from _examine_refusal(event, policy, actor))
    if event.name == APPROVED:
        ttl_ms = policy.mfa_fatigue_approval_window_ms + HOUR_MS
        yield RememberRequest(_approvals(event, actor), event.occurred_at_ms, event.event_id, memo_of(event), ttl_ms)
    refusals = yield from peek(
        key=_all(event, actor), window_ms=policy.mfa_fatigue_approval_window_ms, at_ms=event.occurred_at_ms
    )
    if refusals.count < policy.mfa_fatigue_approval_refusals_count:
        return ()
    return (yield from _look_back(event, policy, actor, origin_of(event)))


def _examine_refusal(event: Event, policy: DetectionPolicy, actor: str) -> Steps[tuple[Detection, ...]]:
    at_ms, event_id, window_ms = event.occurred_at_ms, event.event_id, policy.mfa_fatigue_approval_window_ms
    if event.name != FAILED:
        yield CountRequest(_pushes(event, actor), window_ms, at_ms, event_id)
    yield CountRequest(_all(event, actor), window_ms, at_ms, event_id)
    window = yield CountRequest(_all(event, actor), policy.mfa_fatigue_window_ms, at_ms, event_id)
    assert isinstance(window, Window)
    detections: list[Detection] = []
    if window.count >= policy.mfa_fatigue_refusals_count:
        current = beat(window.last_ms, window.count)
        if (yield from claim(event, detector=ID, key=actor, window=current)):
            finding = _many_refusals(policy, actor, event, window)
            detections.append(detection_of(finding, event, origin_of(event), key=actor, window=current))
    approvals = yield LastRequest(_approvals(event, actor), at_ms, LAST_MAX)
    logins = yield logins_near(event, actor)
    assert isinstance(approvals, tuple)
    assert isinstance(logins, tuple)
    for approval in (*approvals, *logins):
        if 0 <= approval.at_ms - at_ms <= window_ms:
            detections += yield from _look_back(event, policy, actor, recall(approval))
    return tuple(detections)


def _look_back(event: Event, policy: DetectionPolicy, actor: str, approval: Origin) -> Steps[tuple[Detection, ...]]:
    """Weigh the refusals before one approval, if that came from a new address."""
    window_ms, at_ms = policy.mfa_fatigue_approval_window_ms, approval.at_ms
    refusals = yield from window_until(key=_all(event, actor), window_ms=window_ms, at_ms=at_ms, event_id=approval.event_id)
    if refusals.count < policy.mfa_fatigue_approval_refusals_count or approval.ip is None:
        return ()
    logins = yield LastRequest(logins_near(event, actor).key, at_ms - LATENESS_MS, LAST_MAX)
    assert isinstance(logins, tuple)
    address = address_of(approval.ip)
    for login in map(recall, logins):
        if login.at_ms <= at_ms - LATENESS_MS and login.ip is not None and address_of(login.ip) == address:
            return ()
    pushes = yield from window_until(key=_pushes(event, actor), window_ms=window_ms, at_ms=at_ms, event_id=approval.event_id)
    case = _Case(policy, actor, approval, refusals, pushes.count, (yield from familiarity(event, actor, approval)))
    if not case.is_suspect:
        return ()
    yield from mark_suspicious(event, actor, approval, policy)
    yield from mark_risky(event, actor, approval, policy, detector=ID)
    key, current = f"approved|{actor}", f"{beat(at_ms, refusals.count)}|{address}"
    if not (yield from claim(event, detector=ID, key=key, window=current)):
        return ()
    return (detection_of(_approved(case, address), event, approval, key=key, window=current),)


def _all(event: Event, actor: str) -> str:
    return f"{scope_of(event)}mfa refused|{actor}"


def _pushes(event: Event, actor: str) -> str:
    return f"{scope_of(event)}mfa pushes refused|{actor}"


def _approvals(event: Event, actor: str) -> str:
    return f"{scope_of(event)}mfa approved|{actor}"


def _many_refusals(policy: DetectionPolicy, actor: str, event: Event, window: Window) -> Finding:
    who, count = wording.name(actor), wording.several(window.count, "refused or unanswered request")
    first, last = wording.utc(window.first_ms), wording.utc(window.last_ms)
    limit, within = policy.mfa_fatigue_refusals_count, wording.duration(policy.mfa_fatigue_window_ms)
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.MEDIUM,
        incident_key=account_incident(actor),
        title=f"{who}: {count} for a second factor {wording.span(window.first_ms, window.last_ms)}",
        description=(
            f"Between {first} and {last} {who} denied, left unanswered or failed {wording.several(window.count, 'request')} "
            "for a second factor. Whoever makes them probably has the password, and hopes that one of them is approved."
        ),
        reasons=(f"{count} {wording.span(window.first_ms, window.last_ms)}; the limit is {limit} within {within}",),
        facts=(
            Fact("refusals_count", window.count, limit),
            Fact("span_ms", window.last_ms - window.first_ms, policy.mfa_fatigue_window_ms),
        ),
        ruled_out=("Repeated delivery: every request was counted once, by its event id.",),
        actions=DETECTOR.actions,
        evidence=Evidence(
            event_ids=window.members or (event.event_id,),
            event_count=window.count,
            first_ms=window.first_ms,
            last_ms=window.last_ms,
        ),
    )


def _approved(case: _Case, address: str) -> Finding:
    policy, refusals, known, approval = case.policy, case.refusals, case.known, case.approval
    who, count = wording.name(case.actor), wording.several(refusals.count, "refused or unanswered request")
    limit, within = policy.mfa_fatigue_approval_refusals_count, wording.duration(policy.mfa_fatigue_approval_window_ms)
    logins = wording.several(known.history_count, "earlier login")
    network = "familiar" if known.is_network_familiar else "new"
    device = "not sent" if not known.is_device_known else "familiar" if known.is_device_familiar else "new"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.CRITICAL,
        incident_key=account_incident(case.actor),
        title=f"Likely takeover of {who}: second factor approved from {address} after {count}",
        description=(
            f"After {count} for a second factor, the last at {wording.utc(refusals.last_ms)}, {who} was let in at "
            f"{wording.utc(approval.at_ms)} from {wording.where(approval.geo, approval.network)} ({approval.ip}), an "
            "address that is new to the account. People approve a request in the end to be left in peace."
        ),
        reasons=(
            f"{count} within {within} before the approval; the limit is {limit}",
            f"compared with {logins} ({policy.history_count} needed): address new, network {network}, device {device}",
        ),
        facts=(
            Fact("refusals_count", refusals.count, limit),
            Fact("pushes_count", case.pushes_count),
            Fact("delay_ms", approval.at_ms - refusals.last_ms, policy.mfa_fatigue_approval_window_ms),
            Fact("earlier_logins_count", known.history_count, policy.history_count),
        ),
        ruled_out=(
            "The owner, who mistypes a code at home or at work: the account's latest logins came from other addresses.",
            "A new address of the usual line on the usual device: network or device is new.",
        ),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence(
            event_ids=(*refusals.members, approval.event_id),
            event_count=refusals.count + 1,
            first_ms=refusals.first_ms,
            last_ms=approval.at_ms,
        ),
    )


DETECTOR = Detector(
    id=ID,
    title="MFA fatigue",
    group=DetectorGroup.SESSIONS,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1621", "Multi-Factor Authentication Request Generation"),),
    description=(
        "Counts requests for a second factor that are denied (auth.mfa_denied), not answered (auth.mfa_timed_out) or failed "
        "(auth.mfa_challenge_failed). Fires at 5 on one account within 10 minutes (medium). Fires when, within 15 minutes "
        "after 3 or more of them, the account is let in (auth.mfa_challenge_success or auth.login_success) from an address "
        "that its latest 8 logins did not come from, unless both network and device are familiar: a likely takeover "
        "(critical), which needs 3 earlier logins to compare with. If all of them were failed, that is wrong codes, a "
        "familiar network or device is enough to stay quiet: people mistype codes when they travel. Incident: "
        "account|actor:<id>."
    ),
    false_positives=(
        "A phone without reception, or a device whose clock is wrong, so that every code fails.",
        "An application that asks for the second factor again and again by itself.",
        "An application that reports the phone's address and not that of the browser the request was made for.",
    ),
    actions=(
        "Ask the owner, through another channel, whether they made these requests, and whether they approved one.",
        "If not: end all sessions of the account and reset its password, which is known to somebody.",
        "Prefer a second factor that cannot be approved by a tap: number matching, or a security key.",
    ),
    event_names=frozenset({*_REFUSALS, APPROVED, LOGIN_SUCCEEDED}),
    examine=examine,
)
