"""What lasts longer than a window, in memory: latest values, sets with history, decayed counters, claims."""

from bisect import bisect_left, insort
from operator import attrgetter

import msgspec

from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, SEEN_MAX, Remembered, Seen

# Observations this far behind the newest one of their value are folded into a number: late ones can still be told from
# redelivered ones within it, and questions about the time LATENESS_MS before a late event are answered exactly.
RECENT_MS = 3 * LATENESS_MS
RECENT_MAX = 64  # newest observations kept apart per value
DECAYED_RECENT_MAX = 256  # the same for a decayed counter
CLAIMS_MAX = 8  # newest claims of one key

_by_time = attrgetter("at_ms", "member")

NEVER_SEEN = Seen(0, None, None, 0, 0)


class LatestValues(msgspec.Struct, tag=5, array_like=True, gc=False):
    """The LAST_MAX values of one key that are latest in event time, sorted by (time, member)."""

    keep_ms: int  # the longest life asked for; the values of one key share it
    checked_ms: int = 0
    is_used: bool = False
    values: tuple[Remembered, ...] = ()

    def remember(self, at_ms: int, member: str, value: str, ttl_ms: int) -> int | None:
        """Add a value; a member that is there already stays as it is.

        Return when it was remembered last, if it is the same as the latest before it and nothing later is known.
        """
        if ttl_ms > self.keep_ms:  # noqa: PLR1730 - on every login: a call of max costs ten times the comparison
            self.keep_ms = ttl_ms
        values = self.values
        if not values:
            self.values = (Remembered(at_ms, member, value),)
            return None
        newest = values[-1]
        if value == newest.value:
            value = newest.value  # one text for many logins from one place
        if at_ms > newest.at_ms:
            self.values = (*(values if len(values) < LAST_MAX else values[1:]), Remembered(at_ms, member, value))
            return newest.at_ms if value == newest.value else None
        if all(known.member != member for known in values):
            merged = sorted((*values, Remembered(at_ms, member, value)), key=_by_time)
            self.values = tuple(merged[-LAST_MAX:])
        return None

    def nearest(self, at_ms: int, k: int) -> tuple[Remembered, ...]:
        """Return up to ``k`` living values before or at ``at_ms`` and up to ``k`` after it, by time."""
        values = self.values
        oldest_ms = at_ms - self.keep_ms
        if values[-1].at_ms <= at_ms and values[0].at_ms >= oldest_ms:
            return values if len(values) <= k else values[-k:]
        before = [value for value in values if oldest_ms <= value.at_ms <= at_ms]
        after = [value for value in values if value.at_ms > at_ms]
        return (*before[-k:], *after[:k])


class SeenValue(msgspec.Struct, array_like=True, gc=False):
    """One value of a set: its newest observations apart, the older ones as a number."""

    first_ms: int
    recent: list[tuple[int, str]]  # (time, member), sorted
    folded_count: int = 0
    folded_last_ms: int = 0

    def add(self, at_ms: int, member: str) -> None:
        """Add an observation; one too far back to be told from a known one only moves the first time."""
        recent = self.recent
        observation = (at_ms, member)
        if observation > recent[-1]:
            recent.append(observation)
            if len(recent) > RECENT_MAX or recent[0][0] < at_ms - 2 * RECENT_MS:  # twice: folding one by one costs more
                self.fold()
            return
        self.first_ms = min(self.first_ms, at_ms)
        if self.folded_count and at_ms <= self.folded_last_ms:
            return
        index = bisect_left(recent, observation)
        if recent[index] != observation:
            recent.insert(index, observation)
            if len(recent) > RECENT_MAX:
                self.fold()

    def before(self, at_ms: int, member: str) -> tuple[int, int]:
        """Return how many observations precede (``at_ms``, ``member``) and the time of the last of them."""
        recent = self.recent
        newest_ms = recent[-1][0]
        if newest_ms < at_ms:
            return self.folded_count + len(recent), newest_ms
        index = bisect_left(recent, (at_ms, member))
        if index:
            return self.folded_count + index, recent[index - 1][0]
        if self.folded_count == 0 or self.first_ms >= at_ms:
            return 0, 0
        if self.folded_last_ms < at_ms:
            return self.folded_count, self.folded_last_ms
        return 1, self.first_ms  # further back than observations are kept apart: at least the first one precedes

    def fold(self) -> None:
        """Turn observations that need not be kept apart any longer into a number."""
        oldest_ms = self.recent[-1][0] - RECENT_MS
        cut = max(bisect_left(self.recent, (oldest_ms, "")), len(self.recent) - RECENT_MAX)
        if not cut:
            return
        self.folded_count += cut
        self.folded_last_ms = self.recent[cut - 1][0]
        del self.recent[:cut]


