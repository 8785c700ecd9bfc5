"""What is known of one actor's logins: a few dozen counted values, which fade."""

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

Values = tuple[tuple[int, int], ...]  # value and count


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One actor's habits. Counts halve with time, so old habits weigh less than new ones."""

    week: int = 0  # the week since 1970 that the counts have faded to
    minute: int = 0  # minutes from 1970 to the newest login
    logins: int = 0  # in thousandths, as all counts
    values: tuple[Values, ...] = ((),) * KINDS_COUNT
    hours: tuple[int, ...] = (0,) * HOURS_COUNT
    network_novelty: tuple[int, ...] = (0,) * (len(NETWORK_LEVELS) + 1)  # logins by how new their network was
    agent_novelty: tuple[int, ...] = (0,) * (len(AGENT_LEVELS) + 1)

    def count(self, kind: int, value: int) -> int:
        """Return how often a value was seen, recent times weighing more."""
        for known, count in self.values[kind]:
            if known == value:
                return count
        return 0


NO_PROFILE = Profile()


def level_of(profile: Profile, trace: Trace, levels: tuple[int, ...]) -> int:
    """Return how new a login is to an actor: 0 if the deepest level is known, ``len(levels)`` if none is."""
    values = profile.values
    for level, kind in enumerate(levels):
        value = trace.values[kind]
        if value != UNKNOWN:
            for known, _ in values[kind]:
                if known == value:
                    return level
    return len(levels)


def hour_share(hours: tuple[int, ...], hour: int) -> float:
    """Return the weight of an hour of the week in a histogram: half its own count, a quarter of each neighbour's.

    Neighbours are those of the same kind of day; the weights of all hours add up to the histogram's sum.
    """
    start = hour - hour % DAY_PARTS
    before, after = start + (hour - 1) % DAY_PARTS, start + (hour + 1) % DAY_PARTS
    return hours[hour] / 2 + (hours[before] + hours[after]) / 4


def learn(profile: Profile, trace: Trace, at_ms: int, half_life_ms: float) -> Profile:
    """Return ``profile`` with one more login."""
    faded = fade(profile, at_ms, half_life_ms)
    network_novelty, agent_novelty = faded.network_novelty, faded.agent_novelty
    if faded.logins:  # the first login of all is not new compared with anything
        network_novelty = _plus_one(network_novelty, level_of(faded, trace, NETWORK_LEVELS))
        agent_novelty = _plus_one(agent_novelty, level_of(faded, trace, AGENT_LEVELS))
    return Profile(
        faded.week,
        max(profile.minute, at_ms // MINUTE_MS),
        faded.logins + ONE,
        tuple(map(_with, faded.values, trace.values, _CEILINGS)),
        _plus_one(faded.hours, trace.hour),
        network_novelty,
        agent_novelty,
    )


def fade(profile: Profile, at_ms: int, half_life_ms: float) -> Profile:
    """Return ``profile`` as of the week of ``at_ms``; as it is if it is as new as that."""
    week = at_ms // _WEEK_MS
    if week <= profile.week:
        return profile
    if not profile.logins:
        return Profile(week)
    factor: float = 0.5 ** ((week - profile.week) * _WEEK_MS / half_life_ms)
    return Profile(
        week,
        profile.minute,
        round(profile.logins * factor),
        tuple(
            tuple((value, round(count * factor)) for value, count in known if count * factor >= _FORGOTTEN_BELOW)
            for known in profile.values
        ),
        tuple(round(count * factor) for count in profile.hours),
        tuple(round(count * factor) for count in profile.network_novelty),
        tuple(round(count * factor) for count in profile.agent_novelty),
    )


def shrunk(profile: Profile) -> Profile:
    """Return ``profile`` without the rarer half of the values of each kind."""
    halves = (sorted(known, key=lambda pair: -pair[1])[: (len(known) + 1) // 2] for known in profile.values)
    return msgspec.structs.replace(profile, values=tuple(map(tuple, halves)))


def _with(known: Values, value: int, ceiling: int) -> Values:
    """Return the counts with one more of ``value``; in a full set it takes the place of the rarest."""
    if value == UNKNOWN:
        return known
    for index, (other, count) in enumerate(known):
        if other == value:
            return (*known[:index], (value, count + ONE), *known[index + 1 :])
    if len(known) < ceiling:
        return (*known, (value, ONE))
    rarest = min(known, key=lambda pair: pair[1])
    return (*(pair for pair in known if pair is not rarest), (value, ONE))


def _plus_one(counts: tuple[int, ...], index: int) -> tuple[int, ...]:
    return (*counts[:index], counts[index] + ONE, *counts[index + 1 :])
