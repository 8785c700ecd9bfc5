"""Both event stores behind one handle, and events to put into them.

chDB keeps one path per process open, so ``case`` is a module's fixture: it is closed before the next module's is opened,
and under pytest-xdist each worker process has one of its own. Tests share it and keep apart by organisation, or by time
where a question spans organisations. Do not open a second ChdbStore in a test that uses ``case``; start a process for it.
"""

import itertools
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clickhouse_http import ClickHouseServer
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, Severity
from litesoc_server.events.ids import OrgId, draw_event_id_base, event_id_at
from litesoc_server.store.base import EventFilter, StoredEvent
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.store.clickhouse import ClickHouseStore
from litesoc_server.store.sql_store import SqlStore

MEMORY_BYTES = 256 * 1024**2  # the least that may be configured
DAY_MS = 86_400_000
NOW_MS = 1_780_000_000_000  # 2026-05-28T20:26:40Z
FOR_EVER_MS = 4_000_000_000_000  # 2096

_eras = itertools.count(1)


class StoreCase(ABC):
    """One store's data; ``store`` is open."""

    store: SqlStore

    @abstractmethod
    def make(self) -> SqlStore:
        """Return another store on the same data, not open."""

    def open(self) -> None:
        """Open the store."""
        self.store = self.make()
        self.store.open()

    def reopen(self) -> None:
        """Close the store and open it again."""
        self.store.close()
        self.open()

    def execute(self, sql: str) -> Any:
        """Run a statement that the store itself has no method for."""
        writer = self.store._writer
        assert writer is not None
        return writer.command(sql)


class ChdbCase(StoreCase):
    """In process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def make(self) -> SqlStore:
        return ChdbStore(self.directory, memory_bytes=MEMORY_BYTES)


class ClickHouseCase(StoreCase):
    """A server."""

    def __init__(self, server: ClickHouseServer) -> None:
        self.server = server

    def make(self) -> SqlStore:
        return ClickHouseStore(self.server.url)


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A running server that no test may stop; start one of your own for that."""
    server = ClickHouseServer(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["chdb", "clickhouse"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreCase]:
    """Each of the two stores in turn, open and shared by the module's tests."""
    if request.param == "chdb":
        store_case: StoreCase = ChdbCase(tmp_path_factory.mktemp("store"))
    else:
        store_case = ClickHouseCase(request.getfixturevalue("clickhouse_server"))
    store_case.open()
    if request.param == "clickhouse":
        store_case.store.remove_everything()  # of other modules: to merge parts of many months would keep the server busy
    yield store_case
    store_case.store.close()


def new_org() -> OrgId:
    """Return the id of an organisation that nothing is stored for."""
    return OrgId(str(uuid.uuid4()))


def new_era_ms() -> int:
    """Return a moment (Unix ms) later than any event of another test, for questions that span organisations."""
    return 4_200_000_000_000 + next(_eras) * 400 * DAY_MS


def make_event(org_id: OrgId, at_ms: int = NOW_MS, **changes: Any) -> Event:
    """Make an event with every field filled in."""
    event = Event(
        event_id=event_id_at(draw_event_id_base(at_ms), 0),
        org_id=org_id,
        environment=Environment.LIVE,
        key_id="17",
        source="collect",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        name="auth.login_failed",
        category="auth",
        severity=Severity.WARNING,
        actor=Actor("usr_8841", "mira@shop.example", is_redacted=False),
        user_ip="198.51.100.77",
        server_ip="203.0.113.5",
        metadata=msgspec.Raw(b'{"reason":"bad_password","n":[1,2]}'),
        geo=Geo("NO", "Vestland", "Bergen", 60.3913, 5.3221, "Europe/Oslo"),
        network=Network(64500, "Example Net", None, *(True, False, None, False, True, None)),
        device=Device("Mozilla/5.0 (X11; Linux x86_64)", "Firefox", "141", "Linux", None),
    )
    return msgspec.structs.replace(event, **changes)


def make_bare_event(org_id: OrgId, at_ms: int = NOW_MS) -> Event:
    """Make an event of which nothing is known that need not be."""
    nothing = dict.fromkeys(("actor", "user_ip", "server_ip", "geo", "network", "device"))
    return make_event(org_id, at_ms, metadata=msgspec.Raw(b"{}"), **nothing)


def make_events(org_id: OrgId, count: int, first_ms: int = NOW_MS, step_ms: int = 1000) -> list[Event]:
    """Make events in order of time."""
    return [make_event(org_id, first_ms + number * step_ms) for number in range(count)]


def stored(events: Sequence[Event], expires_at_ms: int = FOR_EVER_MS) -> list[StoredEvent]:
    """Return the events as rows to insert."""
    return [StoredEvent(event, expires_at_ms) for event in events]


def newest_first(events: Sequence[Event]) -> list[Event]:
    """Return the events in the order that a list promises."""
    return sorted(events, key=lambda event: (event.occurred_at_ms, event.event_id), reverse=True)


def list_all(store: SqlStore, org_id: OrgId, where: EventFilter | None = None) -> list[Event]:
    """Return everything that a list shows, asked for in one page."""
    page = store.list_events(org_id=org_id, where=where or EventFilter(), limit=100_000, offset=0)
    assert page.total == len(page.events)
    return list(page.events)
