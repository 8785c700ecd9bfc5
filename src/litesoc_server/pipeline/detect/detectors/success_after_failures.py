"""A login that succeeds after a burst of failed ones on the same account."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.accounts import failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.failures import (
    LOGIN_FAILED,
    attack_key,
    before_login,
    in_words,
    just_before,
    key_on_actor,
    key_on_actor_from,
    peek_on_actor,
    usual,
    weigh,
)
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    Familiarity,
    familiarity,
    logins_near,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.origin import Origin, origin_of, recall
from litesoc_server.pipeline.detect.subjects import NOWHERE, account_incident, actor_of, address_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import Steps, Window, peek

ID = "success_after_failures"


class _Case(msgspec.Struct, frozen=True):
    """One login held against the failures before it."""

    policy: DetectionPolicy
    actor: str
    login: Origin
    source: str  # the login's address, or NOWHERE
    known: Familiarity
    usual_count: int  # failures that were no stranger than the owner mistyping

    @property
    def is_familiar(self) -> bool:
        """Whether nothing about the login is new; a device that was not sent says nothing."""
        return self.known.is_network_familiar and (self.known.is_device_familiar or not self.known.is_device_known)

    @property
    def where(self) -> str:
        """The login's address, in words."""
        return "an address that was not sent" if self.source == NOWHERE else self.source


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look back from a login that succeeded; from a failure that came in late, look at the logins after it."""
    actor = actor_of(event)
    if actor is None:
        return ()
    window_ms = policy.success_after_failures_window_ms
    if event.name == LOGIN_SUCCEEDED:
        failures = yield peek_on_actor(event, actor, window_ms, event.occurred_at_ms)
        assert isinstance(failures, Window)
        if failures.count < policy.success_after_failures_count:
            return ()
        return (yield from _look_back(event, policy, actor, origin_of(event)))
    yield from failed_login(event, policy)
    near = yield logins_near(event, actor)
    assert isinstance(near, tuple)
    if not near or near[-1].at_ms < event.occurred_at_ms:
        return ()
    detections: list[Detection] = []
    for login in near:
        if 0 <= login.at_ms - event.occurred_at_ms <= window_ms:
            detections += yield from _look_back(event, policy, actor, recall(login))
    return tuple(detections)


def _look_back(event: Event, policy: DetectionPolicy, actor: str, login: Origin) -> Steps[tuple[Detection, ...]]:
    """Weigh the failures from the login's own address, and those from elsewhere, each for itself.

    Two counts that only ever grow, rather than one with the leading address among all: so the incidents do not depend on the
    order in which failures arrive.
    """
    threshold, window_ms = policy.success_after_failures_count, policy.success_after_failures_window_ms
    failures = yield from before_login(event, actor, login, window_ms)
    if failures.count < threshold:
        return ()
    source = address_of(login.ip) if login.ip is not None else NOWHERE
    own = yield from before_login(event, actor, login, window_ms, source)
    all_usual = (yield from peek(key=usual(key_on_actor(event, actor)), window_ms=window_ms, at_ms=login.at_ms)).count
    own_key = key_on_actor_from(event, actor, source)
    own_usual = (yield from peek(key=usual(own_key), window_ms=window_ms, at_ms=login.at_ms)).count if all_usual else 0
    foreign_count, foreign_usual = failures.count - own.count, all_usual - own_usual
    is_own = weigh(own.count, own_usual, policy) >= threshold
    is_foreign = weigh(foreign_count, foreign_usual, policy) >= threshold
    if not (is_own or is_foreign):
        return ()
    known = yield from familiarity(event, actor, login)
    findings: list[tuple[str, Finding]] = []
    if is_own:
        burst = yield from just_before(event, actor, source, policy.brute_force_address_window_ms, own.last_ms)
        case = _Case(policy, actor, login, source, known, own_usual)
        findings.append(("own", _own_failures(case, own, burst.count)))
    case = _Case(policy, actor, login, source, known, foreign_usual)
    if is_foreign and not case.is_familiar:
        findings.append(("foreign", _foreign_failures(case, failures, foreign_count)))
    if any(finding.severity.rank >= AlertSeverity.HIGH.rank for _, finding in findings):
        yield from mark_suspicious(event, actor, login, policy)
        yield from mark_risky(event, actor, login, policy, detector=ID)
    detections: list[Detection] = []
    for kind, finding in findings:
        key, current = f"{kind}|{source}|{actor}", f"{beat(login.at_ms, finding.evidence.event_count)}.{finding.severity}"
        if (yield from claim(event, detector=ID, key=key, window=current)):
            detections.append(detection_of(finding, event, login, key=key, window=current))
    return tuple(detections)


def _own_failures(case: _Case, failures: Window, burst_count: int) -> Finding:
    """Say that the address that failed so often got in."""
    policy, who, count = case.policy, wording.name(case.actor), wording.several(failures.count, "failed login")
    is_at_scale = failures.count >= policy.brute_force_account_failures_count
    is_brute_force = is_at_scale or burst_count >= policy.brute_force_address_failures_count
    if case.known.is_network_familiar and case.known.is_device_familiar:
        severity = AlertSeverity.MEDIUM if is_at_scale else AlertSeverity.LOW
    elif is_brute_force and (is_at_scale or not case.known.is_network_familiar):
        severity = AlertSeverity.CRITICAL
    else:
        severity = AlertSeverity.LOW if case.is_familiar else AlertSeverity.HIGH
    ruled_out = ["A guess that failed: a login from the same address followed."]
    if is_at_scale and failures.last_ms > failures.first_ms:
        pace_ms = (failures.last_ms - failures.first_ms) / (failures.count - 1)
        ruled_out.append(f"A few mistyped passwords: there were {failures.count:,}, one every {wording.duration(pace_ms)}.")
    is_takeover = severity is AlertSeverity.CRITICAL
    return _finding(
        case,
        failures,
        failures.count,
        severity=severity,
        incident_key=attack_key(case.source, case.actor),
        title=f"Likely takeover of {who}: logged in from {case.where} after {count}"
        if is_takeover
        else f"{who} logged in from {case.where} after {count}",
        description=(
            f"{count} for {who} came from {case.where} between {wording.utc(failures.first_ms)} and "
            f"{wording.utc(failures.last_ms)}; then, at {wording.utc(case.login.at_ms)}, a login of {who} from the same "
            f"address succeeded ({wording.device(case.login.device)}; {wording.where(case.login.geo, case.login.network)})."
        ),
        reason=f"{count} from {case.where}, the address of the login itself",
        ruled_out=tuple(ruled_out),
    )


def _foreign_failures(case: _Case, failures: Window, foreign_count: int) -> Finding:
    """Say that an account under attack from elsewhere was entered in an unfamiliar way."""
    who, count = wording.name(case.actor), wording.several(foreign_count, "failed login")
    is_high = case.known.history_count > 0 and not case.known.is_network_familiar
    return _finding(
        case,
        failures,
        foreign_count,
        severity=AlertSeverity.HIGH if is_high else AlertSeverity.MEDIUM,
        incident_key=account_incident(case.actor),
        title=f"{who}, under attack from elsewhere, logged in from {case.where}",
        description=(
            f"{count} for {who} came from other addresses between {wording.utc(failures.first_ms)} and "
            f"{wording.utc(failures.last_ms)}; then, at {wording.utc(case.login.at_ms)}, a login of {who} from {case.where} "
            f"succeeded ({wording.device(case.login.device)}; {wording.where(case.login.geo, case.login.network)})."
        ),
        reason=f"{count} from addresses other than that of the login",
        ruled_out=("The owner's usual network and device: the login came from neither or from only one of them.",),
    )


def _finding(
    case: _Case,
    failures: Window,
    count: int,
    *,
    severity: AlertSeverity,
    incident_key: str,
    title: str,
    description: str,
    reason: str,
    ruled_out: tuple[str, ...],
) -> Finding:
    policy, login = case.policy, case.login
    window_ms = policy.success_after_failures_window_ms
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=incident_key,
        title=title,
        description=description,
        reasons=(
            f"{reason}; the limit is {policy.success_after_failures_count} within {wording.duration(window_ms)} before it",
            f"the login followed {wording.duration(login.at_ms - failures.last_ms)} after the last failure",
            _familiarity_in_words(case),
            *in_words(case.usual_count, policy),
        ),
        facts=(
            Fact("failures_count", count, policy.success_after_failures_count),
            Fact("span_ms", failures.last_ms - failures.first_ms),
            Fact("delay_ms", login.at_ms - failures.last_ms, window_ms),
            Fact("earlier_logins_count", case.known.history_count),
        ),
        ruled_out=ruled_out,
        actions=DETECTOR.actions,
        is_entry=severity is not AlertSeverity.LOW,  # that is an owner who mistyped
        evidence=Evidence(
            event_ids=(*failures.members, login.event_id),
            event_count=failures.count + 1,
            first_ms=failures.first_ms,
            last_ms=login.at_ms,
        ),
    )


def _familiarity_in_words(case: _Case) -> str:
    known = case.known
    if not known.history_count:
        return "no earlier login of this account is known to compare with"
    network = "is familiar" if known.is_network_familiar else "is new"
    device = "was not sent" if not known.is_device_known else "is familiar" if known.is_device_familiar else "is new"
    logins = wording.several(known.history_count, "earlier login")
    return f"compared with {logins} of this account, the network {network} and the device {device}"


DETECTOR = Detector(
    id=ID,
    title="Login after failed logins",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1110", "Brute Force"),
        AttackTechnique("T1078", "Valid Accounts"),
    ),
    description=(
        "Fires when an account is logged in to within 60 minutes after 5 or more failed logins on it. A failure from a "
        "network and a device that are both familiar of the account counts a quarter: mistyped passwords at home and a "
        "password manager with an old one are no alert before there are 20, they only raise the risk score. Failures from "
        "the login's own address belong to that address's incident, the same as the brute force before it. Severity: "
        "critical, a likely takeover, if the failures reached a brute-force limit (5 in 5 minutes and the network is new "
        "to the account, or 10 in the hour); high if network or device is new; low if network and device are familiar, and "
        "medium if those were 10 or more. Failures from other addresses count only if the login's "
        "network or device is new, and belong to account|actor:<id>: high from a new network, else medium. Familiar "
        "means: used by the account in the last 90 days, more than 5 minutes before, in a login that was not suspicious. A "
        "device that was not sent (no user agent) counts neither way."
    ),
    false_positives=(
        "A new user mistypes a fresh password five times and then gets it right.",
        "An owner resets a forgotten password on a new phone.",
        "A mail client with the old password fails until its owner types the new one.",
    ),
    actions=(
        "Ask the owner, through another channel, whether this login was theirs.",
        "If not: end all sessions of the account, reset its password and second factor, and review what it did since.",
        "Block the address that made the failed logins.",
    ),
    event_names=frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED}),
    examine=examine,
)
