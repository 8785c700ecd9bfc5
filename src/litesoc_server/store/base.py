"""The store port. ``org_id`` is required and keyword-only everywhere but where a process looks after all organisations.

Both implementations pass tests/contract/test_store.py. Methods block; each is safe to call from any thread.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.store.queries.sender_facts import SenderFacts
from litesoc_server.store.queries.sender_hours import SenderHours


class StoreUnavailable(Exception):
    """The store cannot answer or take rows just now: writers keep their batch and come back, readers answer 503."""


class RejectedRows(Exception):
    """The store refuses these rows for what they hold: trying again cannot help. The text names no values."""


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """One event together with how long it is kept."""

    event: Event
    expires_at_ms: int  # Unix ms after which the store may delete the row


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list. Every field that is set must match."""

    event_name: str | None = None
    actor_id: str | None = None
    severity: Severity | None = None
    environment: Environment = Environment.LIVE
    not_before_ms: int | None = None  # event time; the plan's retention cut-off


class RiskyLoginsFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Whose logins to weigh, and as of when."""

    actor_id: str
    environment: Environment = Environment.LIVE
    now_ms: int  # event time, Unix ms; later logins are left out
    half_life_ms: int  # a score counts half after so long
    not_before_ms: int | None = None  # event time; the plan's retention cut-off


class RiskyLogin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One login with its risk."""

    event_id: EventId
    at_ms: int  # event time, Unix ms
    risk: Risk


class EventPage(msgspec.Struct, frozen=True):
    """One page of a list, newest first, and how many rows match in all."""

    events: tuple[Event, ...]
    total: int


class EventWriter(Protocol):
    """The writing side."""

    def insert(self, rows: Sequence[StoredEvent]) -> None:
        """Write all rows and return when they are on disk. Repeating the very same insert changes nothing.

        Raises RejectedRows when the store refuses rows for what they hold; then none were written. Raises StoreUnavailable
        when it cannot be reached or is out of resources; then none, some or all may have been written.
        A caller that does not know whether an insert came through asks ``existing`` before it writes again.
        """
        ...

    def existing(self, rows: Sequence[StoredEvent]) -> set[EventId]:
        """Return which of these events the store already holds. Used on redelivery only, so that no event shows twice."""
        ...


class EventReader(Protocol):
    """The reading side."""

    def list_events(self, *, org_id: OrgId, where: EventFilter, limit: int, offset: int) -> EventPage:
        """Return one page of an organisation's events, newest first (event time, then id)."""
        ...

    def get_event(self, *, org_id: OrgId, event_id: EventId, not_before_ms: int | None) -> Event | None:
        """Return one event; None when it is unknown, another organisation's or older than ``not_before_ms``."""
        ...

    def get_events(self, *, org_id: OrgId, event_ids: Sequence[EventId], not_before_ms: int | None) -> dict[EventId, Event]:
        """Return those of the named events that exist in this organisation."""
        ...

    def recent_events(self, *, since_ms: int, limit: int, received_from_ms: int = 0) -> Iterator[Event]:
        """Yield about the newest ``limit`` events of all organisations since ``since_ms``, oldest first (to rebuild state).

        Where there are more, each organisation has the same share, and what one does not need the others get.

        With ``received_from_ms`` only those received (our clock) since then.
        """
        ...

    def history(self, *, until: Event, since_ms: int, limit: int) -> Iterator[Event]:
        """Yield the newest ``limit`` events since ``since_ms`` of the organisation and environment of ``until``, up to it.

        Oldest first, ``until`` last.
        """
        ...

    def riskiest_logins(self, *, org_id: OrgId, where: RiskyLoginsFilter, limit: int) -> list[RiskyLogin]:
        """Return an actor's logins whose scores weigh most when they are halved with every half-life since, those first."""
        ...

    def count_received(self, *, org_id: OrgId, from_ms: int, to_ms: int) -> int:
        """Return how many events were received (our clock) in [from_ms, to_ms): the measure of the monthly quota.

        What we publish ourselves (feedback) does not count.
        """
        ...

    def sender_facts(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderFacts]:
        """Return what each key sent that was received (our clock) in [from_ms, to_ms), in numbers."""
        ...

    def sender_hours(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderHours]:
        """Return in which hours each key sent something that was received (our clock) in [from_ms, to_ms)."""
        ...


class EventStore(EventWriter, EventReader, Protocol):
    """One open store."""

    def open(self) -> None:
        """Connect and bring the schema up to date. Raises StoreUnavailable with the reason and the fix."""
        ...

    def ping(self) -> None:
        """Return if the store answers; raise StoreUnavailable if not."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...
