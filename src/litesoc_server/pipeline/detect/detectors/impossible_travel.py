"""Two logins of one account that are farther apart than anyone travels in the time between them."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import campaign, wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.egress import is_shared, users_count
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import device_label
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    Familiarity,
    familiarity,
    is_as_usual,
    logins_near,
    mark_risky,
    mark_suspicious,
)
from litesoc_server.pipeline.detect.networks import is_mobile
from litesoc_server.pipeline.detect.origin import Origin, origin_of, recall
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, address_of, scope_of
from litesoc_server.pipeline.detect.travel import GAP_MIN_MS, Journey, are_neighbours, is_located, journey
from litesoc_server.pipeline.detect.verdicts import Verdict, on_login, verdict_on
from litesoc_server.pipeline.policy import MINUTE_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Remembered, SeenRequest, Steps, known

ID = "impossible_travel"
_COMPARED_COUNT = 3  # located logins on either side


class _Case(msgspec.Struct, frozen=True):
    """Two logins that nobody can have made both, and which of them is the odd one."""

    policy: DetectionPolicy
    actor: str
    suspect: Origin
    reference: Origin
    trip: Journey
    known: Familiarity  # of the suspect

    @property
    def has_history(self) -> bool:
        """Whether enough logins are known to say what is familiar."""
        return self.known.history_count >= self.policy.history_count

    @property
    def is_familiar(self) -> bool:
        """Whether the account is known to use the network, or the very device. A browser's family alone proves little."""
        return self.known.is_network_familiar or (self.known.is_device_familiar and self.is_device_certain)

    @property
    def is_device_certain(self) -> bool:
        """Whether the device is known by an id of its own and not by what half of all people use."""
        return self.suspect.device is not None and self.suspect.device.id is not None

    @property
    def is_plain(self) -> bool:
        """Whether the journey is suspicious even where nothing can be said of the device: far abroad, in no time."""
        is_far = self.trip.is_abroad and self.trip.distance_km >= self.policy.impossible_travel_plain_distance_km
        return is_far and self.trip.gap_ms <= self.policy.impossible_travel_in_no_time_ms

    @property
    def is_suspect(self) -> bool:
        """Whether it fires: network and device are new; or the latter cannot be told, but the journey is plain."""
        if self.has_history and self.is_familiar:
            return False
        is_device_new = self.known.is_device_known and not self.known.is_device_familiar
        return (self.has_history and is_device_new) or self.is_plain


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Hold a login against the located ones nearest to it in time, on either side."""
    actor = actor_of(event)
    if actor is None:
        return ()
    near = yield logins_near(event, actor)
    assert isinstance(near, tuple)
    if is_as_usual(event, near):
        return ()
    here = origin_of(event)
    if not is_located(here):
        return ()
    detections: list[Detection] = []
    for there in _located_around(here, near):
        case = yield from _compare(event, policy, actor, here, there)
        if case is None:
            continue
        suspect, ttl_ms = case.suspect, policy.login_memory_ms
        yield SeenRequest(_suspects_key(event, actor), suspect.event_id, suspect.at_ms, suspect.event_id, ttl_ms)
        yield from mark_risky(event, actor, suspect, policy, detector=ID)
        if case.has_history:  # else it may as well be the owner's usual one
            yield from mark_suspicious(event, actor, suspect, policy)
        window = f"{suspect.at_ms // MINUTE_MS}|{address_of(suspect.ip or '')}"
        finding = yield from campaign.part_of(event, policy, suspect, _describe(case))
        key = f"{finding.incident_key}|{actor}"
        if (yield from claim(event, detector=ID, key=key, window=window)):
            detections.append(detection_of(finding, event, suspect, key=key, window=window))
    return tuple(detections)


def _located_around(here: Origin, near: tuple[Remembered, ...]) -> list[Origin]:
    logins = [recall(login) for login in near if login.member != here.event_id]
    located = [login for login in logins if is_located(login)]
    before = [login for login in located if _moment(login) < _moment(here)]
    after = [login for login in located if _moment(login) > _moment(here)]
    return [*before[-_COMPARED_COUNT:], *after[:_COMPARED_COUNT]]


def _moment(login: Origin) -> tuple[int, str]:
    return login.at_ms, login.event_id


def _compare(event: Event, policy: DetectionPolicy, actor: str, here: Origin, there: Origin) -> Steps[_Case | None]:
    """Return the case against one of two logins, None when there is none."""
    if are_neighbours(here, there):
        return None
    trip = journey(here, there)
    if not _is_too_far(policy, trip, here, there):
        return None
    earlier, later = sorted((here, there), key=_moment)
    case = _Case(policy, actor, later, earlier, trip, (yield from familiarity(event, actor, later)))
    if case.has_history and case.is_familiar:
        # The later login is the owner's, so the earlier one may be the intruder's.
        case = _Case(policy, actor, earlier, later, trip, (yield from familiarity(event, actor, earlier)))
        if not case.has_history:
            return None
    if not case.is_suspect or (yield from _was_suspect(event, actor, case.reference)):
        return None
    # The owner's office is where it is. Only what is unusual must not be a gateway of the organisation's own.
    for login in (case.suspect,) if case.has_history else (here, there):
        if (yield from _is_of_many(event, policy, login)):
            return None
    return case


def _is_of_many(event: Event, policy: DetectionPolicy, login: Origin) -> Steps[bool]:
    """Return whether many of the organisation come from a login's address: a gateway, which need not be where they are."""
    users = yield from users_count(event, address_of(login.ip or ""), login.at_ms)
    return is_shared(login.network, users, policy)


