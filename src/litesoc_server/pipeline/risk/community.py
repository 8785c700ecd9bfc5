"""What is known of all logins of an organisation together: how new they usually are, from where, when, and how they score.

Counts of a sample of the logins, as whole numbers. They are halved whenever they reach SAMPLE_MAX, so that they follow the
organisation and stay small enough for one value of the state.
"""

from math import floor

import msgspec

from litesoc_server.pipeline.risk.profile import AGENT_LEVELS, NETWORK_LEVELS
from litesoc_server.pipeline.risk.trace import HOURS_COUNT, UNKNOWN

SAMPLE_MAX = 2_048
HISTORY_BUCKETS = (
    1,
    3,
    6,
    12,
    25,
)  # earlier logins from which on each begins; below the first there is nothing to compare
RATIO_MIN, RATIO_MAX = -16, 12  # log-likelihood ratios are counted in steps of one between these
_ADDRESSES_MAX, _ASNS_MAX, _COUNTRIES_MAX = 12, 12, 8

Counted = tuple[tuple[int, int], ...]  # value and how often, the most frequent first
Table = tuple[tuple[int, ...], ...]  # by history bucket and level


class Sample(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the organisation learns from one login."""

    event_id: str
    actor: str  # personal data: as in state keys
    bucket: int  # index in HISTORY_BUCKETS; -1 for a first login
    network_level: int
    agent_level: int
    hour: int
    address: int
    asn: int
    country: int
    ratio: int  # its log-likelihood ratio, rounded down and within RATIO_MIN to RATIO_MAX


class Community(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The counts."""

    logins: int = 0
    network_levels: Table = ((0,) * (len(NETWORK_LEVELS) + 1),) * len(HISTORY_BUCKETS)
    agent_levels: Table = ((0,) * (len(AGENT_LEVELS) + 1),) * len(HISTORY_BUCKETS)
    hours: tuple[int, ...] = (0,) * HOURS_COUNT
    addresses: Counted = ()
    asns: Counted = ()
    countries: Counted = ()
    ratios: tuple[int, ...] = (0,) * (RATIO_MAX - RATIO_MIN)


NO_COMMUNITY = Community()


def history_bucket(logins: int) -> int:
    """Return the index in HISTORY_BUCKETS for a number of earlier logins; -1 for none."""
    return sum(logins >= at_least for at_least in HISTORY_BUCKETS) - 1


def ratio_bin(log_ratio: float) -> int:
    """Return the whole number below a log-likelihood ratio, within what is counted."""
    return min(max(floor(log_ratio), RATIO_MIN), RATIO_MAX - 1)


def count_of(counted: Counted, value: int) -> int:
    """Return how often a value was counted."""
    return next((count for known, count in counted if known == value), 0)


def learn_sample(community: Community, sample: Sample) -> Community:
    """Return ``community`` with one more login."""
    is_first = sample.bucket < 0
    grown = Community(
        logins=community.logins + 1,
        network_levels=community.network_levels
        if is_first
        else _plus_one_in(community.network_levels, sample.bucket, sample.network_level),
        agent_levels=community.agent_levels
        if is_first
        else _plus_one_in(community.agent_levels, sample.bucket, sample.agent_level),
        hours=_plus_one(community.hours, sample.hour),
        addresses=_with(community.addresses, sample.address, _ADDRESSES_MAX),
        asns=_with(community.asns, sample.asn, _ASNS_MAX),
        countries=_with(community.countries, sample.country, _COUNTRIES_MAX),
        ratios=_plus_one(community.ratios, sample.ratio - RATIO_MIN),
    )
    return _halved(grown) if grown.logins >= SAMPLE_MAX else grown


def _halved(community: Community) -> Community:
    return Community(
        logins=community.logins // 2,
        network_levels=tuple(tuple(count // 2 for count in row) for row in community.network_levels),
        agent_levels=tuple(tuple(count // 2 for count in row) for row in community.agent_levels),
        hours=tuple(count // 2 for count in community.hours),
        addresses=_halved_counts(community.addresses),
        asns=_halved_counts(community.asns),
        countries=_halved_counts(community.countries),
        ratios=tuple(count // 2 for count in community.ratios),
    )


def _halved_counts(counted: Counted) -> Counted:
    return tuple((value, count // 2) for value, count in counted if count > 1)


def _with(counted: Counted, value: int, ceiling: int) -> Counted:
    """Count one value more; in a full set a new one first wears the rarest down (Misra and Gries, 1982)."""
    if value == UNKNOWN:
        return counted
    counts = dict(counted)
    if value in counts or len(counts) < ceiling:
        counts[value] = counts.get(value, 0) + 1
    else:
        rarest, count = counted[-1]
        del counts[rarest]
        counts[rarest if count > 1 else value] = max(count - 1, 1)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _plus_one(counts: tuple[int, ...], index: int) -> tuple[int, ...]:
    return (*counts[:index], counts[index] + 1, *counts[index + 1 :])


def _plus_one_in(table: Table, row: int, index: int) -> Table:
    return (*table[:row], _plus_one(table[row], index), *table[row + 1 :])
