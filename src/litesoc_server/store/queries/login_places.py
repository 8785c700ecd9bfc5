"""Where an actor signed in, in order: what a map draws its journeys from."""

import itertools

import msgspec

from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import Span, in_events

LOGINS_MAX = 1_000

# In the order of the primary key and without LIMIT BY, so that reading ends with the newest that fit.
_LOGINS = """
SELECT
    toUnixTimestamp64Milli(ts) AS at_ms, toString(event_id) AS id, user_ip, country_code, city, latitude, longitude
FROM events
WHERE <conditions>
    AND actor_id = {actor_id:String}
    AND name = 'auth.login_success'
    AND latitude IS NOT NULL
    AND longitude IS NOT NULL
ORDER BY ts DESC, toUInt128(event_id) DESC
LIMIT {limit:UInt64}
"""


class LoginPlace(msgspec.Struct, frozen=True, gc=False):
    """One login and its place."""

    at_ms: int  # event time, Unix ms
    event_id: EventId
    ip: str | None
    country_code: str | None
    city: str | None
    latitude: float  # WGS-84 degrees
    longitude: float


class Journey(msgspec.Struct, frozen=True):
    """Two logins, one after the other, from different places."""

    start: LoginPlace
    end: LoginPlace


def login_places(read: Read, *, org_id: OrgId, actor_id: str, span: Span, limit: int) -> list[LoginPlace]:
    """Return the newest ``limit`` logins with a place, oldest first. Raises StoreUnavailable."""
    conditions = in_events(org_id, span)
    values = conditions.values | {"actor_id": actor_id, "limit": min(limit, LOGINS_MAX)}
    rows = read(_LOGINS.replace("<conditions>", conditions.sql), values)
    places = {row[1]: LoginPlace(*row) for row in reversed(rows)}  # by id: there may be copies
    return list(places.values())


def journeys_of(logins: list[LoginPlace]) -> list[Journey]:
    """Return the changes of city between consecutive logins, oldest first. ``logins`` are in order of time."""
    return [
        Journey(earlier, later)
        for earlier, later in itertools.pairwise(logins)
        if (earlier.country_code, earlier.city) != (later.country_code, later.city)
    ]
