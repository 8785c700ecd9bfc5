"""The state of one process, in memory: what the embedded server and a replay use."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from litesoc_server.clock import Clock, SystemClock
from litesoc_server.pipeline.state.base import (
    Answer,
    CountRequest,
    DecayedRequest,
    DistinctRequest,
    LastRequest,
    OnceRequest,
    RememberRequest,
    Request,
    Seen,
    SeenRequest,
    Window,
)
from litesoc_server.pipeline.state.histories import NEVER_SEEN, Claims, DecayedCounter, LatestValues, SeenSet
from litesoc_server.pipeline.state.windows import NO_WINDOW, CountWindow, DistinctWindow, keep_ms_for

_LOOKED_AT = 4  # keys looked at for each new one, as long as they may go
_CLOCK_READ_EVERY = 16  # new keys
_STANDSTILL_MS = 60_000  # without a new key for longer than that, the pipeline rather than the key was idle
_LOOKED_AT_WHEN_FULL = 64  # keys in use passed over to find one to let go: bounds the time it takes
_HALF_LIVES_KEPT = 32  # after so many half-lives a decayed counter is nothing

_SYSTEM_CLOCK = SystemClock()

_Entry: TypeAlias = CountWindow | DistinctWindow | DecayedCounter | Claims | LatestValues | SeenSet


def _refuse(request: Request) -> NoReturn:
    msg = f"{type(request).__name__} on a key that belongs to another primitive"
    raise TypeError(msg)


class MemoryState:
    """A StateStore for one process and one thread.

    Bounds: at most ``max_keys`` keys, half of them for windows, counters and claims, half for histories (latest values and
    sets), so that a flood of made-up addresses and accounts pushes out other windows but never what is known of users. In
    each half a key that was not used since it came up last goes first (the clock algorithm: nearly the least recently used,
    with nothing to do on use). Per key: windows.OBSERVATIONS_MAX observations, LAST_MAX values, SEEN_MAX members. A key
    that was idle for longer than its window (or its time to live) goes as well. An ordinary key takes 0.6 to 1 KB, and an
    actor with logins three of them.

    Answers depend on event time alone. The clock only says how long a key has been idle.
    """

    def __init__(self, max_keys: int = 1_000_000, clock: Clock = _SYSTEM_CLOCK) -> None:
        if max_keys < 2:  # noqa: PLR2004 - one key in each half
            msg = f"max_keys must be at least 2, not {max_keys}"
            raise ValueError(msg)
        self._half_max = max_keys // 2
        self._windows: OrderedDict[str, _Entry] = OrderedDict()
        self._histories: OrderedDict[str, _Entry] = OrderedDict()
        self._clock = clock
        self._clock_ms = clock.now_ms()
        self._used_ms = 0
        self._until_clock = 0
        self._handlers: dict[type[Request], Callable[[Any], Answer]] = {
            CountRequest: self._count,
            DistinctRequest: self._distinct,
            LastRequest: self._last,
            RememberRequest: self._remember,
            SeenRequest: self._seen,
            DecayedRequest: self._decayed,
            OnceRequest: self._once,
        }

    def __len__(self) -> int:
        """Return the number of keys held."""
        return len(self._windows) + len(self._histories)

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Carry out ``requests`` in order and return their answers in the same order."""
        handlers = self._handlers
        return [handlers[type(request)](request) for request in requests]

    def answer_one(self, request: Request) -> Answer:
        """Carry out one request and return its answer."""
        return self._handlers[type(request)](request)

    def _count(self, request: CountRequest) -> Window:
        key, at_ms = request.key, request.at_ms
        window = self._windows.get(key)
        if type(window) is not CountWindow:
            if window is not None:
                _refuse(request)
            if request.is_read_only:
                return NO_WINDOW
            window = CountWindow(keep_ms_for(request.window_ms))
            self._add(self._windows, key, window)
        else:
            window.is_used = True
        if request.is_read_only:
            return window.peek(at_ms, request.window_ms)
        return window.add(at_ms, request.member, request.window_ms)

    def _distinct(self, request: DistinctRequest) -> int:
        key, at_ms = request.key, request.at_ms
        window = self._windows.get(key)
        if type(window) is not DistinctWindow:
            if window is not None:
                _refuse(request)
            if request.is_read_only:
                return 0
            window = DistinctWindow(keep_ms_for(request.window_ms))
            self._add(self._windows, key, window)
        else:
            window.is_used = True
        if request.is_read_only:
            return window.peek(at_ms, request.window_ms)
        return window.add(at_ms, request.value, request.window_ms)

    def _decayed(self, request: DecayedRequest) -> float:
        counter = self._windows.get(request.key)
        if type(counter) is not DecayedCounter:
            if counter is not None:
                _refuse(request)
            counter = DecayedCounter(_HALF_LIVES_KEPT * request.half_life_ms)
            self._add(self._windows, request.key, counter)
        else:
            counter.is_used = True
        return counter.add(request.at_ms, request.member, request.amount, request.half_life_ms)

    def _once(self, request: OnceRequest) -> bool:
        claims = self._windows.get(request.key)
        if type(claims) is not Claims:
            if claims is not None:
                _refuse(request)
            claims = Claims(request.ttl_ms)
            self._add(self._windows, request.key, claims)
        else:
            claims.is_used = True
        return claims.claim(request.at_ms, request.member, request.ttl_ms)

    def _last(self, request: LastRequest) -> Answer:
        latest = self._histories.get(request.key)
        if latest is None:
            return ()
        if type(latest) is not LatestValues:
            _refuse(request)
        latest.is_used = True
        return latest.nearest(request.at_ms, request.k)

    def _remember(self, request: RememberRequest) -> None:
        latest = self._histories.get(request.key)
        if type(latest) is not LatestValues:
            if latest is not None:
                _refuse(request)
            latest = LatestValues(request.ttl_ms)
            self._add(self._histories, request.key, latest)
        else:
            latest.is_used = True
        at_ms = request.at_ms
        latest.remember(at_ms, request.member, request.value, request.ttl_ms)

    def _seen(self, request: SeenRequest) -> Seen:
        known = self._histories.get(request.key)
        if type(known) is not SeenSet:
            if known is not None:
                _refuse(request)
            if request.is_read_only:
                return NEVER_SEEN
            known = SeenSet(request.ttl_ms)
            self._add(self._histories, request.key, known)
        else:
            known.is_used = True
        at_ms = request.at_ms
        if request.is_read_only:
            return known.ask(request.value, at_ms, request.member)
        return known.add(request.value, at_ms, request.member, request.ttl_ms)

    def _add(self, keys: OrderedDict[str, _Entry], key: str, entry: _Entry) -> None:
        """Add a key, and look at the next ones in turn, so that idle keys go about as fast as new ones come."""
        self._until_clock -= 1
        if self._until_clock < 0:
            self._read_clock()
        now_ms = entry.checked_ms = self._used_ms
        is_full = len(keys) >= self._half_max
        looks_count = _LOOKED_AT_WHEN_FULL if is_full else min(_LOOKED_AT, len(keys))
        while looks_count:
            looks_count -= 1
            next_key = next(iter(keys))
            candidate = keys[next_key]
            if not candidate.is_used and (is_full or now_ms - candidate.checked_ms > candidate.keep_ms):
                del keys[next_key]
                is_full = False
                continue
            if candidate.is_used:
                candidate.is_used, candidate.checked_ms = False, now_ms
            keys.move_to_end(next_key)
            if not is_full:
                break
        if is_full:
            keys.popitem(last=False)
        keys[key] = entry

    def _read_clock(self) -> None:
        """Advance the time the state has been in use; the hours for which a pipeline stood still do not count."""
        now_ms = self._clock.now_ms()
        self._used_ms += min(max(0, now_ms - self._clock_ms), _STANDSTILL_MS)
        self._clock_ms = now_ms
        self._until_clock = _CLOCK_READ_EVERY
