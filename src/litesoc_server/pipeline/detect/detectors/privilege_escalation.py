"""Rights that are gained in a way they should not be: by oneself, by a new account, in a series, after a risky login."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.failures import LOGIN_FAILED
from litesoc_server.pipeline.detect.feedback import LOGIN_DENIED
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.grants import (
    ACCOUNT_CREATED,
    ESCALATION,
    GRANT_NAMES,
    OTHER_ADMIN_ACTS,
    RIGHT_FIELDS,
    TARGET_FIELDS,
    grant_of,
    is_self_grant,
    targets_of,
)
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    logins_near,
    risky_login_id,
    risky_logins_near,
    without_confirmed,
)
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.privilege_case import GrantCase, tell
from litesoc_server.pipeline.detect.subjects import actor_key, actor_of, scope_of
from litesoc_server.pipeline.detect.until import window_until
from litesoc_server.pipeline.policy import HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import LAST_MAX, Remembered, Steps, count, last, remember, seen

ID = "privilege_escalation"
_TARGETS_MAX = 5  # names of receiving accounts looked at per event
_LOGIN_NAMES = frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED, LOGIN_DENIED})


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look at a grant; from what came in late (an account's creation, a risky login), look at the grants after it."""
    detections = yield from _examine_act(event, policy)
    actor = actor_of(event)
    if actor is None or not (event.name in _LOGIN_NAMES or event.session_id is not None):
        return detections
    risky = yield risky_logins_near(event, actor)  # this event may have shown that an earlier one was
    assert isinstance(risky, tuple)
    return (*detections, *(yield from _examine_after(event, policy, actor, risky))) if risky else detections