def _was_suspect(event: Event, actor: str, login: Origin) -> Steps[bool]:
    """Return whether ``login`` fired here itself, or its owner denied it: then it is no reference for others.

    Marks of other detectors do not count: whether they came before or after would depend on the order of arrival.
    """
    mark = yield from known(key=_suspects_key(event, actor), value=login.event_id, at_ms=login.at_ms + 1)
    verdict = yield from verdict_on(event, actor, on_login(login.event_id), login.at_ms)
    return verdict is Verdict.DENIED or (mark.count > 0 and verdict is not Verdict.CONFIRMED)


def _suspects_key(event: Event, actor: str) -> str:
    return f"{scope_of(event)}travellers|{actor}"


def _is_too_far(policy: DetectionPolicy, trip: Journey, here: Origin, there: Origin) -> bool:
    if trip.distance_km < policy.impossible_travel_distance_km or trip.speed_kmh <= policy.impossible_travel_speed_kmh:
        return False
    if is_mobile(here.network) or is_mobile(there.network):
        return False
    return trip.is_abroad or trip.distance_km > policy.impossible_travel_same_country_distance_km


def _severity(case: _Case) -> AlertSeverity:
    """High needs another country and a device that is surely another one; what was not sent is no proof."""
    if not case.trip.is_abroad:
        return AlertSeverity.MEDIUM
    device, usual = device_label(case.suspect.device), device_label(case.reference.device)
    is_new_to_account = case.known.is_device_known and not case.known.is_device_familiar
    is_other_device = is_new_to_account if case.has_history else bool(device and usual and device != usual)
    return AlertSeverity.HIGH if is_other_device else AlertSeverity.MEDIUM


def _describe(case: _Case) -> Finding:
    trip, who = case.trip, wording.name(case.actor)
    earlier, later = sorted((case.suspect, case.reference), key=_moment)
    gap, apart = wording.duration(trip.gap_ms), f"{trip.measured_km:,.0f} km"
    limit_km, limit_kmh = _distance_limit_km(case), case.policy.impossible_travel_speed_kmh
    first = f"{who} logged in from {wording.place(earlier.geo)} ({earlier.ip}) at {wording.utc(earlier.at_ms)}"
    second = f"and, {gap} later, from {wording.place(later.geo)} ({later.ip})"
    which = "Too few earlier logins are known to tell which is the unusual one."
    if case.has_history:
        which = f"The login from {case.suspect.ip} is the unusual one."
    networks = f"{wording.network(earlier.network)} and {wording.network(later.network)}"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=_severity(case),
        incident_key=account_incident(case.actor),
        title=f"Impossible travel of {who}: {_country(earlier)} and {_country(later)} {wording.span(0, trip.gap_ms)}",
        description=f"{first} {second}: {apart} apart. {which}",
        reasons=(
            f"{apart} lie between, {trip.distance_km:,.0f} km after location error; the limit is {limit_km:,.0f} km",
            _speed_in_words(case),
            _familiarity_in_words(case),
        ),
        facts=(
            Fact("distance_km", round(trip.distance_km), round(limit_km)),
            Fact("measured_distance_km", round(trip.measured_km)),
            Fact("speed_kmh", round(trip.speed_kmh), round(limit_kmh)),
            Fact("gap_ms", trip.gap_ms),
            Fact("earlier_logins_count", case.known.history_count, case.policy.history_count),
        ),
        ruled_out=(
            f"Location error: with both places as wrong as such data may be, {trip.distance_km:,.0f} km are left.",
            f"A change of address within one network: {networks} differ.",
        ),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence(
            event_ids=(earlier.event_id, later.event_id),
            event_count=2,
            first_ms=earlier.at_ms,
            last_ms=later.at_ms,
        ),
    )


