"""A login that looks much more like an attacker's than like its owner's, all its features weighed together."""

from collections.abc import Iterator
from math import fsum, log

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.events.risk import FAILURE_FEATURES, Risk, RiskContribution
from litesoc_server.pipeline.detect import campaign, wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.labels import UNKNOWN, device_label, network_label
from litesoc_server.pipeline.detect.login_history import (
    LOGIN_SUCCEEDED,
    country_was_used,
    device_was_used,
    familiarity,
    mark_risky,
    mark_suspicious,
    network_was_used,
)
from litesoc_server.pipeline.detect.networks import kind_of
from litesoc_server.pipeline.detect.origin import Origin, origin_of
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Steps

ID = "risky_login"
_RENTED = frozenset({NetworkKind.HOSTING, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.TOR})
_TITLE_FEATURES_COUNT = 2
_NOT_IN_TITLE = frozenset({"place"})  # says how common the new network or country is, which is named already
_SHOWN_FEATURES_COUNT = 4


class _News(msgspec.Struct, frozen=True):
    """What is new about a login to its account, compared with whatever logins before; the network always is."""

    is_country_new: bool
    is_device_new: bool
    is_in_data_centre: bool

    @property
    def may_be_journey(self) -> bool:
        """Whether the owner may be travelling with their device. Nobody travels to a data centre."""
        return not (self.is_device_new or self.is_in_data_centre)


class _Case(msgspec.Struct, frozen=True):
    """A risky login."""

    policy: DetectionPolicy
    actor: str
    login: Origin
    risk: Risk
    weight: float  # see weight_of
    news: _News
    history_count: int


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Look at the risk of a login, which costs nothing; then at what is new about it, and at the account's history."""
    risk, actor = event.risk, actor_of(event)
    if risk is None or actor is None:
        return ()
    weight = weight_of(risk)
    if weight < log(policy.risky_login_likelihood_ratio):
        return ()
    news = yield from _news_of(event, actor)
    if news is None or weight < _limit(policy, news):
        return ()
    login = origin_of(event)
    history_count = (yield from familiarity(event, actor, login)).history_count
    if history_count < policy.history_count:
        return ()
    yield from mark_suspicious(event, actor, login, policy)
    yield from mark_risky(event, actor, login, policy, detector=ID)
    window = f"{login.at_ms // DAY_MS}|{network_label(login.network)}|{device_label(login.device)}"
    told = _describe(_Case(policy, actor, login, risk, weight, news, history_count))
    finding = yield from campaign.part_of(event, policy, login, told)
    key = f"{finding.incident_key}|{actor}"
    if not (yield from claim(event, detector=ID, key=key, window=window)):
        return ()
    return (detection_of(finding, event, login, key=key, window=window),)


def _news_of(event: Event, actor: str) -> Steps[_News | None]:
    """Return what is new; None where the network is not, or neither the country is nor the network a rented one."""
    network, device = network_label(event.network), device_label(event.device)
    if network == UNKNOWN or (yield from network_was_used(event, actor, network)):
        return None
    country = event.geo.country_code if event.geo is not None else None
    is_country_new = country is not None and not (yield from country_was_used(event, actor, country))
    if not is_country_new and kind_of(event.network) not in _RENTED:
        return None
    is_device_new = device != UNKNOWN and not (yield from device_was_used(event, actor, device))
    return _News(is_country_new, is_device_new, kind_of(event.network) is NetworkKind.HOSTING)


def weight_of(risk: Risk) -> float:
    """Return the log-likelihood ratio of a login without that of the failed ones before it.

    Those may still come in late, so that what is left is final; and other detectors look at them.
    """
    return fsum(one.weight for one in risk.contributions if one.feature not in FAILURE_FEATURES)


def _limit(policy: DetectionPolicy, news: _News) -> float:
    """Return the log-likelihood ratio from which on a login is reported.

    Whoever copies the owner's browser looks like the owner on a journey: it takes more to tell the two apart.
    """
    with_new_device, with_known = policy.risky_login_likelihood_ratio, policy.risky_login_known_device_likelihood_ratio
    return log(max(with_new_device, with_known) if news.may_be_journey else with_new_device)


