"""Events by their ids."""

import itertools
import uuid
from collections.abc import Iterable, Sequence

from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId, event_id_time_ms
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.org_conditions import not_before, of_org
from litesoc_server.store.rows import SELECT_LIST, event_of

IDS_PER_QUERY = 500
_TIME_MAX_MS = 4_102_444_800_000  # 2100-01-01; an id that claims more is no id of ours, and DateTime64 ends in 2299

_BY_ID = "event_id IN {event_ids:Array(UUID)}"
# Ordinary events happened when they were received, which is the time their id carries: the primary index finds them.
_AT_ID_TIME = "ts IN (SELECT fromUnixTimestamp64Milli(arrayJoin({id_times_ms:Array(Int64)}), 'UTC'))"


def get_events(
    read: Read, *, org_id: OrgId, event_ids: Sequence[EventId], not_before_ms: int | None
) -> dict[EventId, Event]:
    """Return those of the events that exist, by canonical id. What is no UUID is unknown. Raises StoreUnavailable."""
    found: dict[EventId, Event] = {}
    cutoff = [] if not_before_ms is None else [not_before(not_before_ms)]
    for chunk in _chunks(_canonical(event_ids)):
        times_ms = [time_ms for time_ms in map(event_id_time_ms, chunk) if time_ms <= _TIME_MAX_MS]
        at_id_time = [(_BY_ID, "event_ids", chunk), (_AT_ID_TIME, "id_times_ms", times_ms), *cutoff]
        found |= _read_events(read, org_id, at_id_time)
        # Backdated events stand elsewhere in time; the bloom filter over ids finds their blocks.
        missing = [event_id for event_id in chunk if event_id not in found]
        if missing:
            found |= _read_events(read, org_id, [(_BY_ID, "event_ids", missing), *cutoff])
    return found


def _read_events(read: Read, org_id: OrgId, more: Iterable[tuple[str, str, object]]) -> dict[EventId, Event]:
    conditions = of_org(org_id, *more)
    rows = read(f"SELECT {SELECT_LIST} FROM events WHERE {conditions.sql}", conditions.values)  # noqa: S608 # no value in it
    return {event.event_id: event for event in map(event_of, rows)}


def _canonical(event_ids: Iterable[EventId]) -> list[EventId]:
    known: dict[EventId, None] = {}
    for event_id in event_ids:
        try:
            known[EventId(str(uuid.UUID(event_id)))] = None
        except ValueError:
            continue
    return list(known)


def _chunks(event_ids: list[EventId]) -> Iterable[list[EventId]]:
    for start in itertools.count(0, IDS_PER_QUERY):
        chunk = event_ids[start : start + IDS_PER_QUERY]
        if not chunk:
            return
        yield chunk
