"""The management API inside Django's test client, over a real event store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from django.http import HttpResponse
from django.test import Client

from control_factories import NOW_MS, OrganizationFactory, event_ids, make_key, org_id_of
from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.apikeys.key_uses import DatabaseKeyUseSink
from litesoc_server.backend import Backend, current, use
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event, Geo, Network, Severity
from litesoc_server.health.recent import RecentLooks
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.key_use import KeyUse
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.enrich.data_sets import DataSetInfo, IpDataState
from litesoc_server.store.base import EventStore, StoredEvent, StoreUnavailable
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.stream.base import Stream
from migrated_store import copy_migrated_store

STORE_MEMORY_BYTES = 512 * 1024**2
IP_DATA = IpDataState(
    (
        DataSetInfo("city", "City test data 2026-05-01", "CC0", date(2026, 5, 1), 6),
        DataSetInfo("ranges", "tor-exits", "CC0", date(2026, 5, 28), 1_200),
    ),
    ("the list x.npz cannot be used (it is not as it was written): run `litesoc geo update --force`",),
)
KEPT_MS = NOW_MS + 400 * 86_400_000


@contextmanager
def open_store(directory: Path) -> Iterator[EventStore]:
    """Open the embedded event store; one path per process."""
    copy_migrated_store(directory)
    store = ChdbStore(directory, memory_bytes=STORE_MEMORY_BYTES)
    store.open()
    yield store
    store.close()


@contextmanager
def serving(store: EventStore, stream: Stream, clock: ManualClock) -> Iterator[KeyDirectory]:
    """Serve the API from ``store`` at ``clock``'s time; feedback goes to ``stream``."""
    directory = KeyDirectory(DatabaseKeySource(), clock)
    use(
        Backend(
            reader=store,
            looks_at_senders=RecentLooks(store, clock),
            stream=stream,
            key_directory=directory,
            key_use=KeyUse(DatabaseKeyUseSink()),
            rate_limiter=RateLimiter(redis_url=None, clock=clock),
            quota_meter=QuotaMeter(redis_url=None, seed=lambda _: 0, clock=clock),
            ip_data=lambda: IP_DATA,
            clock=clock,
        )
    )
    yield directory
    directory.close()


@contextmanager
def store_down() -> Iterator[None]:
    """Serve from a store that answers nothing."""

    class Down:
        def __getattr__(self, name: str) -> object:
            raise StoreUnavailable(name)

    before = current()
    down = Down()
    use(Backend(**{**vars(before), "reader": down, "looks_at_senders": down}))
    try:
        yield
    finally:
        use(before)


@dataclass
class Tenant:
    """An organisation that calls the API with one of its keys."""

    org: Organization = field(default_factory=OrganizationFactory)
    key_changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        issued = make_key(self.org, **self.key_changes)
        self.key_id = issued.record.id
        self.secret = issued.secret

    def call(self, method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        """Send one request with the key."""
        return call(method, path, body, **{"X-API-Key": self.secret, **headers})

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Return the body of an answer that must be 200."""
        response = Client().get(path, query_params=query, headers={"X-API-Key": self.secret})
        assert response.status_code == 200, response.content
        return response.json()


def call(method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
    """Send one request; ``body`` may be bytes, or anything that JSON knows."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(raise_request_exception=False).generic(method, path, content, "application/json", headers=headers)


def make_event(org: Organization, **changes: Any) -> Event:
    """Make a failed login that was looked up in full."""
    at_ms = changes.get("occurred_at_ms", NOW_MS - 1_000)
    event = Event(
        event_id=event_ids(1, at_ms=at_ms)[0],
        org_id=org_id_of(org),
        environment=Environment.LIVE,
        key_id="key",
        source="collect",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        name="auth.login_failed",
        category="auth",
        severity=Severity.WARNING,
        actor=Actor("usr_8841", "mira@shop.example"),
        user_ip="198.51.100.77",
        server_ip="203.0.113.4",
        metadata=msgspec.Raw(b'{"reason":"bad_password","nested":{"n":[1,2.5,null]}}'),
        geo=Geo("NO", "Vestland", "Bergen", 60.39, 5.32, "Europe/Oslo"),
        network=Network(
            asn=64500,
            as_org="Example Net",
            is_vpn=False,
            is_tor=False,
            is_proxy=True,
            is_relay=False,
            is_datacenter=False,
            is_mobile=False,
        ),
    )
    return msgspec.structs.replace(event, **changes)


def store_events(store: EventStore, *events: Event) -> None:
    """Write events as the pipeline does."""
    store.insert([StoredEvent(event, expires_at_ms=KEPT_MS) for event in events])
