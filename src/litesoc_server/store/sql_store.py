"""The event store over any connection that speaks ClickHouse; the implementations differ only in how they connect."""

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

from clickhouse_connect.datatypes.registry import get_from_name
from clickhouse_connect.driver.client import Client

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.store import copies, migrations
from litesoc_server.store.actor_removal import old_parts, remove_actor
from litesoc_server.store.actors import ActorNames, HeldRows
from litesoc_server.store.base import (
    Bucket,
    CappedCount,
    Cursor,
    EventFilter,
    EventPage,
    EventSearch,
    Facets,
    NewEvents,
    RiskyLogin,
    RiskyLoginsFilter,
    SearchPage,
    StoredEvent,
    StoreUnavailable,
    TakenCursor,
    TakenEvent,
)
from litesoc_server.store.connections import (
    READER_WAIT_S,
    SLOW_READERS_MAX,
    ReaderPool,
    connect,
    insert_errors,
    store_errors,
)
from litesoc_server.store.expiry import shorten_expiry
from litesoc_server.store.queries.actor_held import actor_events, actor_held
from litesoc_server.store.queries.actor_names import actor_names
from litesoc_server.store.queries.count_before import count_before
from litesoc_server.store.queries.count_matching import count_matching
from litesoc_server.store.queries.count_received import count_received
from litesoc_server.store.queries.describe import describe
from litesoc_server.store.queries.events_by_host import events_by_host
from litesoc_server.store.queries.existing import existing
from litesoc_server.store.queries.facets import facets
from litesoc_server.store.queries.get_events import get_events
from litesoc_server.store.queries.histogram import histogram
from litesoc_server.store.queries.history import history
from litesoc_server.store.queries.hourly_counts import HourlyCount, hourly_counts
from litesoc_server.store.queries.last_received import last_received
from litesoc_server.store.queries.list_events import list_events
from litesoc_server.store.queries.recent_events import recent_events
from litesoc_server.store.queries.riskiest_logins import riskiest_logins
from litesoc_server.store.queries.search_events import search_events
from litesoc_server.store.queries.sender_facts import SenderFacts, sender_facts
from litesoc_server.store.queries.sender_hours import SenderHours, sender_hours
from litesoc_server.store.queries.taken_after import taken_after
from litesoc_server.store.queries.taken_by_key import TakenByKey, TakenSpan, taken_by_key, taken_span
from litesoc_server.store.queries.taken_since import taken_since
from litesoc_server.store.removal import remove_environment, remove_everything, remove_organization
from litesoc_server.store.rows import COLUMN_NAMES, INSERT_TYPES, columns_of
from litesoc_server.store.sql_summaries import SqlSummaries

_INSERT_SETTINGS = {
    "async_insert": 0,  # a server may be set to gather inserts in memory; ours must be on disk when insert() returns
    "max_partitions_per_insert_block": 0,  # no limit: a replay may bring events of many months at once
}

_SLOW_SETTINGS = {"max_execution_time": 600}
_REWRITE_SETTINGS = {"mutations_sync": 2, "max_execution_time": 0}