class SeenSet(msgspec.Struct, tag=6, array_like=True, gc=False):
    """A set with history; beyond SEEN_MAX values the one seen longest ago goes."""

    keep_ms: int
    checked_ms: int = 0
    is_used: bool = False
    values: dict[str, SeenValue] = {}

    def ask(self, value: str, at_ms: int, member: str) -> Seen:
        """Return what was known of ``value``, and of the set, before (``at_ms``, ``member``)."""
        count, last_ms, set_size, set_count = 0, 0, 0, 0
        oldest_ms = at_ms - self.keep_ms
        for name, entry in self.values.items():
            recent = entry.recent
            entry_last_ms = recent[-1][0]
            if entry_last_ms < at_ms:  # nearly always: without a call
                entry_count = entry.folded_count + len(recent)
            elif entry.first_ms > at_ms:
                continue
            else:
                entry_count, entry_last_ms = entry.before(at_ms, member)
            if entry_count and entry_last_ms >= oldest_ms:
                set_size += 1
                set_count += entry_count
                if name == value:
                    count, last_ms = entry_count, entry_last_ms
        if not count:
            return Seen(0, None, None, set_size, set_count)
        return Seen(count, self.values[value].first_ms, last_ms, set_size, set_count)

    def add(self, value: str, at_ms: int, member: str, ttl_ms: int) -> Seen:
        """Add an observation of ``value`` and return what was known before it."""
        if ttl_ms > self.keep_ms:  # noqa: PLR1730 - on every login: a call of max costs ten times the comparison
            self.keep_ms = ttl_ms
        entry = self.values.get(value)
        if entry is None:
            answer = self.ask(value, at_ms, member)
            self._put(value, SeenValue(at_ms, [(at_ms, member)]))
            return answer
        recent = entry.recent
        newest_ms = recent[-1][0]
        is_alive = newest_ms >= at_ms - self.keep_ms
        if newest_ms < at_ms and is_alive and len(self.values) == 1:  # most people have one of a kind
            count = entry.folded_count + len(recent)
            recent.append((at_ms, member))
            if len(recent) > RECENT_MAX or recent[0][0] < at_ms - 2 * RECENT_MS:
                entry.fold()
            return Seen(count, entry.first_ms, newest_ms, 1, count)
        answer = self.ask(value, at_ms, member)
        if is_alive:
            entry.add(at_ms, member)
        else:
            self._put(value, SeenValue(at_ms, [(at_ms, member)]))
        return answer

    def _put(self, value: str, entry: SeenValue) -> None:
        self.values[value] = entry
        if len(self.values) > SEEN_MAX:
            del self.values[min(self.values, key=self._recency)]

    def _recency(self, value: str) -> tuple[int, str]:
        return self.values[value].recent[-1][0], value


class DecayedCounter(msgspec.Struct, tag=3, array_like=True, gc=False):
    """A counter that halves every ``half_life_ms``: its newest observations apart, the older ones as one amount."""

    keep_ms: int
    checked_ms: int = 0
    is_used: bool = False
    recent: list[tuple[int, str, float]] = []  # (time, member, amount), sorted
    folded_amount: float = 0.0  # as of folded_ms; an observation that is older than that comes too late to count
    folded_ms: int = 0
    newest_amount: float = 0.0  # the value at the newest observation

    def add(self, at_ms: int, member: str, amount: float, half_life_ms: int) -> float:
        """Add an observation (once per member) and return the value at ``at_ms``, of what is not later than that."""
        recent = self.recent
        if recent and at_ms > recent[-1][0]:
            self.newest_amount = self.newest_amount * 0.5 ** ((at_ms - recent[-1][0]) / half_life_ms) + amount
            recent.append((at_ms, member, amount))
            self._fold(half_life_ms)
            return self.newest_amount
        is_known = any(known[0] == at_ms and known[1] == member for known in recent)
        if not is_known and at_ms > self.folded_ms:
            insort(recent, (at_ms, member, amount))
            self._fold(half_life_ms)
            self.newest_amount = self._value_at(recent[-1][0], half_life_ms)
        return self._value_at(at_ms, half_life_ms)

    def _value_at(self, at_ms: int, half_life_ms: int) -> float:
        total = self.folded_amount * 0.5 ** (max(0, at_ms - self.folded_ms) / half_life_ms)
        for then_ms, _, amount in self.recent:
            if then_ms > at_ms:
                break
            total += amount * 0.5 ** ((at_ms - then_ms) / half_life_ms)
        return total

    def _fold(self, half_life_ms: int) -> None:
        if len(self.recent) > DECAYED_RECENT_MAX:
            then_ms, _, amount = self.recent.pop(0)
            self.folded_amount = self.folded_amount * 0.5 ** ((then_ms - self.folded_ms) / half_life_ms) + amount
            self.folded_ms = then_ms


class Claims(msgspec.Struct, tag=4, array_like=True, gc=False):
    """Who claimed a key, and when."""

    keep_ms: int
    checked_ms: int = 0
    is_used: bool = False
    holders: tuple[tuple[int, str], ...] = ()  # (time, member), by arrival

    def claim(self, at_ms: int, member: str, ttl_ms: int) -> bool:
        """Return True if no other member holds a claim within ``ttl_ms``, and to a member that holds one."""
        if not self.holders:
            self.holders = ((at_ms, member),)
            return True
        if any(holder == member for _, holder in self.holders):
            return True
        if any(abs(at_ms - held_ms) < ttl_ms for held_ms, _ in self.holders):
            return False
        self.holders = (*self.holders[-(CLAIMS_MAX - 1) :], (at_ms, member))
        return True
