"""The likelihoods: of what an attacker would look like (given) and of what the owner looks like (learned).

Each feature's weight is the natural logarithm of P(feature | attacker) / P(feature | owner). The form is that of Freeman et
al., "Who Are You? A Statistical Approach to Measuring User Authenticity", NDSS 2016, with one difference: a value that
the actor never used is not smoothed by how common it is, which would make a never-seen address look harmless. Instead the
deepest level that is known (address, /24, network, country) is a feature of its own; how often owners reach it is learned.
"""

from math import log
from typing import TypeAlias

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.risk.community import Community, Counted, Table, history_bucket
from litesoc_server.pipeline.risk.profile import DEVICE_ID, NETWORK_KIND, ONE, Profile, Values, hour_share
from litesoc_server.pipeline.risk.trace import DAY_PARTS

_Steps: TypeAlias = tuple[tuple[int, float], ...]  # bound from below and weight, the highest first


def _steps(*steps: tuple[int, float, float]) -> _Steps:
    """Return the weight of each step, given its bound from below and its share among attackers and among owners."""
    return tuple((at_least, log(of_attackers / of_owners)) for at_least, of_attackers, of_owners in reversed(steps))


# Attackers: a mix of some who know nothing, some in the victim's country and some in the victim's city or network (the three
# kinds of Wiefling et al., ACM TOPS 26(1) 2022), a third of whom copy the victim's kind of browser.
_ATTACKER_NETWORK = (0.0005, 0.003, 0.08, 0.3165, 0.60)  # address, /24, network, country, none
_ATTACKER_AGENT = (0.07, 0.07, 0.16, 0.20, 0.30, 0.20)  # whole agent, release, browser, system, class, none
# Owners, by history bucket, before anything is learned: novelty falls as history grows. Shapes after the same study's
# published re-authentication rates; what an organisation's own logins say outweighs them after some dozens.
_OWNER_NETWORK = (
    (0.45, 0.07, 0.22, 0.20, 0.06),
    (0.55, 0.07, 0.20, 0.14, 0.04),
    (0.64, 0.07, 0.17, 0.09, 0.03),
    (0.72, 0.06, 0.14, 0.06, 0.02),
    (0.80, 0.05, 0.10, 0.04, 0.01),
)
_OWNER_AGENT = (
    (0.60, 0.05, 0.08, 0.10, 0.09, 0.08),
    (0.68, 0.04, 0.08, 0.08, 0.07, 0.05),
    (0.76, 0.03, 0.07, 0.06, 0.05, 0.03),
    (0.82, 0.03, 0.06, 0.04, 0.03, 0.02),
    (0.87, 0.02, 0.06, 0.025, 0.015, 0.01),
)
_PRIOR_LOGINS = 40  # as many logins of the organisation weigh as much as the table above
_PRIOR_OWN_LOGINS = 10  # as many logins of the actor weigh as much as the organisation's
_PRIOR_HOURS = 6
_PRIOR_HOURS_LOGINS = 100
_PRIOR_PLACES = 50
# Which share of the week an hour of the week has: five working days, two of the weekend.
_HOUR_SHARES = tuple(days / (7 * DAY_PARTS) for days in (5, 2) for _ in range(DAY_PARTS))

# Of networks by kind: the share among attackers over that among owners where neither actor nor organisation says otherwise.
_KIND_SHARES = {  # attackers, owners
    NetworkKind.TOR: (0.04, 0.0005),
    NetworkKind.VPN: (0.14, 0.05),
    NetworkKind.PROXY: (0.12, 0.01),
    NetworkKind.RELAY: (0.02, 0.03),
    NetworkKind.GATEWAY: (0.01, 0.03),
    NetworkKind.SATELLITE: (0.005, 0.005),
    NetworkKind.MOBILE: (0.10, 0.25),
    NetworkKind.ISP: (0.30, 0.55),
    NetworkKind.HOSTING: (0.25, 0.03),
}
_PRIOR_KINDS = 3

