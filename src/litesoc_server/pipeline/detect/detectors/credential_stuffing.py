"""Stolen names and passwords tried from many addresses: one campaign against the organisation, and who got in by it."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.accounts import failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.campaign import (
    INCIDENT_KEY,
    Campaign,
    campaign_at,
    campaign_of,
    is_unexplained,
    note_failure,
    took_part,
)
from litesoc_server.pipeline.detect.egress import client_of, neighbourhood_of, users_count
from litesoc_server.pipeline.detect.failures import COUNTED_ONCE, LOGIN_FAILED, source_of
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, claim_first, detection_of, was_claimed
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.subjects import NOWHERE, actor_key, actor_of, address_of, scope_of
from litesoc_server.pipeline.policy import HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, RememberRequest, Steps, known, last

ID = "credential_stuffing"
_CAMPAIGN = "campaign"
_ANYWHERE = "*"


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count unexplained failures; when they are a campaign, look at the logins from new places during it."""
    if event.name == LOGIN_SUCCEEDED:
        return (yield from _examine_login(event, policy))
    failed = yield from failed_login(event, policy)
    if not (yield from is_unexplained(event, failed)):
        return ()
    hour = yield from note_failure(event, policy, failed)
    if hour.count < policy.credential_stuffing_accounts_count:
        return ()
    has_login = yield from _pass_on_own_logins(event)
    current = beat(hour.last_ms, hour.count)
    if not has_login and (yield from was_claimed(event, detector=ID, key=_CAMPAIGN, window=current)):
        return ()
    campaign = yield from campaign_of(event, policy, hour)
    if campaign is None:
        return ()
    detections = list((yield from _announce(event, policy, campaign)))
    for login in (yield from last(key=_new_places_key(event, _ANYWHERE), at_ms=event.occurred_at_ms, k=LAST_MAX)):
        since_ms = login.at_ms - campaign.failures.last_ms
        is_inside = -campaign.window_ms <= since_ms <= 0
        if is_inside or (since_ms > 0 and (yield from campaign_at(event, policy, login.at_ms)) is not None):
            detections += yield from _announce_takeover(event, policy, recall(login))
    return tuple(detections)