def _describe(case: _Case) -> Finding:
    policy, login, weight = case.policy, case.login, case.weight
    who, logins = wording.name(case.actor), wording.several(case.history_count, "earlier login")
    shown = [one for one in case.risk.contributions if one.feature not in FAILURE_FEATURES]
    against = [one for one in shown if one.weight > 0][:_SHOWN_FEATURES_COUNT]
    owners = [one for one in shown if one.weight < 0][:_SHOWN_FEATURES_COUNT]
    limit = _limit(policy, case.news)
    is_high = weight >= log(policy.risky_login_high_likelihood_ratio)
    told = [one.text for one in against if one.feature not in _NOT_IN_TITLE]
    headline = ", ".join(told[:_TITLE_FEATURES_COUNT])
    kind = kind_of(login.network)
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.HIGH if is_high else AlertSeverity.MEDIUM,
        incident_key=account_incident(case.actor),
        title=f"{who} logged in as somebody else would: {headline}",
        description=(
            f"{who} logged in from {wording.where(login.geo, login.network)} ({login.ip}) with "
            f"{wording.device(login.device)} at {wording.utc(login.at_ms)}. What speaks against the owner: "
            f"{_texts(against)}. What speaks for the owner: {_texts(owners)}."
        ),
        reasons=(
            (
                f"all in all such a login is {wording.times_as_likely(weight)} times as likely from an attacker as from the "
                f"owner (reported from {wording.times_as_likely(limit)} times on)"
            ),
            *_weights(shown),
            f"compared with {logins} of this account ({policy.history_count} are needed), {_news(case)}",
        ),
        facts=(
            Fact("log_likelihood_ratio", round(weight, 2), round(limit, 2)),
            Fact("earlier_logins_count", case.history_count, policy.history_count),
            *(() if kind is None else (Fact("network_kind", kind.value),)),
        ),
        ruled_out=(
            "A new address of the usual provider: the whole network is new to the account.",
            "Mistyped passwords: failed logins before it are left out of these figures.",
            f"A journey with the usual device: {_not_a_journey(case.news, limit)}.",
        ),
        actions=DETECTOR.actions,
        is_entry=True,
        evidence=Evidence.of_one(login),
    )


def _texts(contributions: list[RiskContribution]) -> str:
    return "; ".join(one.text for one in contributions) or "nothing"


def _weights(contributions: list[RiskContribution]) -> Iterator[str]:
    """Say what each sign contributes; together they multiply to the ratio that is told before."""
    for whose, signs in (
        ("an attacker", [one for one in contributions if one.weight > 0]),
        ("the owner", [one for one in contributions if one.weight < 0]),
    ):
        if signs:
            told = ", ".join(f"{one.text} ({wording.times(one.weight)})" for one in signs)
            yield f"what makes {whose} more likely: {told}"


def _news(case: _Case) -> str:
    login, kind = case.login, kind_of(case.login.network)
    through = f" ({wording.kind(kind)})" if kind is not None and kind in _RENTED else ""
    news = [f"the network {wording.network(login.network)}{through}"]
    if case.news.is_country_new and login.geo is not None:
        news.append(f"the country {login.geo.country_code}")
    if case.news.is_device_new:
        news.append(f"the device ({wording.device(login.device)})")
    return f"{', '.join(news)} {'is' if len(news) == 1 else 'are'} new"


def _not_a_journey(news: _News, limit: float) -> str:
    if news.may_be_journey:
        return f"those are reported only from {wording.times_as_likely(limit)} times on"
    if news.is_device_new:
        return "the device is new to the account"
    return "the address is a data centre's, where nobody travels"


DETECTOR = Detector(
    id=ID,
    title="Risky login",
    group=DetectorGroup.LOGINS,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.MEDIUM,
    techniques=(AttackTechnique("T1078", "Valid Accounts"),),
    description=(
        "Goes by what the risk score of a login is made of: how new network, country, browser and device are to the "
        "account and how common in the organisation, the kind of network, the hour of the week, the days since the last "
        "login. Fires when all of that together is 1,000 times as likely from an attacker as from the owner (high from "
        "100,000 times on), the network was never used by the account, and either the country was not or the address "
        "is a VPN's, a proxy's, Tor's or a data centre's. With a device that the account has used (the same device_id, or "
        "without ids the same browser and system) it takes 10,000 times, unless it comes from a data "
        "centre: owners on a journey look like that. Failed logins before it do not count here, other detectors look at "
        "them. Needs 3 earlier logins of the account. "
        "Incident: account|actor:<id>."
    ),
    false_positives=(
        "A journey abroad with a new device.",
        "Somebody's first login through a VPN whose exit is in another country, at an unusual hour or with another browser.",
    ),
    actions=(
        "Ask the owner, through another channel, whether the login was theirs, and confirm or deny it.",
        "If not: end all sessions of the account, reset its password and second factor, and review what it did since.",
        "Open the event of the login: it shows what its risk score is made of.",
    ),
    event_names=frozenset({LOGIN_SUCCEEDED}),
    examine=examine,
)
