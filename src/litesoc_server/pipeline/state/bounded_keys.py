"""The windows of a state in memory, with a ceiling for all of them that is shared fairly between organisations."""

from collections import deque

from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.state.entries import Entry, without
from litesoc_server.pipeline.state.key_parts import is_named_by

_LOOKED_AT = 4  # keys looked at for each new one, as long as they may go
_LOOKED_AT_WHEN_FULL = 64  # keys in use passed over to find one to let go: bounds the time it takes


class BoundedKeys:
    """At most ``max_keys`` keys. ``entries`` may be read freely; keys are added through ``add`` only.

    In each organisation a key that was not used since it came up last goes first (the clock algorithm: nearly the least
    recently used, with nothing to do on use), and keys that were idle for longer than they need go about as fast as new ones
    come. When all is full an organisation that holds more than its equal share makes room for its own keys, and for those of
    others the largest one does: a flood in one pushes out nothing of another that keeps within its share.
    """

    def __init__(self, max_keys: int) -> None:
        self.entries: dict[str, Entry] = {}
        self._max_keys = max_keys
        self._rings: dict[str, deque[str]] = {}  # organisation -> its keys, the next one to be looked at first
        self._turns: deque[str] = deque()  # organisations, whose idle keys are looked at in turn
        self._largest = ""

    def add(self, key: str, entry: Entry, now_ms: int) -> None:
        """Add a key that is not there."""
        org_id, bar, _ = key.partition("|")
        ring = self._ring_of(org_id if bar else "")
        if len(self.entries) >= self._max_keys:
            self._make_room(ring, now_ms)
        else:
            self._drop_idle(ring, now_ms)
            self._turns.rotate()
            self._drop_idle(self._rings[self._turns[0]], now_ms)
        entry.checked_ms = now_ms
        self.entries[key] = entry
        ring.append(key)

    def forget(self, org_id: str, *, only_test: bool) -> None:
        """Drop all keys of an organisation, or of its test environment only (see subjects.scope_of)."""
        ring = self._rings.get(org_id)
        if ring is None:
            return
        scope = f"{org_id}|test|" if only_test else f"{org_id}|"
        kept = deque(key for key in ring if not key.startswith(scope))
        for key in ring:
            if key.startswith(scope):
                del self.entries[key]
        if kept:
            self._rings[org_id] = kept
        else:
            del self._rings[org_id]
            self._turns.remove(org_id)

    def forget_actor(self, org_id: str, mentions: Mentions) -> None:
        """Drop the keys of an organisation that name an actor, and in its others what does."""
        ring = self._rings.get(org_id, deque())
        for _ in range(len(ring)):
            key = ring.popleft()
            entry = self.entries.pop(key)
            left = None if is_named_by(key, mentions) else without(entry, mentions)
            if left is not None:
                left.is_used, left.checked_ms = entry.is_used, entry.checked_ms
                self.entries[key] = left
                ring.append(key)

    def _ring_of(self, org_id: str) -> deque[str]:
        ring = self._rings.get(org_id)
        if ring is None:
            ring = self._rings[org_id] = deque()
            self._turns.append(org_id)
        return ring

    def _drop_idle(self, ring: deque[str], now_ms: int) -> None:
        for _ in range(min(_LOOKED_AT, len(ring))):
            entry = self.entries[ring[0]]
            if entry.is_used or now_ms - entry.checked_ms <= entry.keep_ms:
                if entry.is_used:
                    entry.is_used, entry.checked_ms = False, now_ms
                ring.rotate(-1)
                return
            del self.entries[ring.popleft()]

    def _make_room(self, ring: deque[str], now_ms: int) -> None:
        share = self._max_keys // len(self._rings)
        if len(ring) <= share:
            ring = self._rings.get(self._largest, ring)
            if len(ring) <= share:  # it was the largest once
                self._largest = max(self._rings, key=lambda org_id: len(self._rings[org_id]))
                ring = self._rings[self._largest]
        for _ in range(_LOOKED_AT_WHEN_FULL):
            entry = self.entries[ring[0]]
            if not entry.is_used:
                break
            entry.is_used, entry.checked_ms = False, now_ms
            ring.rotate(-1)
        del self.entries[ring.popleft()]
