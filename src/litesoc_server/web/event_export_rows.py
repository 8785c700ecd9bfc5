"""Events as rows of a file."""

from collections.abc import AsyncIterator, Sequence

from asgiref.sync import sync_to_async

from litesoc_server import backend
from litesoc_server.events.event import Actor, Device, Event, Geo, Network
from litesoc_server.events.withheld import as_seen
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.ocsf.event import event_object, ocsf_line
from litesoc_server.store.base import Cursor, EventSearch, SearchPage
from litesoc_server.web.event_request import EventRequest
from litesoc_server.web.export.csv_rows import Cell

EXPORTED_MAX = 100_000  # events in one file
PAGE_ROWS = 1_000
HEADER = (
    *("time", "id", "event", "severity", "actor_id", "actor_email", "user_ip", "country", "region", "city"),
    *("network", "provider", "asn", "operator", "browser", "os", "device_id", "session_id", "risk", "source", "metadata"),
)


async def exported_events(asked: EventRequest) -> AsyncIterator[Sequence[Event]]:
    """Yield all that is found, newest first, as the member sees it; of very many the newest EXPORTED_MAX."""
    # What comes in while the file is written stays out, so that it ends.
    where, before = _until_now(asked), None
    for _ in range(EXPORTED_MAX // PAGE_ROWS):
        found = await sync_to_async(_page, thread_sensitive=False)(asked, where, before)
        yield [as_seen(event, sees_places=asked.member.sees_places) for event in found.events]
        if not found.has_more:
            return
        last = found.events[-1]
        before = Cursor(last.occurred_at_ms, last.event_id)


async def exported_rows(asked: EventRequest) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    """Yield the same as rows under HEADER."""
    async for events in exported_events(asked):
        yield [_row(event) for event in events]


async def exported_ocsf(asked: EventRequest) -> AsyncIterator[Sequence[bytes]]:
    """Yield the same as lines of OCSF."""
    async for events in exported_events(asked):
        yield [ocsf_line(event_object(event)) for event in events]


async def count_exported(asked: EventRequest) -> int:
    """Return how many there will be. Raises StoreUnavailable."""
    count = sync_to_async(backend.current().reader.count_matching, thread_sensitive=False)
    counted = await count(org_id=asked.member.org_id, where=_until_now(asked), limit=EXPORTED_MAX)
    return counted.events


def _until_now(asked: EventRequest) -> EventSearch:
    return asked.where_until(asked.time_range.to_ms)


def _page(asked: EventRequest, where: EventSearch, before: Cursor | None) -> SearchPage:
    return backend.current().reader.search_events(org_id=asked.member.org_id, where=where, before=before, limit=PAGE_ROWS)


def _row(event: Event) -> Sequence[Cell]:
    actor, geo = event.actor or Actor(""), event.geo or Geo()
    network, device = event.network or Network(), event.device or Device()
    return (
        iso_ms(event.occurred_at_ms),
        event.event_id,
        event.name,
        event.severity.value,
        None if event.actor is None else actor.id,
        actor.email,
        event.user_ip,
        geo.country_code,
        geo.region,
        geo.city,
        None if network.kind is None else network.kind.value,
        network.provider,
        network.asn,
        network.as_org,
        device.browser,
        device.os,
        device.id,
        event.session_id,
        None if event.risk is None else event.risk.score,
        event.source,
        bytes(event.metadata).decode(),
    )
