"""A suspicious login, and then what people do who take an account over: lock the owner out, make a key, take the data."""

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.detect import suspicions, wording
from litesoc_server.pipeline.detect.accounts import failed_login
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.failures import LOGIN_FAILED, before_login
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    UNKNOWN,
    country_was_used,
    device_label,
    device_was_used,
    familiarity,
    logins_near,
    network_label,
    risky_login_id,
    risky_logins_near,
    without_confirmed,
)
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.origin import Origin, memo_of, origin_of, recall
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, scope_of
from litesoc_server.pipeline.policy import HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import (
    LAST_MAX,
    LATENESS_MS,
    Remembered,
    Steps,
    Window,
    count,
    known,
    last,
    peek,
    remember,
)

ID = "account_takeover"
# Stand where a detector's id stands for logins that others found risky. A strange login is new in network, device and place
# (or hides it); of an unfamiliar one, a new phone's first day on its carrier, that is not enough without guesses before it.
_STRANGE, _UNFAMILIAR = "strange", "unfamiliar"
_NEW = frozenset({_STRANGE, _UNFAMILIAR})
_HIDING = frozenset({NetworkKind.TOR, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.HOSTING})
_FAILURES, _LOGIN, _CHANGE, _KEY, _EXPORT = "failures", "login", "change", "key", "export"
_CRITICAL_STAGES = 3
_FAILURES_SHOWN_MAX = 20  # as evidence; the rest of it is for what followed

# What an act is called -> its stage, and how it is told.
_ACTS: dict[str, tuple[str, str]] = {
    "auth.password_reset": (_CHANGE, "the password was changed"),
    "auth.password_reset_completed": (_CHANGE, "the password was changed"),
    "auth.mfa_disabled": (_CHANGE, "the second factor was switched off"),
    "auth.mfa_enabled": (_CHANGE, "a second factor was switched on"),
    "auth.mfa_method_added": (_CHANGE, "a second factor was added"),
    "auth.mfa_method_removed": (_CHANGE, "a second factor was removed"),
    "user.email_changed": (_CHANGE, "the e-mail address was changed"),
    "user.phone_changed": (_CHANGE, "the phone number was changed"),
    "admin.api_key_created": (_KEY, "an API key was created"),
    "data.export": (_EXPORT, "data was exported"),
}


class _Act(msgspec.Struct, frozen=True, gc=False):
    """One act after a login."""

    name: str
    network: str
    event_id: str


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look back from an act at suspicious logins; from what came in late, look at the acts after it."""
    actor = actor_of(event)
    if actor is None:
        return ()
    window_ms, at_ms = policy.account_takeover_window_ms, event.occurred_at_ms
    if event.name == LOGIN_SUCCEEDED:
        yield from _note_if_novel(event, actor, policy)
        acts = yield from peek(key=_acts_key(event, actor), window_ms=window_ms, at_ms=at_ms + window_ms)
        return (yield from _weigh_all(event, actor, policy)) if acts.count else ()
    if event.name == LOGIN_FAILED:
        yield from failed_login(event, policy)
        acts = yield from peek(key=_acts_key(event, actor), window_ms=2 * window_ms, at_ms=at_ms + 2 * window_ms)
        return (yield from _weigh_all(event, actor, policy)) if acts.count else ()
    if event.name not in _ACTS:  # an event of a session, which may have shown that an earlier one was stolen
        acts = yield from peek(key=_acts_key(event, actor), window_ms=2 * window_ms, at_ms=at_ms + window_ms)
        return (yield from _weigh_all(event, actor, policy)) if acts.count else ()
    member = f"{event.name}|{network_label(event.network)}|{event.event_id}"
    yield from count(key=_acts_key(event, actor), window_ms=window_ms, at_ms=at_ms, member=member)
    return (yield from _weigh_all(event, actor, policy))


def _acts_key(event: Event, actor: str) -> str:
    return f"{scope_of(event)}acts of|{actor}"


def _novel_key(event: Event, actor: str) -> str:
    return f"{scope_of(event)}novel logins|{actor}"


def _note_if_novel(event: Event, actor: str, policy: DetectionPolicy) -> Steps[None]:
    """Remember a login whose network and device are both new to an actor with a history.

    The cheap question first: a device that was used before ends nearly every login.
    """
    network, device = network_label(event.network), device_label(event.device)
    if UNKNOWN in (network, device) or (yield from device_was_used(event, actor, device)):
        return
    before = yield from familiarity(event, actor, origin_of(event))
    if before.history_count < policy.history_count or before.is_network_familiar or before.is_device_familiar:
        return
    how = _STRANGE if (yield from _is_strange(event, actor)) else _UNFAMILIAR
    yield from remember(
        key=_novel_key(event, actor),
        at_ms=event.occurred_at_ms,
        member=f"{event.event_id}|{how}",
        value=memo_of(event),
        ttl_ms=policy.account_takeover_window_ms + HOUR_MS,
    )


def _is_strange(event: Event, actor: str) -> Steps[bool]:
    """Return whether a login hides where it comes from, or comes from a country where the account never was."""
    if kind_of(event.network) in _HIDING:
        return True
    country = event.geo.country_code if event.geo is not None else None
    return country is not None and not (yield from country_was_used(event, actor, country))


def _weigh_all(event: Event, actor: str, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Weigh every suspicious login that the event may belong to."""
    novel = yield from last(key=_novel_key(event, actor), at_ms=event.occurred_at_ms, k=LAST_MAX)
    risky = yield risky_logins_near(event, actor)
    assert isinstance(risky, tuple)
    marked = yield from without_confirmed(event, actor, (*novel, *risky))
    if not marked:
        return ()
    logins = yield logins_near(event, actor)
    assert isinstance(logins, tuple)
    origins = {login.member: recall(login) for login in logins}
    suspicious: dict[str, tuple[Origin, list[str]]] = {}
    for mark in marked:
        login_id = risky_login_id(mark)
        origin, why = suspicious.setdefault(login_id, (_login_of(mark, origins, actor), []))
        why.append(_reason_of(mark))
    detections: list[Detection] = []
    for origin, why in suspicious.values():
        detections += yield from _weigh(event, actor, policy, origin, tuple(sorted(set(why))))
    return tuple(detections)