def _speed_in_words(case: _Case) -> str:
    took, limit_kmh = wording.duration(max(case.trip.gap_ms, GAP_MIN_MS)), case.policy.impossible_travel_speed_kmh
    return f"that takes {case.trip.speed_kmh:,.0f} km/h (in {took}); the limit is {limit_kmh:,.0f} km/h"


def _distance_limit_km(case: _Case) -> float:
    return (
        case.policy.impossible_travel_distance_km
        if case.trip.is_abroad
        else case.policy.impossible_travel_same_country_distance_km
    )


def _country(login: Origin) -> str:
    return login.geo.country_code or "?" if login.geo is not None else "?"


def _familiarity_in_words(case: _Case) -> str:
    policy, known = case.policy, case.known
    logins, in_no_time = (
        wording.several(known.history_count, "earlier login"),
        wording.duration(policy.impossible_travel_in_no_time_ms),
    )
    far = f"{policy.impossible_travel_plain_distance_km:,.0f} km"
    only = f"so only another country, {far} away within {in_no_time}, counts, and this is one"
    if not case.has_history:
        return f"{logins} known, and {policy.history_count} are needed to tell what is familiar; {only}"
    network = f"compared with {logins}, the network {wording.network(case.suspect.network)} is new"
    if not known.is_device_known:
        return f"{network}, the device was not sent; {only}"
    device = wording.device(case.suspect.device)
    if known.is_device_familiar:
        return f"{network}; {device} is known, which without a device id says little; {only}"
    return f"{network} and the device ({device}) is new"


DETECTOR = Detector(
    id=ID,
    title="Impossible travel",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.IMPOSSIBLE_TRAVEL,
    severity=AlertSeverity.HIGH,
    techniques=(AttackTechnique("T1078", "Valid Accounts"),),
    description=(
        "Holds every successful login against the 3 located ones before and after it. Distance is the great circle less 1.5 "
        "times the error radii of both places (the city database's own where it has one, else 250 km for an IPv4 line, 500 "
        "for IPv6 or a country without a city); speed is distance over time, the time taken as at least 5 minutes. "
        "Fires at 300 km or more and over 1,000 km/h if network (ASN) and device (device_id, else browser and system) are "
        "both new to the account, which needs 3 earlier logins to compare with; of the two logins the unfamiliar one is the "
        "suspect, even if it came first. Where nothing can be told of the device (no user agent, fewer earlier logins, or a "
        "known browser and system without a device_id, which half of all people share), the network has to be new and the "
        "journey plain: another country, 3,000 km or more, within 4 hours. Skipped: the same address, /24, /48 or ASN; "
        "places unknown; VPN, proxy, relay, Tor, gateway, satellite and hosting addresses; mobile networks, which come out "
        "in the country of their operator wherever the phone is; unusual addresses that 3 or more people of the "
        "organisation used within 7 days, its own gateways. Severity: high between countries with a new device, else "
        "medium; within a country at most medium, only over 2,000 km. A suspicious login makes nothing familiar and is no "
        "reference for others until its owner confirms it. Incident: account|actor:<id>."
    ),
    false_positives=(
        "A VPN or a company gateway abroad is switched on between two logins on a new device.",
        "Two people share one account.",
        "The city database is wrong by more than it is usually.",
    ),
    actions=(
        "Ask the owner, through another channel, whether both logins were theirs.",
        "If not: end all sessions of the account, reset its password and second factor, and review what it did since.",
        "If the owner uses a VPN, mark this alert safe.",
    ),
    event_names=frozenset({LOGIN_SUCCEEDED}),
    examine=examine,
)