# Of failed logins before a success: bounds from below, share among attackers, share among owners. Owners mistype before 3 to
# 8 of 100 logins, mostly once.
_ACCOUNT_FAILURES = _steps((0, 0.60, 0.92), (1, 0.10, 0.05), (2, 0.08, 0.018), (3, 0.10, 0.009), (5, 0.12, 0.003))
_ADDRESS_FAILURES = _steps((0, 0.60, 0.85), (1, 0.12, 0.12), (5, 0.13, 0.025), (20, 0.15, 0.005))
# Days since the actor's last success: an attacker comes at any time, an owner mostly soon again.
_IDLE_DAYS = _steps((0, 0.40, 0.50), (1, 0.30, 0.33), (7, 0.15, 0.11), (30, 0.09, 0.045), (90, 0.06, 0.015))

_NEW_PLACE_WEIGHT_MAX = 2.5
_HOUR_WEIGHT_MAX = 1.5
_ATTACKER_ASN_SHARE = 1 / 60  # of a typical network among attackers: they come from more networks than owners do
_LIKE_OWNERS_SHARE = 0.7  # of attackers in the right country take a residential line
_ATTACKER_COUNTRY_SHARE = 1 / 25
_UNSEEN_SHARE = 1 / 500
_ATTACKER_ADDRESS_SHARE = 1 / 2_000  # of attackers come from inside a given office
_SHARED_COUNT_MIN = 4  # sampled logins
_PUBLIC_KINDS = frozenset(
    {NetworkKind.TOR, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.RELAY, NetworkKind.MOBILE, NetworkKind.SATELLITE}
)
_DEVICE_ID_KNOWN = (0.01, 0.90)  # attackers, owners
_DEVICE_ID_NEW = (0.99, 0.10)
_DEVICE_ID_MISSING = (0.30, 0.08)  # attackers' tools rarely run the application's own code


def network_weight(level: int, profile: Profile, community: Community) -> float:
    """Return the weight of how new a network is; 0 for a first login."""
    return _level_weight(
        level, profile, profile.network_novelty, community.network_levels, _OWNER_NETWORK, _ATTACKER_NETWORK
    )


def agent_weight(level: int, profile: Profile, community: Community) -> float:
    """Return the weight of how new an agent is; 0 for a first login."""
    return _level_weight(level, profile, profile.agent_novelty, community.agent_levels, _OWNER_AGENT, _ATTACKER_AGENT)


