"""The state of one process, in memory: what the embedded server and a replay use."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from litesoc_server.clock import Clock, SystemClock
from litesoc_server.events.ids import OrgId
from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.state.base import Answer, Request, WrongPrimitive
from litesoc_server.pipeline.state.bounded_keys import BoundedKeys
from litesoc_server.pipeline.state.entries import KINDS, Entry, refuse
from litesoc_server.pipeline.state.histories import LatestValues, SeenSet
from litesoc_server.pipeline.state.history_keys import HistoryKeys

_CLOCK_READ_EVERY = 16  # new keys
_STANDSTILL_MS = 60_000  # without a new key for longer than that, the pipeline rather than the key was idle

_SYSTEM_CLOCK = SystemClock()


class MemoryState:
    """A StateStore for one process and one thread.

    Bounds: at most ``max_keys`` keys, half of them for windows, counters and claims, half for histories (latest values and
    sets) in use, so that a flood of made-up addresses and accounts pushes out other windows but never what is known of
    users; histories that are not in use are packed, into ``packed_bytes_max`` at most. All is shared between organisations
    (see BoundedKeys, HistoryKeys). Per key: windows.OBSERVATIONS_MAX observations, LAST_MAX values, SEEN_MAX members.
    benchmarks/state_memory.py measures what keys and actors take.

    Answers depend on event time alone. The clock only says how long a key has been idle.
    """

    def __init__(
        self,
        max_keys: int = 600_000,
        clock: Clock = _SYSTEM_CLOCK,
        *,
        packed_bytes_max: int = 2_500_000_000,
    ) -> None:
        if max_keys < 2:  # noqa: PLR2004 - one key in each half
            msg = f"max_keys must be at least 2, not {max_keys}"
            raise ValueError(msg)
        self._windows = BoundedKeys(max_keys // 2)
        self._histories = HistoryKeys(max_keys // 2, packed_bytes_max)
        self._is_complete = False
        self._clock = clock
        self._clock_ms = clock.now_ms()
        self._used_ms = 0
        self._until_clock = 0
        self._to_forget: deque[Callable[[BoundedKeys | HistoryKeys], None]] = deque()  # by other threads

    def __len__(self) -> int:
        """Return the number of keys held as objects."""
        return len(self._windows.entries) + len(self._histories.entries)

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Carry out ``requests`` in order and return their answers in the same order."""
        answers: list[Answer] = []
        for request in requests:
            try:
                answers.append(self.answer_one(request))
            except WrongPrimitive as error:
                answers.append(error)
        return answers

    def answer_one(self, request: Request) -> Answer:
        """Carry out one request and return its answer. Raises WrongPrimitive."""
        if self._to_forget:
            self._forget_now()
        entry_type, make, carry_out, nothing, is_history = KINDS[type(request)]
        keys = self._histories if is_history else self._windows
        entry = keys.entries.get(request.key)
        if entry is None:
            entry = self._histories.recall(request.key) if is_history else None
            if entry is None:
                if request.key in (self._windows if is_history else self._histories).entries:
                    refuse(request)
                return nothing if request.is_read_only else carry_out(self._add(request, make(request)), request)
        if type(entry) is not entry_type:
            refuse(request)
        entry.is_used = True
        return carry_out(entry, request)

    def forget(self, org_id: OrgId, *, only_test: bool = False) -> None:
        """See StateStore: done by the thread that uses the state, before it answers the next time."""
        self._to_forget.append(lambda keys: keys.forget(org_id, only_test=only_test))

    def forget_actor(self, org_id: OrgId, mentions: Mentions) -> None:
        """See StateStore: done by the thread that uses the state, before it answers the next time."""
        self._to_forget.append(lambda keys: keys.forget_actor(org_id, mentions))

    def _forget_now(self) -> None:
        while self._to_forget:
            forget_in = self._to_forget.popleft()
            forget_in(self._windows)
            forget_in(self._histories)

    def _add(self, request: Request, entry: Entry) -> Entry:
        if type(entry) is LatestValues or type(entry) is SeenSet:
            self._histories.add(request.key, entry)
            return entry
        self._until_clock -= 1
        if self._until_clock < 0:
            self._read_clock()
        self._windows.add(request.key, entry, self._used_ms)
        return entry

    @property
    def packed_bytes(self) -> int:
        """What histories that are not in use take."""
        return self._histories.packed_bytes

    @contextmanager
    def rebuilding(self) -> Generator[bool, None, None]:
        """See StateStore: a process begins with nothing, and its memory is never lost."""
        yield not self._is_complete
        self._is_complete = True

    def _read_clock(self) -> None:
        """Advance the time the state has been in use; the hours for which a pipeline stood still do not count."""
        now_ms = self._clock.now_ms()
        self._used_ms += min(max(0, now_ms - self._clock_ms), _STANDSTILL_MS)
        self._clock_ms = now_ms
        self._until_clock = _CLOCK_READ_EVERY
