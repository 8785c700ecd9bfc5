"""A login with a kind of device that nobody in the organisation uses, from a network that hides its user."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.pipeline.detect import campaign, wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, family_label
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    Familiarity,
    device_was_used,
    familiarity,
    mark_risky,
)
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.org_history import OrgView, org_view
from litesoc_server.pipeline.detect.origin import Origin, origin_of
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Steps

ID = "new_device"
_RENTED = frozenset({NetworkKind.HOSTING, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.TOR})


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look whether the device of a login is new to the account, and then to everybody."""
    actor = actor_of(event)
    kind = kind_of(event.network)
    if actor is None or kind is None or kind not in _RENTED or family_label(event.device) == UNKNOWN:
        return ()
    if (yield from device_was_used(event, actor, device_label(event.device))):
        return ()
    login = origin_of(event)
    known = yield from familiarity(event, actor, login)
    if known.history_count < policy.history_count or known.is_network_familiar or known.is_device_familiar:
        return ()
    org = yield from org_view(event, login, policy)
    if not (org.has_history and org.is_device_new):
        return ()
    yield from mark_risky(event, actor, login, policy, detector=ID)
    window = f"{login.at_ms // DAY_MS}|{device_label(login.device)}"
    finding = yield from campaign.part_of(event, policy, login, _describe(policy, actor, login, kind, known, org))
    key = f"{finding.incident_key}|{actor}"
    if not (yield from claim(event, detector=ID, key=key, window=window)):
        return ()
    return (detection_of(finding, event, login, key=key, window=window),)


def _describe(
    policy: DetectionPolicy, actor: str, login: Origin, kind: NetworkKind, known: Familiarity, org: OrgView
) -> Finding:
    who, device, through = wording.name(actor), wording.device(login.device), wording.kind(kind)
    logins, noted = wording.several(known.history_count, "earlier login"), wording.several(org.logins_count, "noted login")
    before = wording.duration(policy.org_familiar_after_ms)
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.LOW,
        incident_key=account_incident(actor),
        title=f"{who} logged in with a new device, {device}, through {through}",
        description=(
            f"{who} logged in with {device} from {wording.where(login.geo, login.network)} ({login.ip}) at "
            f"{wording.utc(login.at_ms)}, through {through}. Device and network are new to the account, and nobody in the "
            "organisation has been seen with such a device."
        ),
        reasons=(
            f"compared with {logins} of this account ({policy.history_count} are needed), device and network are new",
            f"none of {noted} of the organisation was made with {device} more than {before} before",
        ),
        facts=(
            Fact("device", device),
            Fact("network_kind", kind.value),
            Fact("earlier_logins_count", known.history_count, policy.history_count),
            Fact("org_logins_count", org.logins_count, policy.org_history_count),
        ),
        ruled_out=(
            "A new phone or laptop at home or at work: the address is of a network that people rent.",
            "An ordinary update: browser and system are compared without their versions.",
        ),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence.of_one(login),
    )


DETECTOR = Detector(
    id=ID,
    title="Login with a new device",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.NEW_DEVICE,
    severity=AlertSeverity.LOW,
    techniques=(AttackTechnique("T1078", "Valid Accounts"),),
    description=(
        "Fires when an account with at least 3 earlier logins is used with a browser and system that nobody in the "
        "organisation was seen with more than a day before, through a data centre, VPN, proxy or Tor on a network that is "
        "new to the account: scripts and rented machines look like this. A device is recognised by the id that the sender "
        "gives (device_id), else by browser and system. Everybody gets a new phone now and then, so a device that is only "
        "new to the account raises the risk score of the login and nothing else; together with a new country see "
        "new_country. Quiet until 20 logins of the organisation are noted. Incident: account|actor:<id>."
    ),
    false_positives=(
        "A developer's script logs in for the first time.",
        "Somebody tries a rare browser with a VPN.",
    ),
    actions=(
        "Ask the owner, through another channel, whether the login was theirs, and confirm or deny it.",
        "If not: end all sessions of the account and reset its password and second factor.",
    ),
    event_names=frozenset({LOGIN_SUCCEEDED}),
    examine=examine,
)
