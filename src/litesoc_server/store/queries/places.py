"""Where events came from, as points for a map."""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import SPAN_OF_MINUTES_MS, Span, in_events, in_hours

PLACES_MAX = 2_000

_BY_HOUR = """
SELECT
    country_code, city, sum(events) AS total, sum(warnings), sum(criticals), sum(latitude_sum) / total,
    sum(longitude_sum) / total
FROM places_hourly
WHERE <conditions>
GROUP BY country_code, city, latitude_cell, longitude_cell
ORDER BY total DESC, country_code, city
LIMIT {limit:UInt64}
"""
_BY_EVENT = """
SELECT
    ifNull(country_code, '') AS country, ifNull(city, '') AS town, count() AS total, countIf(severity = 'warning'),
    countIf(severity = 'critical'), avg(latitude), avg(longitude)
FROM events
WHERE <conditions> AND latitude IS NOT NULL AND longitude IS NOT NULL
GROUP BY country, town, floor(latitude), floor(longitude)
ORDER BY total DESC, country, town
LIMIT {limit:UInt64}
"""


class Place(msgspec.Struct, frozen=True, gc=False):
    """One cell of a degree within a city, and what came from it."""

    country_code: str  # ISO 3166-1 alpha-2; "" = unknown
    city: str  # "" = unknown
    events: int
    warnings: int
    criticals: int
    latitude: float  # WGS-84 degrees, the mean of what came from there
    longitude: float


def places(read: Read, *, org_id: OrgId, span: Span, limit: int) -> list[Place]:
    """Return the places with most events; more than three hours are counted in whole hours. Raises StoreUnavailable."""
    is_short = span.length_ms <= SPAN_OF_MINUTES_MS
    conditions = in_events(org_id, span) if is_short else in_hours(org_id, span)
    sql = (_BY_EVENT if is_short else _BY_HOUR).replace("<conditions>", conditions.sql)
    return [Place(*row) for row in read(sql, conditions.values | {"limit": min(limit, PLACES_MAX)})]