def _examine_login(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Remember a login from where nobody logged in before, with what its account never used; report it in a campaign.

    Everything is new to an account without a history: its login is reported only if its address took part.
    """
    actor, ip = actor_of(event), event.user_ip
    if actor is None or ip is None:
        return ()
    client, at_ms, source = client_of(event), event.occurred_at_ms, address_of(ip)
    habits = yield from known(key=f"{scope_of(event)}habits|{actor}", value=client or "", at_ms=at_ms - LATENESS_MS)
    if client is not None and habits.count:  # nearly every login
        return ()
    if (yield from users_count(event, neighbourhood_of(ip), at_ms)):
        return ()
    yield _remember(event, source)
    if not habits.set_count and not (yield from took_part(event, source, at_ms)):
        return ()
    yield _remember(event, _ANYWHERE)
    for then_ms in (at_ms, at_ms + LATENESS_MS):  # if it is late, the campaign may have become one since
        if (yield from campaign_at(event, policy, then_ms)) is not None:
            return (yield from _announce_takeover(event, policy, origin_of(event)))
    return ()


def _remember(event: Event, place: str) -> RememberRequest:
    """Return the request to remember a login that may turn out to be a part of a campaign."""
    key = _new_places_key(event, place)
    return RememberRequest(key, event.occurred_at_ms, event.event_id, memo_of(event), 2 * HOUR_MS)


def _pass_on_own_logins(event: Event) -> Steps[bool]:
    """Have the logins from the address of a failure looked at, whoever completes the campaign; return if there are any."""
    own = yield from last(key=_new_places_key(event, source_of(event)), at_ms=event.occurred_at_ms, k=LAST_MAX)
    for login in own:
        yield RememberRequest(_new_places_key(event, _ANYWHERE), login.at_ms, login.member, login.value, 2 * HOUR_MS)
    return bool(own)


def _new_places_key(event: Event, place: str) -> str:
    return f"{scope_of(event)}logins from new places|{place}"


def _announce(event: Event, policy: DetectionPolicy, campaign: Campaign) -> Steps[tuple[Detection, ...]]:
    current = beat(campaign.failures.last_ms, campaign.failures.count)
    if not (yield from claim_first(event, detector=ID, key=_CAMPAIGN, window=current)):
        return ()
    finding = _describe(policy, campaign)
    return (detection_of(finding, event, origin_of(event), key=_CAMPAIGN, window=current),)


def _announce_takeover(event: Event, policy: DetectionPolicy, login: Origin) -> Steps[tuple[Detection, ...]]:
    """Report a login during a campaign: critical if its address took part, else high."""
    if login.actor_id is None:  # an absurdly long name, left out of what is remembered: there is nobody to warn
        return ()
    source = address_of(login.ip) if login.ip is not None else NOWHERE
    is_of_campaign = yield from took_part(event, source, login.at_ms)
    actor = actor_key(login.actor_id)
    yield from mark_suspicious(event, actor, login, policy)
    yield from mark_risky(event, actor, login, policy, detector=ID)
    key, current = f"login|{login.event_id}", "took part" if is_of_campaign else "meanwhile"
    if not (yield from claim(event, detector=ID, key=key, window=current)):
        return ()
    finding = _describe_takeover(login, source, is_of_campaign=is_of_campaign)
    return (detection_of(finding, event, login, key=key, window=current),)


def _describe(policy: DetectionPolicy, campaign: Campaign) -> Finding:
    failures, length = campaign.failures, wording.duration(campaign.window_ms)
    accounts = wording.several(campaign.accounts_count, "account")
    sources = wording.several(campaign.sources_count, "address")
    factor, usual = policy.credential_stuffing_times_usual_ratio, campaign.usual_count
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=DETECTOR.severity,
        incident_key=INCIDENT_KEY,
        title=f"Credential stuffing: {accounts} tried from {sources}",
        description=(
            f"{accounts} failed to log in from {sources} within {length}, up to {wording.utc(failures.last_ms)}. Users do "
            "not log in from there, or the accounts do not exist."
        ),
        reasons=(
            f"{accounts} within {length}; the limit is {campaign.limit} (or {factor:g} times the usual {usual:.0f})",
            f"they were tried from {sources}; the limit is {policy.credential_stuffing_addresses_count}",
            f"{wording.several(campaign.users_count, 'user')} logged in during the same time",
        ),
        facts=(
            Fact("accounts_count", campaign.accounts_count, campaign.limit),
            Fact("addresses_count", campaign.sources_count, policy.credential_stuffing_addresses_count),
            Fact("failures_count", failures.count),
            Fact("users_count", campaign.users_count),
            Fact("window_ms", campaign.window_ms),
        ),
        ruled_out=(
            "Users mistyping where users log in: a failure there counts only if the account does not exist.",
            "A reset of all passwords: it fails in places and on devices that are familiar.",
            COUNTED_ONCE,
        ),
        actions=DETECTOR.actions,
        evidence=Evidence.of_window(failures),
    )


def _describe_takeover(login: Origin, source: str, *, is_of_campaign: bool) -> Finding:
    who, when = wording.name(login.actor_id or ""), wording.utc(login.at_ms)
    where = f"{source} ({wording.where(login.geo, login.network)}; {wording.device(login.device)})"
    if is_of_campaign:
        severity, title = AlertSeverity.CRITICAL, f"Likely takeover of {who} by credential stuffing"
        reason = f"{source} failed at accounts of this campaign within 1 h of the login"
    else:
        severity, title = AlertSeverity.HIGH, f"{who} logged in from a new place during credential stuffing"
        reason = f"the login came within 1 h of the campaign's failures, though none of them is known from {source}"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=INCIDENT_KEY,
        title=title,
        description=f"At {when}, while many accounts were tried from many addresses, {who} logged in from {where}.",
        reasons=(
            reason,
            "nobody had logged in from that range for 7 d, and network and device are not both familiar of the account",
        ),
        facts=(Fact("is_address_of_campaign", int(is_of_campaign)),),
        ruled_out=("The owner in a usual place, or with the usual network and device: it is neither.",),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence.of_one(login),
    )


DETECTOR = Detector(
    id=ID,
    title="Credential stuffing",
    group=DetectorGroup.PASSWORDS,
    alert_type=AlertType.BRUTE_FORCE_ATTACK,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1110.004", "Brute Force: Credential Stuffing"),
        AttackTechnique("T1078", "Valid Accounts"),
    ),
    description=(
        "Counts the different accounts of an organisation that fail in a way its users' habits do not explain: the "
        "account does not exist, or nobody logged in from the /24 (IPv6: /64) for 7 days and network and device are not "
        "both familiar of the account. Fires when there are 25 in 10 minutes or in 1 hour, plus 3 times what is usual at "
        "this hour of the week, from 5 addresses or more, and 3 attempts are on accounts that exist. No more than 24 in "
        "an hour are learned as usual: however long somebody keeps just below the limit, more than 100 in an hour are "
        "reported. In the first week, when nothing is known of what is usual, they must also outnumber the users who log "
        "in; of an organisation that is new, both as of five minutes ago, so its first five minutes report nothing. "
        "However few attempts an address makes, it is one incident, credential_attack|org:stuffing; what "
        "impossible_travel, new_country, new_device, risky_login and suspicious_network find of logins from such places "
        "joins it once the campaign has lasted for 5 minutes. Logins during a "
        "campaign from such a new place, with a network or device that is new to the account, are reported in it: "
        "critical if the address took part, else high (and only if earlier logins of the account are known)."
    ),
    false_positives=(
        "Users are moved from another system with other user names, and fail once from new places.",
        "A user on a journey logs in with a new device while somebody else is attacking.",
    ),
    actions=(
        "Reset the passwords of the accounts that were entered, and end their sessions.",
        "Slow down or challenge logins from addresses that are new, until the campaign is over.",
        "Have passwords checked against known leaks.",
    ),
    event_names=frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED}),
    examine=examine,
)
