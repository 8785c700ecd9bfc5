"""A session that goes on from another network with another browser: its cookie or token is in other hands."""

import hashlib
from functools import lru_cache

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector
from litesoc_server.pipeline.detect.firing import Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import UNKNOWN, family_label, network_label
from litesoc_server.pipeline.detect.login_history import Familiarity, familiarity, mark_risky
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.subjects import actor_of, actor_subject, scope_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    LastRequest,
    RememberRequest,
    Seen,
    SeenRequest,
    Steps,
)

ID = "session_hijack"
_SESSIONS_CACHED = 65_536
_DIGEST_BYTES = 16  # 128 bits: a session's id is a secret and stays out of keys


class _Case(msgspec.Struct, frozen=True):
    """Two events of one session that came from different networks and different browsers."""

    policy: DetectionPolicy
    actor: str
    usual: Origin  # the earlier one
    suspect: Origin
    known: Familiarity  # of the suspect


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Note from where a session is used; compare only what is new to it. Most events end after one request."""
    actor, session_id = actor_of(event), event.session_id
    network, family = network_label(event.network), family_label(event.device)
    if actor is None or session_id is None or UNKNOWN in (network, family):
        return ()
    session = f"{_digest(session_id)}|{actor}"
    at_ms, event_id, ttl_ms = event.occurred_at_ms, event.event_id, policy.session_hijack_memory_ms
    used = yield SeenRequest(f"{scope_of(event)}session|{session}", f"{network}|{family}", at_ms, event_id, ttl_ms)
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
        if _is_other(here, there):
            usual, suspect = sorted((here, there), key=_moment)
            detections += yield from _weigh(event, policy, actor, session, usual, suspect)
    return tuple(detections)


def _weigh(
    event: Event, policy: DetectionPolicy, actor: str, session: str, usual: Origin, suspect: Origin
) -> Steps[tuple[Detection, ...]]:
    """Fire unless the session was already used with that browser or from that network, or the account is known to do so.

    Looked at LATENESS_MS before: what the session was used with until then is final, whatever the order of arrival.
    """
    before_ms = suspect.at_ms - LATENESS_MS
    network, family = network_label(suspect.network), family_label(suspect.device)
    for origin in (yield from _origins_before(event, session, before_ms)):
        if network_label(origin.network) == network or family_label(origin.device) == family:
            return ()
    case = _Case(policy, actor, usual, suspect, (yield from familiarity(event, actor, suspect)))
    if case.known.is_network_familiar and case.known.is_device_familiar:
        return ()
    yield from mark_risky(event, actor, suspect, policy, detector=ID)
    window = f"{suspect.at_ms // DAY_MS}|{network}|{family}"
    if not (yield from claim(event, detector=ID, key=session, window=window)):
        return ()
    return (detection_of(_describe(case), event, suspect, key=session, window=window),)


def _origins_key(event: Event, session: str) -> str:
    """Return the state key of where a session was used. Its family comes first: what actors are called decides nothing."""
    return f"{scope_of(event)}session origins|{session}"


def _origins_before(event: Event, session: str, before_ms: int) -> Steps[list[Origin]]:
    origins = yield LastRequest(_origins_key(event, session), before_ms, LAST_MAX)
    assert isinstance(origins, tuple)
    return [recall(origin) for origin in origins if origin.at_ms <= before_ms]


def _is_other(one: Origin, other: Origin) -> bool:
    return network_label(one.network) != network_label(other.network) and family_label(one.device) != family_label(
        other.device
    )


def _moment(origin: Origin) -> tuple[int, str]:
    return origin.at_ms, origin.event_id


@lru_cache(maxsize=_SESSIONS_CACHED)
def _digest(session_id: str) -> str:
    return hashlib.blake2b(session_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def _describe(case: _Case) -> Finding:
    usual, suspect, known = case.usual, case.suspect, case.known
    who, gap = wording.name(case.actor), wording.duration(suspect.at_ms - usual.at_ms)
    logins = wording.several(known.history_count, "earlier login")
    network = "is familiar" if known.is_network_familiar else "is new"
    device = "is familiar" if known.is_device_familiar else "is new"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.HIGH,
        incident_key=f"session_hijack|{actor_subject(case.actor)}",
        title=f"A session of {who} went on in other hands: from {suspect.ip} with {wording.device(suspect.device)}",
        description=(
            f"A session of {who} was used from {wording.where(usual.geo, usual.network)} ({usual.ip}) with "
            f"{wording.device(usual.device)} at {wording.utc(usual.at_ms)} and, {gap} later, from "
            f"{wording.where(suspect.geo, suspect.network)} ({suspect.ip}) with {wording.device(suspect.device)}. A session "
            "does not move from one browser to another by itself: its cookie or token was probably stolen."
        ),
        reasons=(
            (
                f"in one session, {gap} apart, the network changed from {wording.network(usual.network)} to "
                f"{wording.network(suspect.network)} and the browser from {wording.device(usual.device)} to "
                f"{wording.device(suspect.device)}"
            ),
            f"compared with {logins} of this account, the network {network} and the device {device}",
        ),
        facts=(
            Fact("gap_ms", suspect.at_ms - usual.at_ms),
            Fact("earlier_logins_count", known.history_count),
        ),
        ruled_out=(
            "Roaming between networks: the browser changed too.",
            "An update of browser or system: the families are compared without their versions.",
            "A second device that is known to the account: network or device is new to it.",
        ),
        actions=DETECTOR.actions,
        event_ids=(usual.event_id, suspect.event_id),
        event_count=2,
        first_seen_ms=usual.at_ms,
        last_seen_ms=suspect.at_ms,
    )


DETECTOR = Detector(
    id=ID,
    title="Session hijack",
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1539", "Steal Web Session Cookie"),
        AttackTechnique("T1550.004", "Use Alternate Authentication Material: Web Session Cookie"),
    ),
    description=(
        "Needs events that name their session (session_id), their address and their user agent. Fires when one session of "
        "an account is used from two networks (ASN) with two browsers or systems. A change of address or network alone is "
        "roaming, a change of browser alone is not looked at. Quiet if the later network or browser was in the session "
        "before (more than 5 minutes), or if both are familiar to the account from its logins. A session is remembered for "
        "7 days after its last use, the 8 latest places of it at most. Incident: session_hijack|actor:<id>."
    ),
    false_positives=(
        "An application that gives one session id to all devices of a user.",
        "An app that opens pages in a browser within the same session, just when the phone changes networks.",
        "A browser that pretends to be another one (desktop site) in another network.",
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
