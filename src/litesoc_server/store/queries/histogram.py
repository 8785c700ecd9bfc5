"""Events of a query per stretch of time and severity, from the events themselves: hourly sums know no queries."""

from litesoc_server.events.event import Severity
from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import Bucket, EventSearch
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.conditions import of_search
from litesoc_server.store.queries.counts import has_copies

_HISTOGRAM = """
SELECT intDiv(toUnixTimestamp64Milli(ts) - {{start_ms:Int64}}, {{bucket_ms:Int64}}) AS bucket, severity, count()
FROM events {final}
WHERE {conditions}
    AND ts >= fromUnixTimestamp64Milli({{start_ms:Int64}}, 'UTC')
    AND ts < fromUnixTimestamp64Milli({{end_ms:Int64}}, 'UTC')
GROUP BY bucket, severity
ORDER BY bucket, severity
"""


def histogram(read: Read, *, org_id: OrgId, where: EventSearch, from_ms: int, to_ms: int, bucket_ms: int) -> list[Bucket]:
    """Return the counts of the stretches that [from_ms, to_ms) is cut into, oldest first. Raises StoreUnavailable."""
    conditions = of_search(org_id, where)
    values = conditions.values | {"start_ms": from_ms, "end_ms": to_ms, "bucket_ms": bucket_ms}
    final = "FINAL" if has_copies(read, conditions) else ""
    counts: dict[int, dict[Severity, int]] = {}
    for number, severity, events in read(_HISTOGRAM.format(final=final, conditions=conditions.sql), values):
        counts.setdefault(number, {})[Severity(severity)] = events
    return [Bucket(start_ms=from_ms + number * bucket_ms, events=events) for number, events in counts.items()]
