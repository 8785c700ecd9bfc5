"""What is known of one actor's logins: a few dozen counted values, which fade."""

from typing import Any

import msgspec

from litesoc_server.pipeline.policy import DAY_MS, MINUTE_MS
from litesoc_server.pipeline.risk.trace import DAY_PARTS, HOURS_COUNT, UNKNOWN, Trace

ONE = 1_000  # one login; counts are whole numbers of thousandths, so that they stay short when they fade
# Values kept of each kind, in the order of the fields of Trace: 46 in all.
_CEILINGS = (8, 5, 5, 3, 5, 4, 4, 3, 2, 4, 3)
KINDS_COUNT = len(_CEILINGS)
ADDRESS, PREFIX, ASN, COUNTRY, AGENT, RELEASE, BROWSER, SYSTEM, DEVICE_CLASS, DEVICE_ID, NETWORK_KIND = range(KINDS_COUNT)
NETWORK_LEVELS = (ADDRESS, PREFIX, ASN, COUNTRY)  # deepest first; one more level stands for "nothing is known of it"
AGENT_LEVELS = (AGENT, RELEASE, BROWSER, SYSTEM, DEVICE_CLASS)
_FORGOTTEN_BELOW = ONE // 4  # what was seen once is forgotten after two half-lives
_WEEK_MS = 7 * DAY_MS

Values = dict[int, int]  # counts by value, those first that were seen first


def _zeros(count: int) -> Any:  # noqa: ANN401 - msgspec types its fields as what they default to
    return msgspec.field(default_factory=lambda: [0] * count)


class Profile(msgspec.Struct, array_like=True, gc=False):
    """One actor's habits. Counts halve with time, so old habits weigh less than new ones.

    Not frozen: it is read from its text for one login, learns in place and is written again. Copies would cost more than
    everything else that the score does.
    """

    week: int = 0  # the week since 1970 that the counts have faded to
    minute: int = 0  # minutes from 1970 to the newest login
    logins: int = 0  # in thousandths, as all counts
    values: list[Values] = msgspec.field(default_factory=lambda: [{} for _ in range(KINDS_COUNT)])
    hours: list[int] = _zeros(HOURS_COUNT)
    network_novelty: list[int] = _zeros(len(NETWORK_LEVELS) + 1)  # logins by how new their network was
    agent_novelty: list[int] = _zeros(len(AGENT_LEVELS) + 1)


def level_of(profile: Profile, trace: Trace, levels: tuple[int, ...]) -> int:
    """Return how new a login is to an actor: 0 if the deepest level is known, ``len(levels)`` if none is."""
    values = profile.values
    for level, kind in enumerate(levels):
        value = trace.values[kind]
        if value != UNKNOWN and value in values[kind]:
            return level
    return len(levels)


def hour_share(hours: list[int], hour: int) -> float:
    """Return the weight of an hour of the week in a histogram: half its own count, a quarter of each neighbour's.

    Neighbours are those of the same kind of day; the weights of all hours add up to the histogram's sum.
    """
    start = hour - hour % DAY_PARTS
    before, after = start + (hour - 1) % DAY_PARTS, start + (hour + 1) % DAY_PARTS
    return hours[hour] / 2 + (hours[before] + hours[after]) / 4


def learn(profile: Profile, trace: Trace, at_ms: int, half_life_ms: float) -> None:
    """Add one more login to ``profile``."""
    newest_minute = max(profile.minute, at_ms // MINUTE_MS)
    fade(profile, at_ms, half_life_ms)
    if profile.logins:  # the first login of all is not new compared with anything
        profile.network_novelty[level_of(profile, trace, NETWORK_LEVELS)] += ONE
        profile.agent_novelty[level_of(profile, trace, AGENT_LEVELS)] += ONE
    profile.minute = newest_minute
    profile.logins += ONE
    profile.hours[trace.hour] += ONE
    for known, value, ceiling in zip(profile.values, trace.values, _CEILINGS, strict=True):
        if value in known:
            known[value] += ONE
        elif value != UNKNOWN:
            if len(known) >= ceiling:
                del known[min(known, key=known.__getitem__)]
            known[value] = ONE


def fade(profile: Profile, at_ms: int, half_life_ms: float) -> None:
    """Let the counts of ``profile`` fade to the week of ``at_ms``, unless they are as new as that."""
    week = at_ms // _WEEK_MS
    if week <= profile.week:
        return
    factor: float = 0.5 ** ((week - profile.week) * _WEEK_MS / half_life_ms)
    profile.week = week
    if not profile.logins:
        profile.minute = 0
        factor = 0.0
    profile.logins = round(profile.logins * factor)
    profile.values = [
        {value: round(count * factor) for value, count in known.items() if count * factor >= _FORGOTTEN_BELOW}
        for known in profile.values
    ]
    profile.hours = [round(count * factor) for count in profile.hours]
    profile.network_novelty = [round(count * factor) for count in profile.network_novelty]
    profile.agent_novelty = [round(count * factor) for count in profile.agent_novelty]


def shrunk(profile: Profile) -> Profile:
    """Return ``profile`` without the rarer half of the values of each kind."""
    halves = [sorted(known.items(), key=lambda pair: -pair[1])[: (len(known) + 1) // 2] for known in profile.values]
    return msgspec.structs.replace(profile, values=[dict(half) for half in halves])