def _login_of(mark: Remembered, origins: dict[str, Origin], actor: str) -> Origin:
    """Return where a marked login came from, as far as that is still remembered."""
    login_id = risky_login_id(mark)
    if login_id in origins:
        return origins[login_id]
    if _reason_of(mark) in _NEW:
        return recall(Remembered(mark.at_ms, login_id, mark.value))
    return Origin(event_id=EventId(login_id), at_ms=mark.at_ms, actor_id=actor)


def _reason_of(mark: Remembered) -> str:
    """Return why a login was marked: how it is new, or which detector found it risky."""
    reason = mark.member.rpartition("|")[2]
    return reason if reason in _NEW else mark.value


def _weigh(
    event: Event, actor: str, policy: DetectionPolicy, login: Origin, why: tuple[str, ...]
) -> Steps[tuple[Detection, ...]]:
    window_ms = policy.account_takeover_window_ms
    window = yield from peek(key=_acts_key(event, actor), window_ms=window_ms, at_ms=login.at_ms + window_ms)
    acts = yield from _without_the_owners(event, actor, login, window)
    if not acts:
        return ()
    hour = yield from before_login(event, actor, login, policy.success_after_failures_window_ms)
    failures = hour
    if hour.count < policy.success_after_failures_count:
        failures = yield from before_login(event, actor, login, window_ms)
        if failures.count < policy.account_takeover_failures_count:
            failures = None
    if failures is None and why == (_UNFAMILIAR,):
        return ()
    stages = {_LOGIN, *(_ACTS[act.name][0] for act in acts)} | ({_FAILURES} if failures is not None else set[str]())
    if len(stages) < policy.account_takeover_stages_count:
        return ()
    key, current = f"{actor}|{login.event_id}", f"{beat(window.last_ms, window.count)}.{'+'.join(sorted(stages))}"
    if not (yield from claim(event, detector=ID, key=key, window=current)):
        return ()
    finding = _Case(policy, actor, login, why, failures, window, tuple(acts), len(stages)).told()
    return (detection_of(finding, event, login, key=key, window=current),)


def _without_the_owners(event: Event, actor: str, login: Origin, window: Window) -> Steps[list[_Act]]:
    """Return the acts after a login without those from another network that was familiar before it: the owner's."""
    acts = [_Act(*member.split("|")) for member in window.members]
    own = network_label(login.network)
    owners: set[str] = set()
    for network in sorted({act.network for act in acts} - {own, UNKNOWN}):
        earlier = yield from known(key=f"{scope_of(event)}networks|{actor}", value=network, at_ms=login.at_ms - LATENESS_MS)
        if earlier.count:
            owners.add(network)
    return [act for act in acts if act.network not in owners]


