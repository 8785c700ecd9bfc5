"""A login through a network that hides who uses it: Tor, or the organisation's first through a VPN, proxy or data centre."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.pipeline.detect import campaign, wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import has_logins
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    Familiarity,
    familiarity,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.org_history import is_first_of_kind, org_view
from litesoc_server.pipeline.detect.origin import Origin, origin_of
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, subject_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Steps

ID = "suspicious_network"
_RENTED = frozenset({NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.HOSTING})
# What comes first while an organisation has just begun to send events is first for us only. A week shows everybody's days.
_LEARNING_MS = 7 * DAY_MS


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look at the kind of network of a login; most are of none that matters here and cost nothing."""
    kind = kind_of(event.network)
    if kind is NetworkKind.TOR:
        return (yield from _examine_tor(event, policy))
    if kind is not None and kind in _RENTED:
        return (yield from _examine_rented(event, policy, kind))
    return ()


def _examine_tor(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    actor = actor_of(event)
    if actor is None:
        return ()
    login = origin_of(event)
    known = yield from familiarity(event, actor, login)
    if known.is_network_familiar:
        return ()
    has_history = known.history_count >= policy.history_count
    is_high = has_history and known.is_device_known and not known.is_device_familiar
    severity = AlertSeverity.HIGH if is_high else AlertSeverity.MEDIUM
    yield from mark_risky(event, actor, login, policy, detector=ID)
    if has_history:  # else it may as well be the owner's usual way
        yield from mark_suspicious(event, actor, login, policy)
    if not known.history_count:  # nothing is known of the account: the risk score says what there is to say
        return ()
    window = f"tor|{login.at_ms // DAY_MS}|{severity}"
    finding = yield from campaign.part_of(event, policy, login, _tor(policy, actor, login, known, severity))
    key = f"{finding.incident_key}|{actor}"
    if not (yield from claim(event, detector=ID, key=key, window=window)):
        return ()
    return (detection_of(finding, event, login, key=key, window=window),)


def _examine_rented(event: Event, policy: DetectionPolicy, kind: NetworkKind) -> Steps[tuple[Detection, ...]]:
    if not (yield from is_first_of_kind(event, kind, policy)):
        return ()
    login = origin_of(event)
    org = yield from org_view(event, login, policy)
    if not org.has_history or not (yield from has_logins(event, login.at_ms - _LEARNING_MS)):
        return ()
    told = _first_of_kind(policy, actor_of(event), login, kind, org.logins_count)
    finding = yield from campaign.part_of(event, policy, login, told)
    key, window = f"{kind}|{finding.incident_key}|{subject_of(event)}", f"{login.at_ms // DAY_MS}"
    if not (yield from claim(event, detector=ID, key=key, window=window)):
        return ()
    return (detection_of(finding, event, login, key=key, window=window),)


def _tor(policy: DetectionPolicy, actor: str, login: Origin, known: Familiarity, severity: AlertSeverity) -> Finding:
    who, logins = wording.name(actor), wording.several(known.history_count, "earlier login")
    device = "was not sent" if not known.is_device_known else "is familiar" if known.is_device_familiar else "is new"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=account_incident(actor),
        title=f"{who} logged in through Tor",
        description=(
            f"{who} logged in from {login.ip}, an exit of the Tor network, at {wording.utc(login.at_ms)}. Where its user is "
            "cannot be known."
        ),
        reasons=(
            f"compared with {logins} of this account ({policy.history_count} needed), Tor is new and the device {device}",
        ),
        facts=(
            Fact("network_kind", NetworkKind.TOR.value),
            Fact("earlier_logins_count", known.history_count, policy.history_count),
        ),
        ruled_out=(
            "A VPN or privacy relay: the address is on the list of Tor exits.",
            "An owner who is known to use Tor: no such login was there before, or none was confirmed.",
        ),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence.of_one(login),
    )


def _first_of_kind(
    policy: DetectionPolicy, actor: str | None, login: Origin, kind: NetworkKind, logins_count: int
) -> Finding:
    who, through = "Somebody" if actor is None else wording.name(actor), wording.kind(kind)
    noted, needed = wording.several(logins_count, "noted login"), policy.org_history_count
    days = wording.duration(policy.login_memory_ms)
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.LOW,
        incident_key=f"suspicious_network|kind:{kind.value}" if actor is None else account_incident(actor),
        title=f"The organisation's first login through {through}: {who}",
        description=(
            f"{who} logged in from {login.ip}, {wording.where(login.geo, login.network)}, at {wording.utc(login.at_ms)}. "
            f"The address belongs to {through}; nobody in the organisation had logged in through one in {days}."
        ),
        reasons=(f"none of {noted} of the organisation ({needed} are needed) in {days} came through {through}",),
        facts=(
            Fact("network_kind", kind.value),
            Fact("org_logins_count", logins_count, policy.org_history_count),
        ),
        ruled_out=("A network the organisation uses: this is the first of its kind.",),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence.of_one(login),
    )


DETECTOR = Detector(
    id=ID,
    title="Login through a suspicious network",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.MEDIUM,
    techniques=(
        AttackTechnique("T1090.003", "Proxy: Multi-hop Proxy"),
        AttackTechnique("T1078", "Valid Accounts"),
    ),
    description=(
        "Fires on a successful login through Tor: medium, or high if the account has at least 3 earlier logins and the "
        "device is new to it; the first login known of an account says nothing. An account that was opened through Tor, or "
        "whose owner confirmed such a login, is left alone. VPNs, proxies and data centres only raise the risk score, "
        "except for the first such login of the organisation within its memory of 90 days (low), once its logins are known "
        "for 7 days and 20 of them are noted (of each account, network and device one a week). Privacy relays such as "
        "iCloud Private Relay are no VPN and never fire. Incident: account|actor:<id>; for a first login that names nobody "
        "suspicious_network|kind:<kind>."
    ),
    false_positives=(
        "A journalist or a researcher uses Tor on purpose.",
        "The organisation introduces a VPN, or a script that runs in a data centre logs in for the first time.",
        "The address was a Tor exit until recently.",
    ),
    actions=(
        "Ask the owner, through another channel, whether the login was theirs, and confirm or deny it.",
        "If not: end all sessions of the account, reset its password and second factor, and review what it did since.",
        "If nobody needs Tor, refuse logins from it in the application.",
    ),
    event_names=frozenset({LOGIN_SUCCEEDED}),
    examine=examine,
)
