"""Many failed logins on one account within an hour, from one address or from many."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import background, wording
from litesoc_server.pipeline.detect.accounts import FailedLogin, exists, failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.failures import (
    COUNTED_ONCE,
    LOGIN_FAILED,
    attack_key,
    in_words,
    key_on_actor,
    key_on_actor_from,
    source_of,
    sources_on_actor,
    sources_on_actor_until,
    usual,
    weigh,
)
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import NOWHERE, account_incident, actor_of
from litesoc_server.pipeline.detect.until import windows_through
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import CountRequest, Steps, Window, peek

ID = "brute_force_account"


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count a failed login against its account: those from its own address, and those from everywhere.

    The findings are apart, and each of them only ever grows, so the incidents do not depend on the order of arrival.
    """
    actor = actor_of(event)
    if actor is None:
        return ()
    failed = yield from failed_login(event, policy)
    detections: list[Detection] = []
    for kind, cases in (yield from _cases(event, policy, actor, failed)).items():
        case = max(cases, key=lambda one: (one.window.count, one.window.last_ms))
        current = beat(case.window.last_ms, case.window.count)
        if (yield from claim(event, detector=ID, key=kind, window=current)):
            finding = _from_one_source(event, policy, case) if case.source is not None else _from_many_sources(policy, case)
            if not case.is_known:
                around = yield from background.background_at(event, case.window.last_ms, policy)
                finding = background.part_of(around, finding)
            detections.append(detection_of(finding, event, origin_of(event), key=kind, window=current))
    return tuple(detections)


class _Case(msgspec.Struct, frozen=True):
    """Failed logins on one account that are over a limit."""

    actor: str
    window: Window
    window_ms: int
    limit: int
    sources_count: int
    is_known: bool  # whether the account exists, as far as known
    usual_count: int  # failures that come from a familiar network and device of the account
    source: str | None = None  # the one they all come from, if that is what the case is about


class _Rule(msgspec.Struct, frozen=True):
    """So many failures in such a time are too many."""

    key: str
    window_ms: int
    limit: int
    sources_min: int
    source: str | None  # the one that the failures must come from


def _cases(event: Event, policy: DetectionPolicy, actor: str, failed: FailedLogin) -> Steps[dict[str, list[_Case]]]:
    """Return what is over a limit in any of the windows that the event is part of, by what makes it a finding of its own.

    What is below a limit in the longest window is below it in all; most failures end there.
    """
    hour_ms, day_ms = policy.brute_force_account_window_ms, policy.brute_force_account_day_window_ms
    hour_limit, day_limit = policy.brute_force_account_failures_count, policy.brute_force_account_day_failures_count
    by_day_sources_min = policy.brute_force_account_day_addresses_count
    source, everywhere = source_of(event), key_on_actor(event, actor)
    found: dict[str, list[_Case]] = {}
    if failed.from_source.count >= hour_limit:
        own_key = key_on_actor_from(event, actor, source)
        rule = _Rule(own_key, hour_ms, hour_limit, 0, source)
        yield from _look_for(event, policy, actor, rule, failed.from_source, found)
    if failed.in_a_day.count < min(hour_limit, day_limit):
        return found
    sources_count = yield sources_on_actor(event, actor, source, policy)
    assert isinstance(sources_count, int)
    if failed.in_a_day.count >= hour_limit and sources_count > 1:
        rule = _Rule(everywhere, hour_ms, hour_limit, 2, None)
        in_an_hour = yield CountRequest(everywhere, hour_ms, event.occurred_at_ms, event.event_id)
        assert isinstance(in_an_hour, Window)
        yield from _look_for(event, policy, actor, rule, in_an_hour, found)
    if failed.in_a_day.count >= day_limit and sources_count >= by_day_sources_min:
        rule = _Rule(everywhere, day_ms, day_limit, by_day_sources_min, None)
        yield from _look_for(event, policy, actor, rule, failed.in_a_day, found)
    return found