class _Case(msgspec.Struct, frozen=True):
    """One suspicious login with what came before and after it."""

    policy: DetectionPolicy
    actor: str
    login: Origin
    why: tuple[str, ...]
    failures: Window | None  # a burst before the login
    window: Window  # everything of interest that the actor did after it
    acts: tuple[_Act, ...]  # what of that counts
    stages_count: int

    def told(self) -> Finding:
        """Put the case into words."""
        login, who = self.login, wording.name(self.actor)
        did = _listed(list(dict.fromkeys(_ACTS[act.name][1] for act in self.acts)))
        before = "" if self.failures is None else f" and after {wording.several(self.failures.count, 'failed login')}"
        where = "an address that was not sent" if login.ip is None else f"{login.ip}"
        entered = (
            f"At {wording.utc(login.at_ms)}{before}, {who} was logged in to from {where} "
            f"({wording.device(login.device)}; {wording.where(login.geo, login.network)})"
        )
        evidence = () if self.failures is None else self.failures.members[-_FAILURES_SHOWN_MAX:]
        return Finding(
            detector=ID,
            alert_type=DETECTOR.alert_type,
            severity=AlertSeverity.CRITICAL if self.stages_count >= _CRITICAL_STAGES else AlertSeverity.HIGH,
            incident_key=account_incident(self.actor),
            title=f"Account {who} is likely taken over: {did} after a suspicious login",
            description=f"{entered}; until {wording.utc(self.window.last_ms)}, {did}.",
            reasons=tuple(self._reasons()),
            facts=(
                Fact("stages_count", self.stages_count, self.policy.account_takeover_stages_count),
                Fact("acts_count", len(self.acts), 1),
                Fact("span_ms", self.window.last_ms - login.at_ms, self.policy.account_takeover_window_ms),
            ),
            ruled_out=(
                "The owner's reaction: acts from other networks that the account used before the login do not count.",
                "Failed logins and a login alone, which are an alert of their own: something was done afterwards.",
            ),
            actions=DETECTOR.actions,
            is_entry=True,
            evidence=Evidence(
                event_ids=(*evidence, login.event_id, *(act.event_id for act in self.acts)),
                event_count=(0 if self.failures is None else self.failures.count) + 1 + len(self.acts),
                first_ms=login.at_ms if self.failures is None else self.failures.first_ms,
                last_ms=max(login.at_ms, self.window.last_ms),
            ),
        )

    def _reasons(self) -> list[str]:
        limit = self.policy.account_takeover_stages_count
        within = wording.duration(self.policy.account_takeover_window_ms)
        reasons = [f"{self.stages_count} stages of a takeover within {within}; the limit is {limit}, the login among them"]
        for why in self.why:
            if why in _NEW:
                least = wording.several(self.policy.history_count, "earlier login")
                reasons.append(f"network and device of the login were both new to the account; at least {least} are known")
                if why == _STRANGE:
                    reasons.append(f"it came from {self._strangeness()}")
            else:
                reasons.append(suspicions.words_of(why))
        if self.failures is not None:
            took = wording.span(self.failures.first_ms, self.failures.last_ms)
            reasons.append(f"{wording.several(self.failures.count, 'failed login')} {took} came before it")
        times: dict[str, int] = {}
        for act in self.acts:
            told = _ACTS[act.name][1]
            times[told] = times.get(told, 0) + 1
        reasons += [told if number == 1 else f"{told} {number} times" for told, number in times.items()]
        return reasons

    def _strangeness(self) -> str:
        if kind_of(self.login.network) in _HIDING:
            return "a network behind which anybody may be"
        return "a country where the account had never been used"


def _listed(texts: list[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


DETECTOR = Detector(
    id=ID,
    title="Account takeover",
    group=DetectorGroup.AFTER_LOGIN,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1078", "Valid Accounts"),
        AttackTechnique("T1098", "Account Manipulation"),
        AttackTechnique("T1556.006", "Multi-Factor Authentication"),
    ),
    description=(
        "Follows an account for 24 hours through the stages of a takeover: a burst of failed logins (5 in the hour, or 10 "
        "in the 24 hours before the login), a suspicious login, a change of password, second factor, e-mail or phone "
        "number, a new API key, an export of data. The login is suspicious if another detector marked it, or if its "
        "network and device are both new to an account with at least 3 earlier logins and there is more to it: its country "
        "is new as well, the network is Tor, a VPN, a proxy or a hosting provider's, or a burst of failures came before. "
        "Fires from two stages on, high, and from three on critical; the login must be one and something done after it "
        "another (failed logins and a login alone are left to success_after_failures). What is done from another network "
        "that the account had used before is the owner's and does not count. Incident: account|actor:<id>."
    ),
    false_positives=(
        "An owner sets up a new phone or computer in a new place and changes the password or second factor there.",
        "A traveller exports a report from a borrowed computer.",
    ),
    actions=(
        "Ask the owner, through another channel, whether the login and what followed were theirs.",
        "If not: end all sessions, take back the changes to password, second factor and addresses, and revoke new API keys.",
        "Find out what was exported and whom that concerns.",
    ),
    event_names=frozenset({LOGIN_FAILED, LOGIN_SUCCEEDED, *_ACTS}),
    wants_sessions=True,
    examine=examine,
)
