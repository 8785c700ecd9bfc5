"""Events per hour and kind, from the hourly sums: for charts over weeks, at the price of one row per hour and kind."""

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Severity
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read

_HOURLY_COUNTS = """
SELECT toInt64(toUnixTimestamp(hour)) * 1000, name, severity, sum(events)
FROM events_hourly
WHERE org_id = {org_id:String}
    AND environment = {environment:String}
    AND hour >= toStartOfHour(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    AND hour < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
GROUP BY hour, name, severity
ORDER BY hour, name, severity
"""


class HourlyCount(msgspec.Struct, frozen=True, gc=False):
    """How many events of one kind happened in one hour."""

    hour_ms: int  # Unix ms at which the hour begins, UTC
    name: str
    severity: Severity
    events: int


def hourly_counts(read: Read, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[HourlyCount]:
    """Return the counts of the hours that overlap [from_ms, to_ms), Unix ms, oldest first. Raises StoreUnavailable.

    An event of which two workers wrote a copy at the same moment counts twice here, and only here.
    """
    values: dict[str, object] = {
        "org_id": org_id,
        "environment": environment.value,
        "from_ms": from_ms,
        "to_ms": to_ms,
    }
    return [
        HourlyCount(hour_ms=hour_ms, name=name, severity=Severity(severity), events=events)
        for hour_ms, name, severity, events in read(_HOURLY_COUNTS, values)
    ]
