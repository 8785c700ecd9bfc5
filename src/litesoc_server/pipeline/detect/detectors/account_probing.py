"""Many addresses that guess at accounts that do not exist: the background noise of the internet, as one incident."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import background, wording
from litesoc_server.pipeline.detect.accounts import failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import succeeded_count
from litesoc_server.pipeline.detect.failures import COUNTED_ONCE, LOGIN_FAILED, source_of
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import NOWHERE, actor_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import LATENESS_MS, Steps

ID = "account_probing"
_KEY = "guesses"


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count the addresses that try one account that does not exist, or (together) accounts whose names are not sent."""
    source = source_of(event)
    if source == NOWHERE or (yield from failed_login(event, policy)).is_at_account:
        return ()
    tried_by_count = yield from background.note_guess(event, source, policy)
    reason = yield from _reason(event, policy, tried_by_count)
    if reason is None:
        return ()
    final_ms = event.occurred_at_ms - LATENESS_MS
    guesses = yield from background.guesses_at(event, final_ms, policy)
    current = beat(guesses.last_ms, guesses.count)
    if not (yield from claim(event, detector=ID, key=_KEY, window=current)):
        return ()
    around = yield from background.background_at(event, final_ms, policy)
    finding = _describe(policy, around, reason)
    return (detection_of(finding, event, origin_of(event), key=_KEY, window=current),)


def _reason(event: Event, policy: DetectionPolicy, tried_by_count: int) -> Steps[str | None]:
    """Return why these are guesses rather than somebody's mistyped user name; None when they may be just that."""
    actor, window = actor_of(event), wording.duration(policy.account_probing_window_ms)
    addresses = wording.several(tried_by_count, "different address")
    if actor is not None:
        limit = policy.account_probing_addresses_count
        if tried_by_count < limit:
            return None
        return f"{addresses} tried {wording.name(actor)}, an account nobody logs in to; the limit is {limit} within {window}"
    limit = policy.account_probing_unnamed_addresses_count
    if tried_by_count < limit:
        return None
    users_count = yield from succeeded_count(event, policy.account_probing_window_ms, event.occurred_at_ms)
    if tried_by_count <= users_count:
        return None
    failed = f"{addresses} failed to log in without naming an account; the limit is {limit} within {window}"
    return f"{failed}, and more than the {users_count:,} users who logged in"


def _describe(policy: DetectionPolicy, around: background.Background, reason: str) -> Finding:
    guesses = around.guesses
    when = f"between {wording.utc(guesses.first_ms)} and {wording.utc(guesses.last_ms)}"
    sources, accounts = wording.several(around.sources_count, "address"), wording.several(around.accounts_count, "account")
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=DETECTOR.severity,
        incident_key=background.INCIDENT_KEY,
        title=around.title,
        description=(
            f"{wording.several(guesses.count, 'failed login')} at {accounts} that nobody logs in to came from {sources} "
            f"{when}."
        ),
        reasons=(reason,),
        facts=(
            Fact("failures_count", guesses.count),
            Fact("addresses_count", around.sources_count),
            Fact("accounts_count", around.accounts_count),
            Fact("window_ms", policy.account_probing_window_ms),
        ),
        ruled_out=(
            "A mistyped user name: one person's mistake does not come from so many addresses.",
            background.RULED_OUT,
            COUNTED_ONCE,
        ),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(guesses),
    )


DETECTOR = Detector(
    id=ID,
    title="Guessing at accounts that do not exist",
    group=DetectorGroup.PASSWORDS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.LOW,
    techniques=(AttackTechnique("T1110.001", "Brute Force: Password Guessing"),),
    description=(
        "Every server on the internet is tried with names like root or admin. An account counts as not existing if nobody "
        "logged in to it within the memory of logins (90 days); until the first login of an organisation is known, and "
        "where the sender masks names, nothing is said of any. Fires when 5 addresses tried one such account within 24 "
        "hours, or, where names are not sent at all, when 10 addresses failed, and more than users logged in; it is told by "
        "the first guess 5 minutes later. All sources and accounts are one incident, "
        "credential_attack|org:unknown_accounts, which says how many there are; what other detectors find of the same kind "
        "joins it. An attack on an account that exists is an incident of its own."
    ),
    false_positives=(
        "A deleted account that programs on many machines still use.",
        "An organisation that has just begun to send events: most accounts have not logged in yet.",
    ),
    actions=(
        "Nothing needs to be done at once: none of the accounts can be entered.",
        "If many addresses come back every day, let the edge block or slow them down.",
        "If one of the accounts does exist, look at who fails to log in to it.",
    ),
    event_names=frozenset({LOGIN_FAILED}),
    examine=examine,
)