def _examine_act(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    if event.name in GRANT_NAMES:
        return (yield from _examine_grant(event, policy))
    if event.name == ACCOUNT_CREATED:
        yield from _note_admin_act(event, policy)
        return (yield from _examine_creation(event, policy))
    if event.name in OTHER_ADMIN_ACTS:
        yield from _note_admin_act(event, policy)
    return ()


def _note_admin_act(event: Event, policy: DetectionPolicy) -> Steps[bool]:
    """Remember an administrative act; return whether it is the first known one of an actor whose logins are known."""
    actor = actor_of(event)
    if actor is None:
        return False
    earlier = yield from seen(
        key=f"{scope_of(event)}admin acts|{actor}",
        value="act",
        at_ms=event.occurred_at_ms,
        member=event.event_id,
        ttl_ms=policy.login_memory_ms,
    )
    if earlier.count:
        return False
    logins = yield logins_near(event, actor)
    assert isinstance(logins, tuple)
    return len(logins) >= policy.history_count


def _examine_grant(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    is_first_act = yield from _note_admin_act(event, policy)
    grant = grant_of(event)
    if grant is None:
        return ()
    case = GrantCase(origin_of(event), policy, right=grant.right)
    case.is_first_act = is_first_act
    if event.name == ESCALATION:
        case.add_escalation()
    if is_self_grant(event, grant):
        case.add_self()
    for target in sorted(grant.targets)[:_TARGETS_MAX]:
        yield from _weigh_age(event, target, policy, case)
    actor = actor_of(event)
    if actor is None:
        return (yield from _fire(event, case, beat(case.grant.at_ms, 1)))
    yield from _weigh_logins(event, actor, policy, case)
    return (yield from _examine_series(event, actor, policy, case))


def _examine_series(event: Event, actor: str, policy: DetectionPolicy, case: GrantCase) -> Steps[tuple[Detection, ...]]:
    """Count the actor's grants: enough of them are a case of their own, and weigh in the case of this grant."""
    key, window_ms, at_ms = (
        f"{scope_of(event)}grants by|{actor}",
        policy.privilege_escalation_window_ms,
        event.occurred_at_ms,
    )
    window = yield from count(key=key, window_ms=window_ms, at_ms=at_ms, member=event.event_id)
    until_now = yield from window_until(key=key, window_ms=window_ms, at_ms=at_ms, event_id=event.event_id)
    detections: tuple[Detection, ...] = ()
    if case.causes:
        case.add_series(until_now)
        detections = yield from _fire(event, case, beat(at_ms, until_now.count))
    series = GrantCase(case.grant, policy, right=case.right)
    series.add_series(window)
    return (*detections, *(yield from _fire(event, series, beat(window.last_ms, window.count))))


def _weigh_age(event: Event, target: str, policy: DetectionPolicy, case: GrantCase) -> Steps[None]:
    """Look whether the receiving account is new, and remember the grant in case its creation comes in late."""
    scope, at_ms = scope_of(event), event.occurred_at_ms
    yield from remember(
        key=f"{scope}grants to|{target}", at_ms=at_ms, member=event.event_id, value=memo_of(event), ttl_ms=HOUR_MS
    )
    for creation in reversed((yield from last(key=f"{scope}created|{target}", at_ms=at_ms, k=LAST_MAX))):
        if _is_shortly_after(case.grant, creation.at_ms, creation.member, policy.privilege_escalation_fresh_account_age_ms):
            yield from _is_weighed_by_another(event, case.grant, creation.member)
            case.add_age(target, creation.at_ms, creation.member)


def _weigh_logins(event: Event, actor: str, policy: DetectionPolicy, case: GrantCase) -> Steps[None]:
    """Look for a risky login of the actor shortly before, and remember the grant in case that comes in late."""
    yield from remember(
        key=f"{scope_of(event)}granted by|{actor}",
        at_ms=event.occurred_at_ms,
        member=event.event_id,
        value=memo_of(event),
        ttl_ms=policy.risky_login_window_ms + HOUR_MS,
    )
    risky = yield risky_logins_near(event, actor)
    assert isinstance(risky, tuple)
    window_ms = policy.risky_login_window_ms
    risky = yield from without_confirmed(event, actor, risky)
    before = [login for login in risky if _is_shortly_after(case.grant, login.at_ms, risky_login_id(login), window_ms)]
    for login in before:
        yield from _is_weighed_by_another(event, case.grant, risky_login_id(login))
    if before:
        case.add_login(before[-1])


def _examine_creation(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Remember when an account was created; without a named target, the actor signed up by itself."""
    actor = actor_of(event)
    targets = targets_of(event) or frozenset({actor_key(actor.lower())} if actor is not None else ())
    scope, at_ms, ttl_ms = scope_of(event), event.occurred_at_ms, policy.privilege_escalation_fresh_account_age_ms + HOUR_MS
    detections: list[Detection] = []
    for target in sorted(targets)[:_TARGETS_MAX]:
        yield from remember(key=f"{scope}created|{target}", at_ms=at_ms, member=event.event_id, value="", ttl_ms=ttl_ms)
        for granted in (yield from last(key=f"{scope}grants to|{target}", at_ms=at_ms, k=LAST_MAX)):
            case = GrantCase(recall(granted), policy)
            is_fresh = _is_shortly_after(case.grant, at_ms, event.event_id, policy.privilege_escalation_fresh_account_age_ms)
            if is_fresh and not (yield from _is_weighed_by_another(event, case.grant, event.event_id)):
                case.add_age(target, at_ms, event.event_id)
                detections += yield from _fire(event, case, beat(case.grant.at_ms, 1))
    return tuple(detections)


def _examine_after(
    event: Event, policy: DetectionPolicy, actor: str, risky: tuple[Remembered, ...]
) -> Steps[tuple[Detection, ...]]:
    """Look at what the actor granted after risky logins: this event may have been what made one of them look risky."""
    detections: list[Detection] = []
    for login in (yield from without_confirmed(event, actor, risky)):
        for granted in (yield from last(key=f"{scope_of(event)}granted by|{actor}", at_ms=login.at_ms, k=LAST_MAX)):
            case = GrantCase(recall(granted), policy)
            is_after = _is_shortly_after(case.grant, login.at_ms, risky_login_id(login), policy.risky_login_window_ms)
            if is_after and not (yield from _is_weighed_by_another(event, case.grant, risky_login_id(login))):
                case.add_login(login)
                detections += yield from _fire(event, case, beat(case.grant.at_ms, 1))
    return tuple(detections)


def _is_shortly_after(grant: Origin, at_ms: int, event_id: str, window_ms: int) -> bool:
    """Return whether ``grant`` follows another event; what came in one batch, with one time, is in the order of the ids."""
    return (grant.at_ms, grant.event_id) > (at_ms, event_id) and grant.at_ms - at_ms < window_ms


def _is_weighed_by_another(event: Event, grant: Origin, other_id: str) -> Steps[bool]:
    """Note that ``event`` weighs a grant together with another event; return whether an event before it has done so.

    Only other events count, so that a redelivered one says again what it said.
    """
    key = f"{scope_of(event)}weighed|{grant.event_id}|{other_id}"
    earlier = yield from last(key=key, at_ms=grant.at_ms)
    yield from remember(key=key, at_ms=grant.at_ms, member=event.event_id, value="", ttl_ms=HOUR_MS)
    return any(weigher.member != event.event_id for weigher in earlier)


def _fire(event: Event, case: GrantCase, when: str) -> Steps[tuple[Detection, ...]]:
    if not case.causes:
        return ()
    current = f"{when}.{'+'.join(sorted(case.causes))}"
    if not (yield from claim(event, detector=ID, key=case.subject, window=current)):
        return ()
    story = tell(case)
    finding = Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=case.severity,
        incident_key=f"privilege|{case.subject}",
        title=story.title,
        description=story.description,
        reasons=story.reasons,
        facts=(*case.facts, Fact("causes_count", len(case.causes), 1)),
        ruled_out=story.ruled_out,
        actions=DETECTOR.actions,
        evidence=Evidence(
            event_ids=story.event_ids,
            event_count=max(len(case.evidence), case.grants_count),
            first_ms=min(case.evidence.values()),
            last_ms=max(case.evidence.values()),
        ),
    )
    return (detection_of(finding, event, case.grant, key=case.subject, window=current),)


DETECTOR = Detector(
    id=ID,
    title="Privilege escalation",
    group=DetectorGroup.AFTER_LOGIN,
    alert_type=AlertType.PRIVILEGE_ESCALATION,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1098", "Account Manipulation"),
        AttackTechnique("T1078", "Valid Accounts"),
        AttackTechnique("T1136", "Create Account"),
    ),
    description=(
        "Looks at events that give rights (authz.role_changed, authz.permission_granted, authz.access_granted and "
        "admin.privilege_escalation). Fires when the application reports an escalation itself (high), when an account "
        "grants to itself (high), when the actor had logged in suspiciously within the hour before (high), when the "
        "receiving account is less than 24 hours old (medium), and when one actor grants 3 times within 10 minutes "
        "(medium). Two of these, or one and the actor's first administrative act, raise the severity by one step, up to "
        f"critical. A role or permission that is named (in metadata: {', '.join(RIGHT_FIELDS)}) counts only if it is an "
        "administrative one. The receiving account is the first of these found in metadata: "
        f"{', '.join(TARGET_FIELDS)}. Incident: privilege|actor:<id>, else privilege|ip:<address>."
    ),
    false_positives=(
        "A new administrator is taken on: the account is created and given its role on one day.",
        "The first administrator sets up an organisation and gives itself roles.",
        "Roles are moved to a new scheme in one go.",
    ),
    actions=(
        "Ask the actor, through another channel, whether and why the rights were given.",
        "If there is no good reason: take the rights back, end the sessions of both accounts and review what they did.",
        "Let a second person confirm such grants in future.",
    ),
    event_names=GRANT_NAMES | OTHER_ADMIN_ACTS | _LOGIN_NAMES | {ACCOUNT_CREATED},
    wants_sessions=True,
    examine=examine,
)