def _level_weight(
    level: int,
    profile: Profile,
    own: list[int],
    learned: Table,
    priors: tuple[tuple[float, ...], ...],
    attacker: tuple[float, ...],
) -> float:
    bucket = history_bucket(profile.logins // ONE)
    if bucket < 0:
        return 0.0
    row = learned[bucket]
    of_all = (row[level] + _PRIOR_LOGINS * priors[bucket][level]) / (sum(row) + _PRIOR_LOGINS)
    of_actor = (own[level] / ONE + _PRIOR_OWN_LOGINS * of_all) / (sum(own) / ONE + _PRIOR_OWN_LOGINS)
    return log(attacker[level] / of_actor)


def use_weight(known: Values, value: int) -> float:
    """Return the weight of how much an actor uses one of its known values: below 0 for the usual one, above for a rare one.

    An attacker who meets a known value meets any of them alike.
    """
    count = known.get(value)
    return log((1 / len(known)) / (count / sum(known.values()))) if count else 0.0


def new_network_weight(value: int, community: Community) -> float:
    """Return the weight of a network that is new to the actor, in a known country, by how common it is among all actors.

    Attackers in the right country come through its large providers as often as owners do: a common network says little.
    """
    share = _place_share(community.asns, value, community)
    of_attackers = max(_ATTACKER_ASN_SHARE, _LIKE_OWNERS_SHARE * share)
    return min(log(of_attackers / share), _NEW_PLACE_WEIGHT_MAX)


def new_country_weight(value: int, community: Community) -> float:
    """Return the weight of a country that is new to the actor, by how common it is among all actors."""
    weight = log(_ATTACKER_COUNTRY_SHARE / _place_share(community.countries, value, community))
    return _within(weight, _NEW_PLACE_WEIGHT_MAX)


def _place_share(counted: Counted, value: int, community: Community) -> float:
    return (counted.get(value, 0) + _PRIOR_PLACES * _UNSEEN_SHARE) / (community.logins + _PRIOR_PLACES)


def shared_address_weight(value: int, kind: NetworkKind | None, community: Community) -> float:
    """Return the weight of an address that is new to the actor but in frequent use by others: an office, a company's VPN.

    0 for one that is not, and for one that anybody can come from: attackers are found there as often as users.
    """
    count = community.addresses.get(value, 0)
    if kind in _PUBLIC_KINDS or count < _SHARED_COUNT_MIN:
        return 0.0
    share = count / (community.logins + _PRIOR_PLACES)
    return min(0.0, log(_ATTACKER_ADDRESS_SHARE / share))


def hour_weight(hour: int, profile: Profile, community: Community) -> float:
    """Return the weight of the hour of the week: above 0 where the actor is rarely active. An attacker comes at any time."""
    any_time = _HOUR_SHARES[hour]
    of_all = (hour_share(community.hours, hour) + _PRIOR_HOURS_LOGINS * any_time) / (
        sum(community.hours) + _PRIOR_HOURS_LOGINS
    )
    of_actor = (hour_share(profile.hours, hour) / ONE + _PRIOR_HOURS * of_all) / (sum(profile.hours) / ONE + _PRIOR_HOURS)
    return _within(log(any_time / of_actor), _HOUR_WEIGHT_MAX)


def kind_weight(kind: NetworkKind, number: int, profile: Profile) -> float:
    """Return the weight of the kind of network; ``number`` is its number in the profile."""
    of_attackers, of_owners = _KIND_SHARES[kind]
    known = profile.values[NETWORK_KIND]
    count, total = known.get(number, 0) / ONE, sum(known.values()) / ONE
    return log(of_attackers / ((count + _PRIOR_KINDS * of_owners) / (total + _PRIOR_KINDS)))


def device_id_weight(*, is_known: bool) -> float:
    """Return the weight of the sender's own id of the device, where the actor's devices have had ids before."""
    of_attackers, of_owners = _DEVICE_ID_KNOWN if is_known else _DEVICE_ID_NEW
    return log(of_attackers / of_owners)


def missing_device_id_weight(profile: Profile) -> float:
    """Return the weight of sending no device id, where the actor's devices have had ids before."""
    without_id = max(0, profile.logins - sum(profile.values[DEVICE_ID].values())) / ONE
    of_owners = (without_id + _PRIOR_OWN_LOGINS * _DEVICE_ID_MISSING[1]) / (profile.logins / ONE + _PRIOR_OWN_LOGINS)
    return log(_DEVICE_ID_MISSING[0] / of_owners)


def account_failures_weight(count: int) -> float:
    """Return the weight of the failed logins on the account shortly before."""
    return _stepped(count, _ACCOUNT_FAILURES)


def address_failures_weight(count: int) -> float:
    """Return the weight of the failed logins from an address that is new to the actor, whatever the account."""
    return _stepped(count, _ADDRESS_FAILURES)


def idle_weight(days: float) -> float:
    """Return the weight of the days since the actor's last success."""
    return _stepped(days, _IDLE_DAYS)


def _stepped(number: float, steps: _Steps) -> float:
    for at_least, weight in steps:
        if number >= at_least:
            return weight
    return steps[-1][1]


def _within(weight: float, most: float) -> float:
    return max(-most, min(weight, most))
