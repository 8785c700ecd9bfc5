"""What is known of all logins of an organisation together: how new they usually are, from where, when, and how they score.

Counts of a sample of the logins, as whole numbers. They are halved whenever they reach SAMPLE_MAX, so that they follow the
organisation and stay small enough for one value of the state.
"""

from bisect import bisect_right
from math import floor
from typing import Any

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

Counted = dict[int, int]  # how often, by value
Table = list[list[int]]  # by history bucket and level


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


def _zeros(count: int) -> Any:  # noqa: ANN401 - msgspec types its fields as what they default to
    return msgspec.field(default_factory=lambda: [0] * count)


def _table(levels_count: int) -> Any:  # noqa: ANN401 - as above
    return msgspec.field(default_factory=lambda: [[0] * levels_count for _ in HISTORY_BUCKETS])


class Community(msgspec.Struct, array_like=True, gc=False):
    """The counts. Only ``learn_sample`` changes them, in one that was read for it: see memo.py."""

    logins: int = 0
    network_levels: Table = _table(len(NETWORK_LEVELS) + 1)
    agent_levels: Table = _table(len(AGENT_LEVELS) + 1)
    hours: list[int] = _zeros(HOURS_COUNT)
    addresses: Counted = {}
    asns: Counted = {}
    countries: Counted = {}
    ratios: list[int] = _zeros(RATIO_MAX - RATIO_MIN)


def history_bucket(logins: int) -> int:
    """Return the index in HISTORY_BUCKETS for a number of earlier logins; -1 for none."""
    return bisect_right(HISTORY_BUCKETS, logins) - 1


def ratio_bin(log_ratio: float) -> int:
    """Return the whole number below a log-likelihood ratio, within what is counted."""
    return min(max(floor(log_ratio), RATIO_MIN), RATIO_MAX - 1)


def learn_sample(community: Community, sample: Sample) -> None:
    """Add one more login to ``community``."""
    community.logins += 1
    if sample.bucket >= 0:
        community.network_levels[sample.bucket][sample.network_level] += 1
        community.agent_levels[sample.bucket][sample.agent_level] += 1
    community.hours[sample.hour] += 1
    _count(community.addresses, sample.address, _ADDRESSES_MAX)
    _count(community.asns, sample.asn, _ASNS_MAX)
    _count(community.countries, sample.country, _COUNTRIES_MAX)
    community.ratios[sample.ratio - RATIO_MIN] += 1
    if community.logins >= SAMPLE_MAX:
        _halve(community)


def without_rarest(community: Community) -> Community:
    """Return ``community`` without the rarest value of its fullest set."""
    kind = max(("addresses", "asns", "countries"), key=lambda name: len(getattr(community, name)))
    counted: Counted = getattr(community, kind)
    rarest = _rarest(counted)
    return msgspec.structs.replace(community, **{kind: {value: n for value, n in counted.items() if value != rarest}})


def _rarest(counted: Counted) -> int:
    return min(counted, key=lambda known: (counted[known], -known))


def _count(counted: Counted, value: int, ceiling: int) -> None:
    """Count one value more; in a full set a new one first wears the rarest down (Misra and Gries, 1982)."""
    if value in counted:
        counted[value] += 1
    elif value == UNKNOWN:
        return
    elif len(counted) < ceiling:
        counted[value] = 1
    else:
        rarest = _rarest(counted)
        counted[rarest] -= 1
        if not counted[rarest]:
            del counted[rarest]
            counted[value] = 1


def _halve(community: Community) -> None:
    community.logins //= 2
    community.network_levels = [_halves(row) for row in community.network_levels]
    community.agent_levels = [_halves(row) for row in community.agent_levels]
    community.hours = _halves(community.hours)
    community.addresses = _halved(community.addresses)
    community.asns = _halved(community.asns)
    community.countries = _halved(community.countries)
    community.ratios = _halves(community.ratios)


def _halves(counts: list[int]) -> list[int]:
    return [count // 2 for count in counts]


def _halved(counted: Counted) -> Counted:
    return {value: count // 2 for value, count in counted.items() if count > 1}
