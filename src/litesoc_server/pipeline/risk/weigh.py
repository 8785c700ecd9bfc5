"""From the evidence on a login to its contributions: one weight per feature, with its words."""

from functools import lru_cache

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.risk import RiskContribution
from litesoc_server.pipeline.risk import model, words
from litesoc_server.pipeline.risk.community import Community
from litesoc_server.pipeline.risk.profile import (
    ADDRESS,
    AGENT,
    AGENT_LEVELS,
    ASN,
    COUNTRY,
    DEVICE_ID,
    NETWORK_KIND,
    NETWORK_LEVELS,
    PREFIX,
    Profile,
)
from litesoc_server.pipeline.risk.trace import UNKNOWN, Trace

_DAY_MINUTES = 24 * 60
_KNOWN_PREFIX, _NEW_NETWORK = NETWORK_LEVELS.index(PREFIX), NETWORK_LEVELS.index(COUNTRY)
_NEW_COUNTRY = len(NETWORK_LEVELS)
_COUNTS_CACHED = 256  # of failures; mostly 0


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What was found out about one login."""

    profile: Profile  # of its actor, before it
    network_level: int  # index in NETWORK_LEVELS, or its length
    agent_level: int  # index in AGENT_LEVELS, or its length
    account_failures_count: int
    address_failures_count: int  # asked only for a new address


def contributions_of(event: Event, trace: Trace, evidence: Evidence, community: Community) -> tuple[RiskContribution, ...]:
    """Return what each feature adds, the weightiest first. A feature of which nothing is known says nothing."""
    found = _network(event, trace, evidence, community)
    found += _agent(event, trace, evidence, community)
    found += _habits(event, trace, evidence, community)
    found.append(_account_failures(evidence.account_failures_count))
    if evidence.address_failures_count:
        found.append(_address_failures(evidence.address_failures_count))
    found.sort(key=_size, reverse=True)
    return tuple(found)


def _size(one: RiskContribution) -> float:
    return abs(one.weight)


def _one(feature: str, text: str, weight: float) -> RiskContribution:
    return RiskContribution(feature, text, round(weight, 3))


def _network(event: Event, trace: Trace, evidence: Evidence, community: Community) -> list[RiskContribution]:
    profile, level = evidence.profile, evidence.network_level
    found: list[RiskContribution] = []
    if not profile.logins:
        found.append(_one("network", words.first_login(), 0.0))
    elif level < _NEW_NETWORK:
        kind = NETWORK_LEVELS[level]
        weight = model.network_weight(level, profile, community)
        weight += model.use_weight(profile.values[kind], trace.values[kind])
        found.append(_one("network", words.network(level, event), weight))
    elif _can_compare(trace, profile):
        found.append(_one("network", words.network(level, event), model.network_weight(level, profile, community)))
    kind_name = None if event.network is None else event.network.kind
    shared = model.shared_address_weight(trace.values[ADDRESS], kind_name, community) if level > _KNOWN_PREFIX else 0.0
    if shared:
        found.append(_one("place", words.shared_address(), shared))
    elif level >= _NEW_NETWORK:
        found += _place(level, event, trace, community)
    if kind_name is not None:
        found.append(
            _one("network_kind", words.kind(kind_name), model.kind_weight(kind_name, trace.values[NETWORK_KIND], profile))
        )
    return found


def _can_compare(trace: Trace, profile: Profile) -> bool:
    """Return whether both this login and earlier ones could be located: where no data is installed, nothing is new."""
    is_located = trace.values[ASN] != UNKNOWN or trace.values[COUNTRY] != UNKNOWN
    return is_located and bool(profile.values[ASN] or profile.values[COUNTRY])


def _place(level: int, event: Event, trace: Trace, community: Community) -> list[RiskContribution]:
    """Weigh how common a network or country is in the organisation that is new to the actor."""
    country, asn = trace.values[COUNTRY], trace.values[ASN]
    if level == _NEW_COUNTRY and country != UNKNOWN:
        weight, count = model.new_country_weight(country, community), community.countries.get(country, 0)
    elif asn != UNKNOWN:
        weight, count = model.new_network_weight(asn, community), community.asns.get(asn, 0)
    else:
        return []
    return [_one("place", words.place(level, event, count / max(community.logins, 1)), weight)]


def _agent(event: Event, trace: Trace, evidence: Evidence, community: Community) -> list[RiskContribution]:
    profile, level = evidence.profile, evidence.agent_level
    found: list[RiskContribution] = []
    has_new_id = False
    if profile.values[DEVICE_ID]:
        device_id = trace.values[DEVICE_ID]
        has_new_id = device_id != UNKNOWN and device_id not in profile.values[DEVICE_ID]
        if device_id == UNKNOWN:
            found.append(_one("device_id", words.missing_device_id(), model.missing_device_id_weight(profile)))
        else:
            found.append(_NEW_DEVICE_ID if has_new_id else _KNOWN_DEVICE_ID)
    if trace.values[AGENT] != UNKNOWN and profile.values[AGENT]:
        weight = model.agent_weight(level, profile, community)
        if level < len(AGENT_LEVELS):
            kind = AGENT_LEVELS[level]
            weight += model.use_weight(profile.values[kind], trace.values[kind])
        # A new device mostly brings a new browser, whoever holds it: what its id says already is not said twice.
        found.append(_one("agent", words.agent(level, event), min(weight, 0.0) if has_new_id else weight))
    return found


def _habits(event: Event, trace: Trace, evidence: Evidence, community: Community) -> list[RiskContribution]:
    profile = evidence.profile
    weight = model.hour_weight(trace.hour, profile, community)
    found = [_one("hour_of_week", words.hour(event.occurred_at_ms, weight), weight)]
    if profile.logins:
        days = max(0.0, (event.occurred_at_ms / 60_000 - profile.minute) / _DAY_MINUTES)
        found.append(_one("idle", words.idle(days), model.idle_weight(days)))
    return found


@lru_cache(maxsize=_COUNTS_CACHED)
def _account_failures(count: int) -> RiskContribution:
    return _one("account_failures", words.failures(count, "on the account"), model.account_failures_weight(count))


@lru_cache(maxsize=_COUNTS_CACHED)
def _address_failures(count: int) -> RiskContribution:
    return _one("address_failures", words.failures(count, "from this address"), model.address_failures_weight(count))


_KNOWN_DEVICE_ID = _one("device_id", words.device_id(is_known=True), model.device_id_weight(is_known=True))
_NEW_DEVICE_ID = _one("device_id", words.device_id(is_known=False), model.device_id_weight(is_known=False))
