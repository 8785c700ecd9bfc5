"""Sliding windows by key, for the baselines; bounded by letting go of what is too old."""

from collections import deque
from collections.abc import Hashable

import msgspec

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.events.event import Event


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event in a window."""

    at_ms: int  # event time
    event_id: str
    value: str


class SlidingWindows:
    """The events of the last ``window_ms`` by key."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._entries: dict[Hashable, deque[Entry]] = {}

    def add(self, key: Hashable, event: Event, value: str = "") -> deque[Entry]:
        """Add an event and return the window of ``key`` that ends with it, oldest first."""
        entries = self._entries.get(key)
        if entries is None:
            entries = self._entries[key] = deque()
        entries.append(Entry(event.occurred_at_ms, event.event_id, value))
        start_ms = event.occurred_at_ms - self._window_ms
        while entries[0].at_ms < start_ms:
            entries.popleft()
        return entries

    def get(self, key: Hashable) -> deque[Entry]:
        """Return the window of ``key`` as it was left."""
        return self._entries.get(key, deque())


def alarm(rule: str, key: str, event: Event, entries: deque[Entry] | tuple[Entry, ...] = ()) -> Alarm:
    """Return what ``rule`` says about ``key`` on ``event``."""
    evidence = tuple(entry.event_id for entry in list(entries)[-50:]) or (event.event_id,)
    return Alarm(event.org_id, rule, f"{rule}|{key}", event.occurred_at_ms, event.event_id, evidence)


def address(event: Event) -> str:
    """Return the event's address."""
    return event.user_ip or "-"


def account(event: Event) -> str:
    """Return the event's account."""
    return event.actor.id if event.actor is not None else "-"
