"""A login from a country where the account was never seen, or from one that the organisation has blocked."""

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.pipeline.detect import campaign, wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, family_label
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    Familiarity,
    country_was_used,
    device_was_used,
    familiarity,
    is_as_usual,
    logins_near,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.org_history import OrgView, org_view
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, login_incident, subject_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Steps

ID = "new_country"
# Their countries are those of gateways and exits; a rented server abroad is where its user chose to appear.
_PLACELESS = frozenset(
    {
        NetworkKind.TOR,
        NetworkKind.RELAY,
        NetworkKind.VPN,
        NetworkKind.PROXY,
        NetworkKind.GATEWAY,
        NetworkKind.SATELLITE,
        NetworkKind.MOBILE,
    }
)


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look at the country of a login, and if it is new at everything else about it."""
    actor = actor_of(event)
    country = event.geo.country_code if event.geo is not None else None
    if country is None:
        return ()
    if country in policy.blocked_countries:  # whoever it is
        if actor is not None:
            yield from mark_suspicious(event, actor, origin_of(event), policy)
        return (yield from _fire(event, policy, _blocked(event, policy, country)))
    if actor is None:
        return ()
    near = yield logins_near(event, actor)
    assert isinstance(near, tuple)
    if is_as_usual(event, near) or family_label(event.device) == UNKNOWN or kind_of(event.network) in _PLACELESS:
        return ()
    return (yield from _examine_newcomer(event, policy, actor, country))


def _examine_newcomer(event: Event, policy: DetectionPolicy, actor: str, country: str) -> Steps[tuple[Detection, ...]]:
    """Look whether device and country are new to the account, and then whether they are to the organisation."""
    if (yield from device_was_used(event, actor, device_label(event.device))):
        return ()
    if (yield from country_was_used(event, actor, country)):
        return ()
    login = origin_of(event)
    known = yield from familiarity(event, actor, login)
    if known.history_count < policy.history_count or known.is_network_familiar or known.is_device_familiar:
        return ()
    org = yield from org_view(event, login, policy)
    if not (org.has_history and org.is_pair_new):
        return ()
    return (yield from _fire(event, policy, _unheard_of(event, policy, country, known, org)))


def _fire(event: Event, policy: DetectionPolicy, told: Finding) -> Steps[tuple[Detection, ...]]:
    actor, login = actor_of(event), origin_of(event)
    if actor is not None:
        yield from mark_risky(event, actor, login, policy, detector=ID)
    country = login.geo.country_code if login.geo is not None else None
    window = f"{login.at_ms // DAY_MS}|{country}|{device_label(login.device)}"
    finding = yield from campaign.part_of(event, policy, login, told)
    key = f"{finding.incident_key}|{subject_of(event)}"
    if not (yield from claim(event, detector=ID, key=key, window=window)):
        return ()
    return (detection_of(finding, event, login, key=key, window=window),)


def _unheard_of(event: Event, policy: DetectionPolicy, country: str, known: Familiarity, org: OrgView) -> Finding:
    login = origin_of(event)
    who, device = _who(event), wording.device(login.device)
    logins, noted = wording.several(known.history_count, "earlier login"), wording.several(org.logins_count, "noted login")
    news = f"{country}, the network {wording.network(login.network)} and the device"
    before = wording.duration(policy.org_familiar_after_ms)
    return _finding(
        event,
        severity=AlertSeverity.MEDIUM,
        title=f"{who} logged in from a new country, {country}, with a new device",
        description=(
            f"{who} logged in from {wording.where(login.geo, login.network)} ({login.ip}) with {device} at "
            f"{wording.utc(login.at_ms)}. Country, network and device are all new to the account, and nobody in the "
            "organisation has been seen with such a device in that country."
        ),
        reasons=(
            f"compared with {logins} of this account ({policy.history_count} are needed), {news} are new",
            f"none of {noted} of the organisation came from {country} with {device} more than {before} before",
        ),
        facts=(
            Fact("country", country),
            Fact("earlier_logins_count", known.history_count, policy.history_count),
            Fact("org_logins_count", org.logins_count, policy.org_history_count),
        ),
        ruled_out=(
            "A journey with the usual phone or laptop: the device is new to the account.",
            "A place where colleagues work: none was seen there with such a device.",
            "A VPN, proxy or privacy relay abroad: the address is not known as one.",
        ),
    )


def _blocked(event: Event, policy: DetectionPolicy, country: str) -> Finding:
    who, login = _who(event), origin_of(event)
    blocked = wording.several(len(policy.blocked_countries), "blocked country").replace("countrys", "countries")
    return _finding(
        event,
        severity=AlertSeverity.HIGH,
        title=f"{who} logged in from the blocked country {country}",
        description=(
            f"{who} logged in from {wording.where(login.geo, login.network)} ({login.ip}) at {wording.utc(login.at_ms)}. "
            f"The organisation has {country} on its list of blocked countries."
        ),
        reasons=(f"{country} is one of {blocked}",),
        facts=(Fact("country", country), Fact("blocked_countries_count", len(policy.blocked_countries))),
        ruled_out=("An address, network or account on the organisation's allow-lists: it is on none.",),
    )


def _who(event: Event) -> str:
    actor = actor_of(event)
    return "Somebody" if actor is None else wording.name(actor)


def _finding(
    event: Event,
    *,
    severity: AlertSeverity,
    title: str,
    description: str,
    reasons: tuple[str, ...],
    facts: tuple[Fact, ...],
    ruled_out: tuple[str, ...],
) -> Finding:
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=severity,
        incident_key=login_incident(event),
        title=title,
        description=description,
        reasons=reasons,
        facts=facts,
        ruled_out=ruled_out,
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence.of_one(origin_of(event)),
    )


DETECTOR = Detector(
    id=ID,
    title="Login from a new country",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.GEO_ANOMALY,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1078", "Valid Accounts"),),
    description=(
        "Fires when country, network (ASN) and device are all new to an account with at least 3 earlier logins, and nobody "
        "in the organisation was seen with that browser and system in that country more than a day before (medium). A new "
        "country alone is a journey, a new device alone a new phone: they only raise the risk score of the login. Quiet "
        "until 20 logins of the organisation are noted (of each account, network and device one a week), and where the "
        "address is a VPN, proxy, relay, gateway, satellite link or Tor exit, whose country says nothing. A login from a "
        "country on the organisation's list of blocked countries always fires (high), also one that names nobody. Incident: "
        "account|actor:<id>, else account|ip:<address>."
    ),
    false_positives=(
        "Somebody moves abroad, or is posted there first of all colleagues, and buys a new device.",
        "The city database has the wrong country for an address.",
    ),
    actions=(
        "Ask the owner, through another channel, whether the login was theirs, and confirm or deny it.",
        "If not: end all sessions of the account, reset its password and second factor, and review what it did since.",
        "If the organisation has no business in that country, put it on the list of blocked countries.",
    ),
    event_names=frozenset({LOGIN_SUCCEEDED}),
    examine=examine,
)
