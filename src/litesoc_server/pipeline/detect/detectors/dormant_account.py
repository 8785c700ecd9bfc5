"""An account that nobody used for months is logged in to from somewhere new."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, network_label
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    logins_near,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, scope_of
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    LastRequest,
    Remembered,
    RememberRequest,
    Steps,
)

ID = "dormant_account"
PASSWORD_RESET = "auth.password_reset"  # noqa: S105 - the name of an event


class _Case(msgspec.Struct, frozen=True):
    """A login after a long silence."""

    policy: DetectionPolicy
    actor: str
    login: Origin
    earlier: tuple[Origin, ...]  # the account's last logins before, oldest first; never empty
    reset: Origin | None  # of the password, shortly before

    @property
    def is_network_new(self) -> bool:
        """Whether none of the earlier logins came from this network."""
        label = network_label(self.login.network)
        return label != UNKNOWN and all(network_label(one.network) != label for one in self.earlier)

    @property
    def is_device_new(self) -> bool:
        """Whether none of the earlier logins was made with this device."""
        label = device_label(self.login.device)
        return label != UNKNOWN and all(device_label(one.device) != label for one in self.earlier)


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look at the silence before a login; from a reset that came in late, look at the logins after it."""
    actor = actor_of(event)
    if actor is None:
        return ()
    if event.name == LOGIN_SUCCEEDED:
        near = yield logins_near(event, actor)
        assert isinstance(near, tuple)
        if not _is_after_silence(event.occurred_at_ms, near, policy):
            return ()
        return (yield from _weigh(event, policy, actor, origin_of(event)))
    window_ms = policy.dormant_account_reset_window_ms
    key = _resets(event, actor)
    yield RememberRequest(key, event.occurred_at_ms, event.event_id, memo_of(event), window_ms + HOUR_MS)
    near = yield logins_near(event, actor)
    assert isinstance(near, tuple)
    detections: list[Detection] = []
    for login in near:
        if 0 <= login.at_ms - event.occurred_at_ms <= window_ms:
            detections += yield from _weigh(event, policy, actor, recall(login))
    return tuple(detections)


def _is_after_silence(at_ms: int, near: tuple[Remembered, ...], policy: DetectionPolicy) -> bool:
    """Return whether the last login more than LATENESS_MS before ``at_ms`` is long ago; False if there is none."""
    for login in reversed(near):
        if login.at_ms <= at_ms - LATENESS_MS:
            return at_ms - login.at_ms >= policy.dormant_account_silence_ms
    return False


def _weigh(event: Event, policy: DetectionPolicy, actor: str, login: Origin) -> Steps[tuple[Detection, ...]]:
    near = yield LastRequest(logins_near(event, actor).key, login.at_ms, LAST_MAX)
    assert isinstance(near, tuple)
    if not _is_after_silence(login.at_ms, near, policy):
        return ()
    earlier = tuple(recall(one) for one in near if one.at_ms <= login.at_ms - LATENESS_MS)
    case = _Case(policy, actor, login, earlier, (yield from _reset_before(event, policy, actor, login)))
    if not (case.is_network_new or case.is_device_new):
        return ()
    yield from mark_risky(event, actor, login, policy, detector=ID)
    if case.reset is not None:
        yield from mark_suspicious(event, actor, login, policy)
    window = f"{login.at_ms // DAY_MS}|{case.reset is not None}"
    if not (yield from claim(event, detector=ID, key=actor, window=window)):
        return ()
    return (detection_of(_describe(case), event, login, key=actor, window=window),)


def _reset_before(event: Event, policy: DetectionPolicy, actor: str, login: Origin) -> Steps[Origin | None]:
    resets = yield LastRequest(_resets(event, actor), login.at_ms, 1)
    assert isinstance(resets, tuple)
    for reset in resets:
        if 0 <= login.at_ms - reset.at_ms <= policy.dormant_account_reset_window_ms:
            return recall(reset)
    return None


def _resets(event: Event, actor: str) -> str:
    return f"{scope_of(event)}resets|{actor}"


def _describe(case: _Case) -> Finding:
    policy, login, reset = case.policy, case.login, case.reset
    who, silence_ms = wording.name(case.actor), login.at_ms - case.earlier[-1].at_ms
    silence, limit = wording.duration(silence_ms), wording.duration(policy.dormant_account_silence_ms)
    new = " nor ".join(
        text
        for is_new, text in (
            (case.is_network_new, f"the network {wording.network(login.network)}"),
            (case.is_device_new, f"the device ({wording.device(login.device)})"),
        )
        if is_new
    )
    reasons = [
        f"no login was known for {silence}; the limit is {limit}",
        f"the last {wording.several(len(case.earlier), 'known login')} before that did not use {new}",
    ]
    facts = [Fact("silence_ms", silence_ms, policy.dormant_account_silence_ms)]
    evidence = [case.earlier[-1]]
    if reset is not None:
        gap_ms, limit_ms = login.at_ms - reset.at_ms, policy.dormant_account_reset_window_ms
        reasons.append(
            f"its password was reset {wording.duration(gap_ms)} before; the limit is {wording.duration(limit_ms)}"
        )
        facts.append(Fact("since_reset_ms", gap_ms, limit_ms))
        evidence.append(reset)
    evidence.append(login)
    after_reset = ", after a reset of its password" if reset is not None else ""
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.MEDIUM if reset is None else AlertSeverity.HIGH,
        incident_key=account_incident(case.actor),
        title=f"{who}, unused for {silence}, was logged in to from somewhere new{after_reset}",
        description=(
            f"{who} logged in from {wording.where(login.geo, login.network)} ({login.ip or 'address not sent'}) with "
            f"{wording.device(login.device)} at {wording.utc(login.at_ms)}{after_reset}. The login before it was at "
            f"{wording.utc(case.earlier[-1].at_ms)}. Forgotten accounts are taken over unnoticed."
        ),
        reasons=tuple(reasons),
        facts=tuple(facts),
        ruled_out=("An owner who comes back as they left: network or device was not used before the silence.",),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence(
            event_ids=tuple(one.event_id for one in evidence),
            event_count=len(evidence),
            first_ms=evidence[0].at_ms,
            last_ms=login.at_ms,
        ),
    )


DETECTOR = Detector(
    id=ID,
    title="Login to a dormant account",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.MEDIUM,
    techniques=(
        AttackTechnique("T1078", "Valid Accounts"),
        AttackTechnique("T1098", "Account Manipulation"),
    ),
    description=(
        "Fires when an account without a login for 90 days or more is logged in to from a network (ASN) or with a device "
        "that its last logins, up to 8, did not use (medium); high if its password was reset within the day before. An "
        "account's last logins are remembered for 400 days, but a state that is rebuilt (an embedded server that restarts, "
        "Redis without its data) knows those of the last 7 days only, and is blind to older silence until 90 days later. "
        "An account of which no earlier login is known is new, not dormant. Incident: account|actor:<id>."
    ),
    false_positives=(
        "Somebody comes back from a long leave with a new phone.",
        "An account for a yearly task, such as a tax return.",
    ),
    actions=(
        "Ask the owner, through another channel, whether they are back.",
        "If not: close the account's sessions, reset its password and review what it did since.",
        "Disable accounts that nobody needs any more.",
    ),
    event_names=frozenset({LOGIN_SUCCEEDED, PASSWORD_RESET}),
    examine=examine,
)
