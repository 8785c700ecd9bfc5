"""A session that goes on where its owner cannot be, or with another browser: its cookie or token is in other hands."""

import hashlib
from functools import lru_cache

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Device, Event, Network, NetworkKind
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import users_count
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, family_label, network_label
from litesoc_server.pipeline.detect.login_history import Familiarity, familiarity, mark_risky
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.session_signs import (
    Sign,
    explain,
    reason,
    ruled_out,
    signs_between,
    without_seen_before,
)
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, scope_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    LastRequest,
    RememberRequest,
    Seen,
    SeenRequest,
    Steps,
    known,
)

ID = "session_hijack"
_SESSIONS_CACHED = 65_536
_DIGEST_BYTES = 16  # 128 bits: a session's id is a secret and stays out of keys


class _Case(msgspec.Struct, frozen=True):
    """Two events of one session that came from different networks, and do not fit one person."""

    policy: DetectionPolicy
    actor: str
    usual: Origin  # the earlier one, with the time of the last use from there before the other one
    suspect: Origin
    signs: tuple[Sign, ...]
    known: Familiarity  # of the suspect


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Note from where a session is used; compare only what is new to it. Most events end after one request."""
    actor, session_id = actor_of(event), event.session_id
    network, family = network_label(event.network), family_label(event.device)
    if actor is None or session_id is None or UNKNOWN in (network, family):
        return ()
    session = f"{_digest(session_id)}|{actor}"
    at_ms, event_id, ttl_ms = event.occurred_at_ms, event.event_id, policy.session_hijack_memory_ms
    used = yield SeenRequest(
        f"{scope_of(event)}session|{session}", _use_label(event.network, event.device), at_ms, event_id, ttl_ms
    )
    assert isinstance(used, Seen)
    if used.count:
        return ()
    key = _origins_key(event, session)
    yield RememberRequest(key, at_ms, event_id, memo_of(event), ttl_ms)
    origins = yield LastRequest(key, at_ms, LAST_MAX)
    assert isinstance(origins, tuple)
    if len(origins) == 1:
        return ()
    here, detections = origin_of(event), list[Detection]()
    for there in map(recall, origins):
        if network_label(here.network) != network_label(there.network):
            usual, suspect = sorted((here, there), key=_moment)
            detections += yield from _weigh(event, policy, actor, session, usual, suspect)
    return tuple(detections)


def _weigh(
    event: Event, policy: DetectionPolicy, actor: str, session: str, usual: Origin, suspect: Origin
) -> Steps[tuple[Detection, ...]]:
    """Fire if the two do not fit one person and neither the session nor the account explains it."""
    label, until_ms = _use_label(usual.network, usual.device), suspect.at_ms - LATENESS_MS
    usual_use = yield from known(key=_uses_key(event, session), value=label, at_ms=until_ms)
    usual = msgspec.structs.replace(usual, at_ms=max(usual.at_ms, usual_use.last_ms or 0))
    signs = signs_between(usual, suspect, policy)
    if signs:
        signs = yield from _without_explained(event, session, suspect, signs)
    if not signs:
        return ()
    case = _Case(policy, actor, usual, suspect, tuple(signs), (yield from familiarity(event, actor, suspect)))
    if (yield from _is_owners(event, case)):
        return ()
    yield from mark_risky(event, actor, suspect, policy, detector=ID)
    window = f"{suspect.at_ms // DAY_MS}|{_use_label(suspect.network, suspect.device)}"
    if not (yield from claim(event, detector=ID, key=session, window=window)):
        return ()
    return (detection_of(_describe(case), event, suspect, key=session, window=window),)


def _without_explained(event: Event, session: str, suspect: Origin, signs: list[Sign]) -> Steps[list[Sign]]:
    """Return the signs that the session itself does not explain; none if it had been in that network already.

    Looked at LATENESS_MS before: what the session was used with until then is final, whatever the order of arrival.
    """
    before = yield from _origins_before(event, session, suspect.at_ms - LATENESS_MS)
    if any(network_label(origin.network) == network_label(suspect.network) for origin in before):
        return []
    return without_seen_before(signs, suspect, before)


def _is_owners(event: Event, case: _Case) -> Steps[bool]:
    """Return whether the account is known to be used like that, or others' sessions went the same way."""
    is_network_familiar = case.known.is_network_familiar
    if any(sign.is_of_device for sign in case.signs):
        return is_network_familiar and case.known.is_device_familiar
    if case.known.history_count < case.policy.history_count or is_network_familiar:
        return True
    return (yield from _is_way_of_many(event, case.actor, case.policy, case.suspect))


def _is_way_of_many(event: Event, actor: str, policy: DetectionPolicy, suspect: Origin) -> Steps[bool]:
    """Note that a session of ``actor`` went on in a network; return whether so many others' did, or people log in there.

    Sessions of many go on where their company's gateway is, or where the application itself runs and sends its own address.
    """
    key, before_ms = f"{scope_of(event)}moved sessions|{network_label(suspect.network)}", suspect.at_ms - LATENESS_MS
    ttl_ms = policy.login_memory_ms
    yield SeenRequest(key, actor, suspect.at_ms, suspect.event_id, ttl_ms)
    moved = yield from known(key=key, value=actor, at_ms=before_ms)
    others_count = moved.set_size - (moved.count > 0)
    client = f"{network_label(suspect.network)}|{device_label(suspect.device)}"
    return others_count >= policy.session_hijack_shared_accounts_count or bool(
        kind_of(suspect.network) is NetworkKind.HOSTING and (yield from users_count(event, client, suspect.at_ms))
    )


