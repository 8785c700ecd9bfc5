"""What the store took in of all organisations, by key and day: for counting usage, once, before events expire."""

from datetime import date

import msgspec

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read

# By the store's clock: what was received earlier but stored late (a replayed dead letter) is taken in only once, too.
_SPAN = """
SELECT toUnixTimestamp(now()), count(), toUnixTimestamp(min(inserted_at))
FROM events
WHERE inserted_at >= fromUnixTimestamp({since_s:Int64})
"""
_TAKEN = """
SELECT org_id, environment, key_id, source, toDate(received_at, 'UTC') AS day, uniqExact(event_id)
FROM events
WHERE inserted_at >= fromUnixTimestamp({from_s:Int64})
    AND inserted_at < fromUnixTimestamp({to_s:Int64})
    AND source != {our_source:String}
    AND ({org_id:String} = '' OR org_id = {org_id:String})
GROUP BY org_id, environment, key_id, source, day
ORDER BY org_id, environment, key_id, source, day
"""


class TakenSpan(msgspec.Struct, frozen=True):
    """When the store took events in, Unix s by its own clock."""

    now_s: int
    first_s: int | None  # the first of those asked for; None: there are none


class TakenByKey(msgspec.Struct, frozen=True, gc=False):
    """How many events one key sent on one day."""

    org_id: OrgId
    environment: Environment
    key_id: str
    source: str
    day: date  # UTC, of when they were received by our clock
    events: int


def taken_span(read: Read, *, since_s: int) -> TakenSpan:
    """Return the store's clock, and when it took in the first event since ``since_s``. Raises StoreUnavailable."""
    ((now_s, events, first_s),) = read(_SPAN, {"since_s": since_s})
    return TakenSpan(now_s=now_s, first_s=first_s if events else None)


def taken_by_key(read: Read, *, from_s: int, to_s: int, org_id: OrgId | None = None) -> list[TakenByKey]:
    """Count what was taken in during [from_s, to_s), Unix s by the store's clock, without what we publish ourselves.

    Of all organisations, or of one. Raises StoreUnavailable.
    """
    rows = read(_TAKEN, {"from_s": from_s, "to_s": to_s, "our_source": FEEDBACK_SOURCE, "org_id": org_id or ""})
    return [
        TakenByKey(OrgId(org_id), Environment(environment), key_id, source, day, events)
        for org_id, environment, key_id, source, day, events in rows
    ]