class SqlStore(SqlSummaries, ABC):
    """Implements ``store.base.EventStore``: one connection that writes, a few that read; safe to use from any thread."""

    def __init__(self, *, name: str) -> None:
        self._name = name  # for error texts; holds no password
        self._writer: Client | None = None
        self._write_lock = threading.Lock()
        self._readers = ReaderPool(self._connect)
        self._slow_turns = threading.BoundedSemaphore(SLOW_READERS_MAX)
        self._insert_types = [get_from_name(insert_type) for insert_type in INSERT_TYPES]

    @abstractmethod
    def _connect_arguments(self) -> dict[str, Any]:
        """Return the arguments for ``clickhouse_connect.driver.create_client``."""

    def _connect_first(self) -> Client:
        """Open the connection that writes. Raises StoreUnavailable or clickhouse-connect's errors."""
        return self._connect()

    def _during_insert(self) -> AbstractContextManager[None]:
        """Return a context that each insert runs in."""
        return nullcontext()

    def open(self) -> None:
        """Connect and bring the schema up to date. May be called again after it failed. Raises StoreUnavailable."""
        with self._write_lock:
            if self._writer is not None:
                return
            with store_errors(self._name, "be opened"):
                client = self._connect_first()
                try:
                    if not migrations.is_up_to_date(client):
                        migrations.migrate(self._connect_arguments())
                except BaseException:
                    client.close()
                    raise
            self._readers = ReaderPool(self._connect)
            self._writer = client

    def ping(self) -> None:
        """Return if the store answers. Raises StoreUnavailable."""
        self._read("SELECT 1", {})

    def close(self) -> None:
        """Wait for what is running, then close every connection."""
        with self._write_lock:
            if self._writer is None:
                return
            self._readers.close()
            self._writer.close()
            self._writer = None

    def insert(self, rows: Sequence[StoredEvent]) -> None:
        """Write all rows and return when they are on disk. Repeating the same insert changes nothing.

        Raises StoreUnavailable (then some may have been written) and RejectedRows (then none were).
        """
        if not rows:
            return
        columns = columns_of(rows)
        try:
            with self._write_lock, insert_errors(self._name), self._during_insert():
                self._opened_writer().insert(
                    "events",
                    columns,
                    column_names=COLUMN_NAMES,
                    column_types=self._insert_types,
                    column_oriented=True,
                    settings=_INSERT_SETTINGS | {"insert_deduplication_token": _token_of(rows)},
                )
        finally:
            # The client's insert context refers to itself and so keeps what it was given until the garbage collector comes
            # by, which in the server is rare: without this, a million events held 600 MB.
            columns.clear()

    def shorten_expiry(self, *, org_id: OrgId, days: int) -> int:
        """Keep no row of an organisation for more than ``days``. Raises StoreUnavailable; then some may be left."""
        return shorten_expiry(self._read, self._change, org_id=org_id, days=days)

    def existing(self, rows: Sequence[StoredEvent]) -> set[EventId]:
        """Return the ids of those rows that are stored. Raises StoreUnavailable."""
        return existing(self._read, rows)

    def remove_organization(self, *, org_id: OrgId) -> None:
        """Remove everything of an organisation. Raises StoreUnavailable; then some may be left."""
        remove_organization(self._read, self._change, org_id=org_id)

    def remove_environment(self, *, org_id: OrgId, environment: Environment, taken_before_s: int) -> None:
        """Remove what an organisation has in one environment. Raises StoreUnavailable; then some may be left."""
        remove_environment(self._read, self._change, org_id=org_id, environment=environment, taken_before_s=taken_before_s)

    def remove_actor(self, *, org_id: OrgId, names: ActorNames) -> None:
        """Remove everything of an actor. Raises StoreUnavailable; then some may be left."""
        remove_actor(self._read_slowly, self._change, org_id=org_id, names=names)

    def old_parts(self) -> set[str]:
        """Return what was rewritten and still lies on the disk. Raises StoreUnavailable."""
        return old_parts(self._read)

    def remove_everything(self) -> None:
        """Remove all rows of everybody. Raises StoreUnavailable; then some may be left."""
        remove_everything(self._read, self._change)

    def event_columns(self) -> list[str]:
        """Return the names of the columns that an event is kept in. Raises StoreUnavailable."""
        return copies.columns(self._read)

    def event_days(self) -> list[copies.Day]:
        """Return the days that have events of anybody, the oldest first. Raises StoreUnavailable."""
        return copies.days(self._read)

    def lines_of(self, day: copies.Day, columns: Sequence[str]) -> Iterator[bytes]:
        """Yield the events of a day as text, see store/copies.py. Raises StoreUnavailable, also midway."""
        return copies.lines_of(self._read_text, day, columns)

    def add_lines(self, lines: bytes, columns: Sequence[str]) -> None:
        """Store what ``lines_of`` yielded, here or elsewhere. Raises StoreUnavailable and RejectedRows."""
        settings = {**_INSERT_SETTINGS, "insert_deduplicate": 0}
        with self._write_lock, insert_errors(self._name), self._during_insert():
            self._opened_writer().raw_insert("events", columns, lines, settings, copies.FORMAT)

    def list_events(self, *, org_id: OrgId, where: EventFilter, limit: int, offset: int) -> EventPage:
        """Return one page of an organisation's events, newest first (event time, then id). Raises StoreUnavailable."""
        return list_events(self._read, org_id=org_id, where=where, limit=limit, offset=offset)

    def search_events(
        self, *, org_id: OrgId, where: EventSearch, before: Cursor | None = None, after: Cursor | None = None, limit: int
    ) -> SearchPage:
        """Return the newest events, or those right before or after a cursor. Raises StoreUnavailable."""
        return search_events(self._read, org_id=org_id, where=where, before=before, after=after, limit=limit)

    def count_matching(self, *, org_id: OrgId, where: EventSearch, limit: int) -> CappedCount:
        """Count what matches, up to ``limit``. Raises StoreUnavailable."""
        return count_matching(self._read, org_id=org_id, where=where, limit=limit)

    def facets(self, *, org_id: OrgId, where: EventSearch, fields: Sequence[str], top: int) -> Facets:
        """Return the values of ``fields`` that occur most among what matches. Raises StoreUnavailable."""
        return facets(self._read, org_id=org_id, where=where, fields=fields, top=top)

    def histogram(self, *, org_id: OrgId, where: EventSearch, from_ms: int, to_ms: int, bucket_ms: int) -> list[Bucket]:
        """Return how many match in each stretch of time. Raises StoreUnavailable."""
        return histogram(self._read, org_id=org_id, where=where, from_ms=from_ms, to_ms=to_ms, bucket_ms=bucket_ms)

    def taken_since(self, *, org_id: OrgId, where: EventSearch, since_s: int, limit: int) -> NewEvents:
        """Return what the store took in since ``since_s``, Unix s by its clock. Raises StoreUnavailable."""
        return taken_since(self._read, org_id=org_id, where=where, since_s=since_s, limit=limit)

    def taken_after(
        self, *, org_id: OrgId, environment: Environment, after: TakenCursor, until_s: int, limit: int
    ) -> list[TakenEvent]:
        """Return what the store took in after a place in that order. Raises StoreUnavailable."""
        return taken_after(self._read, org_id=org_id, environment=environment, after=after, until_s=until_s, limit=limit)

    def get_event(self, *, org_id: OrgId, event_id: EventId, not_before_ms: int | None) -> Event | None:
        """Return one event; None when it is unknown, another organisation's or too old. Raises StoreUnavailable."""
        found = self.get_events(org_id=org_id, event_ids=[event_id], not_before_ms=not_before_ms)
        return next(iter(found.values()), None)

    def get_events(self, *, org_id: OrgId, event_ids: Sequence[EventId], not_before_ms: int | None) -> dict[EventId, Event]:
        """Return those of the events that this organisation has. Raises StoreUnavailable."""
        return get_events(self._read, org_id=org_id, event_ids=event_ids, not_before_ms=not_before_ms)

    def recent_events(self, *, since_ms: int, limit: int, received_from_ms: int = 0) -> Iterator[Event]:
        """Yield the newest ``limit`` events of all organisations, oldest first. Raises StoreUnavailable, also midway."""
        return recent_events(self._read, since_ms=since_ms, limit=limit, received_from_ms=received_from_ms)

    def history(self, *, until: Event, since_ms: int, limit: int) -> Iterator[Event]:
        """Yield the events up to ``until``, oldest first. Raises StoreUnavailable, also midway."""
        return history(self._read, until=until, since_ms=since_ms, limit=limit)

    def riskiest_logins(self, *, org_id: OrgId, where: RiskyLoginsFilter, limit: int) -> list[RiskyLogin]:
        """Return an actor's logins, the weightiest first. Raises StoreUnavailable."""
        return riskiest_logins(self._read, org_id=org_id, where=where, limit=limit)

    def count_received(self, *, org_id: OrgId, from_ms: int, to_ms: int, taken_from_s: int = 0) -> int:
        """Return how many events were received in [from_ms, to_ms). Raises StoreUnavailable."""
        return count_received(self._read, org_id=org_id, from_ms=from_ms, to_ms=to_ms, taken_from_s=taken_from_s)

    def count_before(self, *, org_id: OrgId, before_ms: int) -> int:
        """Return how many events happened before a moment. Raises StoreUnavailable."""
        return count_before(self._read, org_id=org_id, before_ms=before_ms)

    def last_received(self, *, from_ms: int) -> dict[OrgId, int]:
        """Return when the newest event of each organisation came, since ``from_ms``. Raises StoreUnavailable."""
        return last_received(self._read, from_ms=from_ms)

    def actor_names(self, *, org_id: OrgId, actor_id: str) -> ActorNames:
        """Return how events name an actor. Raises StoreUnavailable."""
        return actor_names(self._read_slowly, org_id=org_id, actor_id=actor_id)

    def actor_held(self, *, org_id: OrgId, names: ActorNames) -> list[HeldRows]:
        """Return how much is held of an actor. Raises StoreUnavailable."""
        return actor_held(self._read_slowly, org_id=org_id, names=names)

    def actor_events(self, *, org_id: OrgId, names: ActorNames, after: Cursor | None = None, limit: int) -> list[Event]:
        """Return an actor's oldest events after a cursor. Raises StoreUnavailable."""
        return actor_events(self._read_slowly, org_id=org_id, names=names, after=after, limit=limit)

    def taken_span(self, *, since_s: int) -> TakenSpan:
        """Return the store's clock, and when it took in the first event since ``since_s``. Raises StoreUnavailable."""
        return taken_span(self._read, since_s=since_s)

    def taken_by_key(self, *, from_s: int, to_s: int, org_id: OrgId | None = None) -> list[TakenByKey]:
        """Count what the store took in during [from_s, to_s), by key and day. Raises StoreUnavailable."""
        return taken_by_key(self._read, from_s=from_s, to_s=to_s, org_id=org_id)

    def hourly_counts(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[HourlyCount]:
        """Return events per hour, name and severity for the hours that overlap [from_ms, to_ms). Raises StoreUnavailable."""
        return hourly_counts(self._read, org_id=org_id, environment=environment, from_ms=from_ms, to_ms=to_ms)

    def sender_facts(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderFacts]:
        """Return what each key sent that was received in [from_ms, to_ms). Raises StoreUnavailable."""
        return sender_facts(self._read, org_id=org_id, environment=environment, from_ms=from_ms, to_ms=to_ms)

    def sender_hours(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderHours]:
        """Return in which hours each key sent something received in [from_ms, to_ms). Raises StoreUnavailable."""
        return sender_hours(self._read, org_id=org_id, environment=environment, from_ms=from_ms, to_ms=to_ms)

    def events_by_host(
        self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int, limit: int
    ) -> dict[str, int]:
        """Count the events of [from_ms, to_ms) by host name. Raises StoreUnavailable."""
        return events_by_host(self._read, org_id=org_id, environment=environment, from_ms=from_ms, to_ms=to_ms, limit=limit)

    def describe(self) -> dict[str, object]:
        """Return facts for `litesoc doctor`: engine_version, rows, bytes_on_disk, active_parts. Raises StoreUnavailable."""
        return describe(self._read)

    def _connect(self) -> Client:
        return connect(self._connect_arguments())

    def _connect_patiently(self) -> Client:
        """Open a connection for what takes minutes."""
        return self._connect()

    def _opened_writer(self) -> Client:
        if self._writer is None:
            msg = f"{self._name} is not open"
            raise StoreUnavailable(msg)
        return self._writer

    def _change(self, sql: str, values: Mapping[str, object]) -> None:
        """Run a statement that rewrites rows, and wait until it is done on every replica; inserts go on meanwhile."""
        self._opened_writer()
        with store_errors(self._name, "remove rows"), closing(self._connect_patiently()) as client:
            client.command(sql, parameters=dict(values), settings=_REWRITE_SETTINGS)

    def _read_slowly(self, sql: str, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        """Answer what looks through all that an organisation has: on a connection of its own, for minutes if need be.

        Few at a time, or one organisation that asks and asks would leave the others no core.
        """
        self._opened_writer()
        if not self._slow_turns.acquire(timeout=READER_WAIT_S):
            msg = f"{self._name} was busy with other long questions for {READER_WAIT_S:.0f} s"
            raise StoreUnavailable(msg)
        try:
            with store_errors(self._name, "answer"), closing(self._connect_patiently()) as client:
                return client.query(sql, parameters=dict(values), settings=_SLOW_SETTINGS).result_rows
        finally:
            self._slow_turns.release()

    def _read(self, sql: str, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        self._opened_writer()
        with store_errors(self._name, "answer"), self._readers.reader() as client:
            return client.query(sql, parameters=dict(values)).result_rows

    def _read_text(self, sql: str, values: Mapping[str, object]) -> bytes:
        self._opened_writer()
        with store_errors(self._name, "answer"), self._readers.reader() as client:
            return client.raw_query(sql, dict(values), fmt=copies.FORMAT)


def _token_of(rows: Sequence[StoredEvent]) -> str:
    """Return what makes a repetition of this very insert recognisable, and tells it from every other insert.

    Without a token the engine would take equal blocks for repetitions and drop them in silence.
    """
    return hashlib.sha256("".join(row.event.event_id for row in rows).encode()).hexdigest()
