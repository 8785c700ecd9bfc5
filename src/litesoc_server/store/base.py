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
from litesoc_server.search.query import EVERYTHING, Query
from litesoc_server.store.actors import ActorNames, HeldRows
from litesoc_server.store.copies import Day
from litesoc_server.store.queries.sender_facts import SenderFacts
from litesoc_server.store.queries.sender_hours import SenderHours
from litesoc_server.store.queries.taken_by_key import TakenByKey, TakenSpan
from litesoc_server.store.summaries import Summaries

ID_MAX = EventId("ffffffff-ffff-ffff-ffff-ffffffffffff")  # after every event of its second


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
    query: Query = EVERYTHING


class EventSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for: a query in a span of event time."""

    query: Query = EVERYTHING
    environment: Environment = Environment.LIVE
    from_ms: int | None = None  # event time, Unix ms
    to_ms: int | None = None  # event time, Unix ms; the first moment that no longer belongs to it
    not_before_ms: int | None = None  # event time, Unix ms; the plan's retention cut-off

    @property
    def start_ms(self) -> int | None:
        """The first moment that belongs to it, None when there is none."""
        starts = [start_ms for start_ms in (self.from_ms, self.not_before_ms) if start_ms is not None]
        return max(starts, default=None)


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


class Cursor(msgspec.Struct, frozen=True):
    """A place in the order of events: event time, then id."""

    at_ms: int  # event time, Unix ms
    event_id: EventId


class SearchPage(msgspec.Struct, frozen=True):
    """One page of what was found, newest first, and whether there is more in the direction that was asked for."""

    events: tuple[Event, ...]
    has_more: bool


class CappedCount(msgspec.Struct, frozen=True):
    """How many events match, counted up to a ceiling."""

    events: int
    is_exact: bool  # False: there are more than that


class FacetValue(msgspec.Struct, frozen=True):
    """One value of a field and how many of the found events have it."""

    value: str  # may be personal data
    events: int


class Facets(msgspec.Struct, frozen=True):
    """How many events match, and of each field the values that occur most, those first."""

    total: int
    values: dict[str, tuple[FacetValue, ...]]  # by name of field, in the order they were asked for


class Bucket(msgspec.Struct, frozen=True):
    """How many events of each severity happened in one stretch of time."""

    start_ms: int  # event time, Unix ms
    events: dict[Severity, int]  # severities that did not occur are left out


class NewEvents(msgspec.Struct, frozen=True):
    """Events by when the store took them in."""

    events: tuple[
        tuple[EventId, int], ...
    ]  # with the second, Unix s by the store's clock, in which each was taken; newest last
    now_s: int  # the store's clock, Unix s
    is_complete: bool  # False: there were more than the limit, and the first ones are left out


class TakenCursor(msgspec.Struct, frozen=True):
    """A place in the order in which the store took events in: second by its clock, then id."""

    taken_s: int  # Unix s
    event_id: EventId


class TakenEvent(msgspec.Struct, frozen=True):
    """One event, and its place in that order."""

    event: Event
    cursor: TakenCursor


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

    def remove_organization(self, *, org_id: OrgId) -> None:
        """Remove everything of an organisation: events, and the sums that are kept of them. Doing it again changes nothing.

        Raises StoreUnavailable; then some may be left.
        """
        ...

    def remove_environment(self, *, org_id: OrgId, environment: Environment, taken_before_s: int) -> None:
        """Remove what an organisation has in one environment, with all sums, and leave its other one whole.

        Events that the store took in at ``taken_before_s`` (its clock, Unix s) or later stay, so that they can be counted
        before they go; what we publish ourselves goes at any time. Doing it again changes nothing. Raises StoreUnavailable;
        then some may be left.
        """
        ...

    def remove_actor(self, *, org_id: OrgId, names: ActorNames) -> None:
        """Remove an actor's events and the sums that are kept by actor, and the names from the metadata of others' events.

        Of both environments. What is summed up without saying by whom stays. Doing it again changes nothing. Raises
        StoreUnavailable; then some may be left.
        """
        ...

    def old_parts(self) -> set[str]:
        """Return what was rewritten and still lies on the disk, as it was before; it leaves by itself."""
        ...

    def existing(self, rows: Sequence[StoredEvent]) -> set[EventId]:
        """Return which of these events the store already holds. Used on redelivery only, so that no event shows twice."""
        ...

    def shorten_expiry(self, *, org_id: OrgId, days: int) -> int:
        """Keep no row of an organisation, sums included, for more than ``days`` after it happened; return how many were.

        Doing it again goes on with what was begun. Rows that are kept for less stay as they are. Raises StoreUnavailable;
        then some may be left.
        """
        ...


class EventReader(Summaries, Protocol):
    """The reading side; what pages ask beside lists stands in ``Summaries``."""

    def list_events(self, *, org_id: OrgId, where: EventFilter, limit: int, offset: int) -> EventPage:
        """Return one page of an organisation's events, newest first (event time, then id)."""
        ...

    def search_events(
        self, *, org_id: OrgId, where: EventSearch, before: Cursor | None = None, after: Cursor | None = None, limit: int
    ) -> SearchPage:
        """Return the newest ``limit`` events, or those right before or right after a cursor; give at most one of the two.

        Going on from a page's last (or first) event never skips or repeats one, whatever arrives in between.
        """
        ...

    def count_matching(self, *, org_id: OrgId, where: EventSearch, limit: int) -> CappedCount:
        """Count what matches, up to ``limit``."""
        ...

    def facets(self, *, org_id: OrgId, where: EventSearch, fields: Sequence[str], top: int) -> Facets:
        """Return of each of ``fields`` the ``top`` values that occur most; events without a value are in no facet.

        Fields are those of `store.queries.event_columns.TEXT_COLUMNS`.
        """
        ...

    def histogram(self, *, org_id: OrgId, where: EventSearch, from_ms: int, to_ms: int, bucket_ms: int) -> list[Bucket]:
        """Return the counts of the stretches of ``bucket_ms`` that [from_ms, to_ms) is cut into, oldest first.

        Stretches in which nothing happened are left out. The first begins at ``from_ms``.
        """
        ...

    def taken_since(self, *, org_id: OrgId, where: EventSearch, since_s: int, limit: int) -> NewEvents:
        """Return the newest ``limit`` of the events that the store took in at ``since_s`` (its clock, Unix s) or later.

        An insert that lasts becomes visible seconds after the moment it bears: ask again for a few seconds more, and pass
        over what is known (`store.feed`).
        """
        ...

    def taken_after(
        self, *, org_id: OrgId, environment: Environment, after: TakenCursor, until_s: int, limit: int
    ) -> list[TakenEvent]:
        """Return the first ``limit`` events that the store took in after ``after`` and before ``until_s``, in that order.

        The order is that of the store's clock, Unix s, then of ids. An insert that lasts becomes visible after the moment
        it bears: who must not miss one asks for what is older than a minute.
        """
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

    def count_received(self, *, org_id: OrgId, from_ms: int, to_ms: int, taken_from_s: int = 0) -> int:
        """Return how many events were received (our clock) in [from_ms, to_ms): the measure of the monthly quota.

        What we publish ourselves (feedback) does not count. With ``taken_from_s`` only those that the store took in since
        then (its clock, Unix s).
        """
        ...

    def count_before(self, *, org_id: OrgId, before_ms: int) -> int:
        """Return how many events of both environments happened before ``before_ms`` (event time, Unix ms)."""
        ...

    def last_received(self, *, from_ms: int) -> dict[OrgId, int]:
        """Return when the newest event of each organisation came (our clock, Unix ms), of all that came since ``from_ms``.

        What we publish ourselves (feedback) does not count.
        """
        ...

    def actor_names(self, *, org_id: OrgId, actor_id: str) -> ActorNames:
        """Return how events name the actor ``actor_id``, which may be an e-mail address, in both environments.

        An actor that no event names has that one name.
        """
        ...

    def actor_held(self, *, org_id: OrgId, names: ActorNames) -> list[HeldRows]:
        """Return how much is held of an actor, by kind and environment; kinds of which there is nothing are left out."""
        ...

    def actor_events(self, *, org_id: OrgId, names: ActorNames, after: Cursor | None = None, limit: int) -> list[Event]:
        """Return the oldest ``limit`` events of an actor after a cursor, of both environments, oldest first."""
        ...

    def taken_span(self, *, since_s: int) -> TakenSpan:
        """Return the store's clock, and when it took in the first event of anybody since ``since_s`` (its clock, Unix s)."""
        ...

    def taken_by_key(self, *, from_s: int, to_s: int, org_id: OrgId | None = None) -> list[TakenByKey]:
        """Count what the store took in during [from_s, to_s) (its clock, Unix s), by key and day.

        Of all organisations, or of one. What we publish ourselves does not count.
        """
        ...

    def sender_facts(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderFacts]:
        """Return what each key sent that was received (our clock) in [from_ms, to_ms), in numbers."""
        ...

    def sender_hours(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderHours]:
        """Return in which hours each key sent something that was received (our clock) in [from_ms, to_ms)."""
        ...

    def events_by_host(
        self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int, limit: int
    ) -> dict[str, int]:
        """Count the events of [from_ms, to_ms), event time in Unix ms, by ``source_hostname``; the busiest ``limit``."""
        ...


class EventCopies(Protocol):
    """Taking everything out and putting it in, for backups; all organisations together."""

    def event_columns(self) -> list[str]:
        """Return the names of the columns that an event is kept in."""
        ...

    def event_days(self) -> list[Day]:
        """Return the days (event time, UTC) that have events, the oldest first."""
        ...

    def lines_of(self, day: Day, columns: Sequence[str]) -> Iterator[bytes]:
        """Yield the events of a day that are not to be deleted yet, as lines of text; see store/copies.py.

        Those that were stored before the first call are all among them.
        """
        ...

    def add_lines(self, lines: bytes, columns: Sequence[str]) -> None:
        """Store what ``lines_of`` yielded, here or elsewhere. Repeating it stores the events twice."""
        ...

    def remove_everything(self) -> None:
        """Remove all rows of everybody."""
        ...


class EventStore(EventWriter, EventReader, EventCopies, Protocol):
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