def _look_for(
    event: Event, policy: DetectionPolicy, actor: str, rule: _Rule, fullest: Window, found: dict[str, list[_Case]]
) -> Steps[None]:
    """Add what breaks ``rule`` to ``found``."""
    if fullest.count < rule.limit:
        return
    window_ms, at_ms = rule.window_ms, event.occurred_at_ms
    for window in (yield from windows_through(key=rule.key, window_ms=window_ms, at_ms=at_ms, own=fullest)):
        if window.count < rule.limit:
            continue
        usual_count = (yield from peek(key=usual(rule.key), window_ms=window_ms, at_ms=window.last_ms)).count
        if weigh(window.count, usual_count, policy) < rule.limit:
            continue
        sources_count = 1
        if rule.sources_min:
            sources_count = yield from sources_on_actor_until(event, actor, window_ms, window.last_ms)
        if sources_count >= rule.sources_min:
            is_known = yield from exists(event, window.last_ms)
            case = _Case(actor, window, window_ms, rule.limit, sources_count, is_known, usual_count, rule.source)
            kind = f"{'known' if is_known else 'unknown'}|{rule.source or 'anywhere'}|{actor}"
            found.setdefault(kind, []).append(case)


def _from_one_source(event: Event, policy: DetectionPolicy, case: _Case) -> Finding:
    source = case.source or NOWHERE
    where = "an address that was not sent" if source == NOWHERE else source
    place = "" if source == NOWHERE else f" ({wording.place(event.geo)}, {wording.network(event.network)})"
    return _finding(
        policy,
        case,
        severity=AlertSeverity.MEDIUM,
        incident_key=attack_key(source, case.actor),
        title=f"Brute force on {wording.name(case.actor)}: {_count(case)} from {where}",
        description=f"{_count(case)} on the account {wording.name(case.actor)} came from {where}{place} {_when(case)}.",
        reasons=(_failures(case),),
        ruled_out="An attack from many places: all of these came from one address.",
    )


def _from_many_sources(policy: DetectionPolicy, case: _Case) -> Finding:
    high_from = policy.brute_force_account_addresses_count
    addresses = wording.several(case.sources_count, "different address")
    return _finding(
        policy,
        case,
        severity=AlertSeverity.HIGH if case.sources_count >= high_from else AlertSeverity.MEDIUM,
        incident_key=account_incident(case.actor),
        title=f"Brute force on {wording.name(case.actor)}: {_count(case)} from {addresses}",
        description=f"{_count(case)} on the account {wording.name(case.actor)} came from {addresses} {_when(case)}.",
        reasons=(_failures(case), f"they came from {addresses}; from {high_from} on the alert is high"),
        ruled_out=f"One forgotten client with an old password: it would not come from {addresses}.",
    )


def _finding(
    policy: DetectionPolicy,
    case: _Case,
    *,
    severity: AlertSeverity,
    incident_key: str,
    title: str,
    description: str,
    reasons: tuple[str, ...],
    ruled_out: str,
) -> Finding:
    window = case.window
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=incident_key,
        title=title,
        description=description,
        reasons=(*reasons, *in_words(case.usual_count, policy)),
        facts=(
            Fact("failures_count", window.count, case.limit),
            Fact("usual_failures_count", case.usual_count),
            Fact("addresses_count", case.sources_count, policy.brute_force_account_addresses_count),
            Fact("window_ms", case.window_ms),
            Fact("span_ms", window.last_ms - window.first_ms),
        ),
        ruled_out=(ruled_out, COUNTED_ONCE),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(window),
    )


def _count(case: _Case) -> str:
    return wording.several(case.window.count, "failed login")


def _when(case: _Case) -> str:
    return f"between {wording.utc(case.window.first_ms)} and {wording.utc(case.window.last_ms)}"


def _failures(case: _Case) -> str:
    found = f"{_count(case)} on {wording.name(case.actor)} {wording.span(case.window.first_ms, case.window.last_ms)}"
    return f"{found}; the limit is {case.limit} within {wording.duration(case.window_ms)}"


DETECTOR = Detector(
    id=ID,
    title="Brute force on one account",
    group=DetectorGroup.PASSWORDS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1110.001", "Brute Force: Password Guessing"),),
    description=(
        "Counts failed logins by the account they went for; accounts whose name the sender masked are left out. Fires when "
        "10 fall into 1 hour, or 20 from at least 8 addresses into 24 hours. A failure from a network and a device that are "
        "familiar of the account (its owner mistyping, a program with an old password) counts a quarter. If one address "
        "made all 10, they belong to that address's incident (credential_attack|ip:<address>), so that one attack is one "
        "alert. If they came from several addresses, it is an incident of the account (account|actor:<id>), "
        "medium, and high from 5 addresses on. What goes for an account that never logged in belongs to "
        "credential_attack|org:unknown_accounts, with severity low. Updates come once a minute and whenever the count has "
        "grown by an eighth."
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
