"""Failed logins at a steady, slow pace: a program that stays below the limits of others."""

from itertools import pairwise
from statistics import mean, median, pstdev

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.accounts import failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import client_of, is_shared, users_count, was_at
from litesoc_server.pipeline.detect.failures import COUNTED_ONCE, LOGIN_FAILED, attack_key, source_of
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.login_history import logins_near
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import NOWHERE, account_incident, actor_of, scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LATENESS_MS,
    Answer,
    CountRequest,
    DistinctRequest,
    Steps,
    Window,
    peek,
    peek_distinct,
)
from litesoc_server.pipeline.state.windows import NO_WINDOW

ID = "slow_brute_force"


class _Pace(msgspec.Struct, frozen=True):
    """The latest failed logins of a key, all of them LATENESS_MS old: nothing can come in between any more."""

    window: Window
    median_ms: float
    variation: float  # coefficient of variation of the gaps
    first_ms: int  # of those that the gaps lie between


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look at the gaps between the failed logins of an address, and of an account that is tried from several.

    At an address that many people share, those on each account are looked at for themselves.
    """
    actor, source, at_ms, event_id = actor_of(event), source_of(event), event.occurred_at_ms, event.event_id
    if actor is None:
        return ()
    failed = yield from failed_login(event, policy)
    if failed.is_usual or not failed.is_at_account:
        return ()
    scope, window_ms = scope_of(event), _window_ms(policy)
    by_source, by_actor = f"{scope}slow at|{source}", f"{scope}slow on|{actor}"
    sources = f"{scope}slow sources of|{actor}"
    on_actor = yield CountRequest(by_actor, window_ms + LATENESS_MS, at_ms, event_id)
    yield DistinctRequest(sources, window_ms, at_ms, source, event_id)
    at_source: Answer = NO_WINDOW
    where = f"from {source}"
    if source != NOWHERE:
        was_here = yield from was_at(event, actor, source, at_ms)
        if is_shared(event.network, (yield from users_count(event, source, at_ms)), policy):
            by_source, where = f"{by_source}|{actor}", f"from {source} on {wording.name(actor)}"
            was_here = was_here and (failed.was_client_used or client_of(event) is None)
        if not was_here:
            at_source = yield CountRequest(by_source, window_ms + LATENESS_MS, at_ms, event_id)
    assert isinstance(on_actor, Window)
    assert isinstance(at_source, Window)
    detections: list[Detection] = []
    pace = yield from _pace(by_source, policy, at_ms, at_source)
    if pace is not None:
        # Behind a shared address each account has a pace of its own, and is announced for itself.
        detections += yield from _announce(event, policy, pace, attack_key(source, actor), where, counted=by_source)
    pace = yield from _pace(by_actor, policy, at_ms, on_actor)
    if pace is not None:
        sources_count = yield from peek_distinct(key=sources, window_ms=window_ms, at_ms=at_ms - LATENESS_MS)
        logins = yield logins_near(event, actor)
        assert isinstance(logins, tuple)
        has_logged_in = any(pace.first_ms <= login.at_ms <= at_ms - LATENESS_MS for login in logins)
        if sources_count > 1 and not has_logged_in:
            key, where = account_incident(actor), f"on {wording.name(actor)}"
            detections += yield from _announce(event, policy, pace, key, where, counted=by_actor)
    return tuple(detections)


def _window_ms(policy: DetectionPolicy) -> int:
    """Return a time in which all gaps fit, with as many again for the longer of them."""
    return 2 * policy.slow_brute_force_gaps_count * policy.slow_brute_force_gap_max_ms


def _pace(key: str, policy: DetectionPolicy, at_ms: int, around: Window) -> Steps[_Pace | None]:
    """Return the pace of ``key`` LATENESS_MS before ``at_ms`` if it is slow and steady.

    ``around`` holds at least what is looked at, and the failure at ``at_ms``: the cheap questions first.
    """
    gaps_count, window_ms = policy.slow_brute_force_gaps_count, _window_ms(policy)
    if around.count < gaps_count + 2:
        return None
    # At least half of the gaps are no shorter than their median, so all together last longer than this.
    span_min_ms = policy.slow_brute_force_gap_min_ms * gaps_count // 2
    recent = yield from peek(key=key, window_ms=span_min_ms - 1, at_ms=at_ms - LATENESS_MS)
    if recent.count > gaps_count:
        return None
    window = yield from peek(key=key, window_ms=window_ms, at_ms=at_ms - LATENESS_MS)
    if window.count <= gaps_count or window.last_ms - window.first_ms < policy.slow_brute_force_gap_min_ms * gaps_count / 2:
        return None
    times = [window.last_ms]
    for _ in range(gaps_count):
        earlier = yield from peek(key=key, window_ms=window_ms, at_ms=times[-1] - 1)
        if not earlier.count or times[-1] - earlier.last_ms > policy.slow_brute_force_gap_max_ms * 2:
            return None
        times.append(earlier.last_ms)
    gaps = [later - sooner for later, sooner in pairwise(times)]
    median_ms, variation = median(gaps), pstdev(gaps) / mean(gaps)
    is_slow = policy.slow_brute_force_gap_min_ms <= median_ms <= policy.slow_brute_force_gap_max_ms
    is_steady = variation < policy.slow_brute_force_variation_ratio
    return _Pace(window, median_ms, variation, times[-1]) if is_slow and is_steady else None


def _announce(
    event: Event, policy: DetectionPolicy, pace: _Pace, incident_key: str, where: str, *, counted: str
) -> Steps[tuple[Detection, ...]]:
    window = pace.window
    current = beat(window.last_ms, window.count)
    if not (yield from claim(event, detector=ID, key=counted, window=current)):
        return ()
    finding = _describe(policy, pace, incident_key, where)
    return (detection_of(finding, event, origin_of(event), key=counted, window=current),)


def _describe(policy: DetectionPolicy, pace: _Pace, incident_key: str, where: str) -> Finding:
    window, gaps_count = pace.window, policy.slow_brute_force_gaps_count
    shortest = wording.duration(policy.slow_brute_force_gap_min_ms)
    longest = wording.duration(policy.slow_brute_force_gap_max_ms)
    limit = policy.slow_brute_force_variation_ratio
    failures, every = wording.several(window.count, "failed login"), wording.duration(pace.median_ms)
    is_lasting = window.count > 2 * gaps_count
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.MEDIUM if is_lasting else AlertSeverity.LOW,
        incident_key=incident_key,
        title=f"Slow brute force {where}: a failed login every {every}",
        description=(
            f"{failures} {where} came between {wording.utc(window.first_ms)} and {wording.utc(window.last_ms)}, "
            f"one every {every}."
        ),
        reasons=(
            f"the last {gaps_count} pauses typically took {every}; a slow attack's take {shortest} to {longest}",
            f"the pauses vary by about {pace.variation:.0%}, as a program's do; the limit is {limit:.0%}",
        ),
        facts=(
            Fact("failures_count", window.count, gaps_count + 1),
            Fact("median_gap_ms", pace.median_ms, policy.slow_brute_force_gap_max_ms),
            Fact("gap_variation_ratio", round(pace.variation, 3), policy.slow_brute_force_variation_ratio),
        ),
        ruled_out=(
            "The owner's own program with an old password: network and device are not both familiar of the account.",
            "A person: people do not fail as regularly.",
            COUNTED_ONCE,
        ),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(window),
    )


DETECTOR = Detector(
    id=ID,
    title="Slow brute force",
    group=DetectorGroup.PASSWORDS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.LOW,
    techniques=(AttackTechnique("T1110.001", "Brute Force: Password Guessing"),),
    description=(
        "Looks at the last 6 pauses between failed logins from one address, and on one account that is tried from several. "
        "Fires when they typically take 2 to 60 minutes (the median) and hardly vary (by less than 35 % of their average): "
        "so does a program that stays below other limits. Only accounts that exist count, and no failure from a familiar "
        "network and device, or from an address where the account logged in before. Behind an address that many people "
        "share, those on one account are looked at for themselves. A login of an account that is tried from several "
        "addresses ends it. The latest 5 minutes do not count yet. Low at first, medium from 13 failures on."
    ),
    false_positives=("A forgotten program on a new host keeps trying an old password.",),
    actions=(
        "Ask the owner whether a program of theirs has an old password.",
        "If not: block the address, and require a second factor for the account.",
    ),
    event_names=frozenset({LOGIN_FAILED}),
    examine=examine,
)