def _use_label(network: Network | None, device: Device | None) -> str:
    return f"{network_label(network)}|{device_label(device)}"


def _uses_key(event: Event, session: str) -> str:
    """Return the state key of the networks and devices that a session was used with."""
    return f"{scope_of(event)}session|{session}"


def _origins_key(event: Event, session: str) -> str:
    """Return the state key of where a session was used. Its family comes first: what actors are called decides nothing."""
    return f"{scope_of(event)}session origins|{session}"


def _origins_before(event: Event, session: str, before_ms: int) -> Steps[list[Origin]]:
    origins = yield LastRequest(_origins_key(event, session), before_ms, LAST_MAX)
    assert isinstance(origins, tuple)
    return [recall(origin) for origin in origins if origin.at_ms <= before_ms]


def _moment(origin: Origin) -> tuple[int, str]:
    return origin.at_ms, origin.event_id


@lru_cache(maxsize=_SESSIONS_CACHED)
def _digest(session_id: str) -> str:
    return hashlib.blake2b(session_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def _describe(case: _Case) -> Finding:
    usual, suspect, known_before = case.usual, case.suspect, case.known
    who, gap = wording.name(case.actor), wording.duration(suspect.at_ms - usual.at_ms)
    logins = wording.several(known_before.history_count, "earlier login")
    network = "is familiar" if known_before.is_network_familiar else "is new"
    device = "is familiar" if known_before.is_device_familiar else "is new"
    is_sure = case.signs != (Sign.MACHINE,)
    return Finding(
        detector=ID,
        alert_type=AlertType.SUSPICIOUS_ACTIVITY,
        severity=AlertSeverity.HIGH if is_sure else AlertSeverity.MEDIUM,
        incident_key=account_incident(case.actor),
        title=f"A session of {who} went on in other hands: from {suspect.ip} with {wording.device(suspect.device)}",
        description=(
            f"A session of {who} was used from {wording.where(usual.geo, usual.network)} ({usual.ip}) with "
            f"{wording.device(usual.device)} at {wording.utc(usual.at_ms)} and, {gap} later, from "
            f"{wording.where(suspect.geo, suspect.network)} ({suspect.ip}) with {wording.device(suspect.device)}. "
            f"{explain(case.signs)} Its cookie or token was probably stolen."
        ),
        reasons=(
            *(reason(sign, usual, suspect, case.policy) for sign in case.signs),
            f"compared with {logins} of this account, the network {network} and the device {device}",
        ),
        facts=(
            Fact("gap_ms", suspect.at_ms - usual.at_ms),
            Fact("signs", ", ".join(case.signs)),
            Fact("earlier_logins_count", known_before.history_count),
        ),
        ruled_out=ruled_out(case.signs),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence(
            event_ids=(usual.event_id, suspect.event_id),
            event_count=2,
            first_ms=usual.at_ms,
            last_ms=suspect.at_ms,
        ),
    )


DETECTOR = Detector(
    id=ID,
    title="Session hijack",
    group=DetectorGroup.SESSIONS,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1539", "Steal Web Session Cookie"),
        AttackTechnique("T1550.004", "Use Alternate Authentication Material: Web Session Cookie"),
    ),
    description=(
        "Needs events that name their session (session_id), their address and their user agent. Fires when one session of "
        "an account is used from two networks (ASN) with two browsers, systems or device ids. With the same browser, which "
        "thieves copy, it fires if both places are home or office lines in two countries, at least 3,000 km apart and too "
        "far for the time between, or if the session goes on from a line or phone into a data centre or Tor (medium). A "
        "change of address or network alone is roaming, a change of browser alone is not looked at, and a VPN may be "
        "switched on at any time. Quiet if the later network or device was in the session before (more than 5 minutes), if "
        "both are familiar to the account from its logins, and with the same browser also if the network alone is, if "
        "there are fewer than 3 logins to compare with, or if sessions of 3 other accounts went on in that network. A "
        "session is remembered for 7 days after its last use, the 8 latest places of it at most. "
        "Incident: account|actor:<id>."
    ),
    false_positives=(
        "An application that gives one session id to all devices of a user.",
        "An app that opens pages in a browser within the same session, just when the phone changes networks.",
        "A browser that pretends to be another one (desktop site) in another network.",
        "Somebody's own VPN server in a data centre, switched on for the first time.",
    ),
    actions=(
        "End the session at once, then all sessions of the account: the thief may have others.",
        "Ask the owner, through another channel, what happened; look for malware on their device.",
        "Bind sessions to the device, and let important actions ask for the second factor again.",
    ),
    event_names=frozenset(),
    examine=examine,
    wants_sessions=True,
)
