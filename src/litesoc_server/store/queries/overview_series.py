"""Events over time by severity, for a chart: from the hourly sums, or from events where steps are shorter."""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import HOUR_MS, Span, in_events, in_hours

POINTS_MAX = 2_000

_BY_HOUR = """
SELECT
    intDiv(toInt64(toUnixTimestamp(hour)) * 1000, {step_ms:Int64}) * {step_ms:Int64} AS start_ms,
    sumIf(events, severity NOT IN ('warning', 'critical')),
    sumIf(events, severity = 'warning'),
    sumIf(events, severity = 'critical'),
    sumIf(events, name = 'auth.login_failed')
FROM events_hourly
WHERE <conditions>
GROUP BY start_ms
ORDER BY start_ms
LIMIT {limit:UInt64}
"""
_BY_EVENT = """
SELECT
    intDiv(toUnixTimestamp64Milli(ts), {step_ms:Int64}) * {step_ms:Int64} AS start_ms,
    countIf(severity NOT IN ('warning', 'critical')),
    countIf(severity = 'warning'),
    countIf(severity = 'critical'),
    countIf(name = 'auth.login_failed')
FROM events
WHERE <conditions>
GROUP BY start_ms
ORDER BY start_ms
LIMIT {limit:UInt64}
"""


class SeriesPoint(msgspec.Struct, frozen=True, gc=False):
    """What happened in one step of time."""

    start_ms: int  # Unix ms, a multiple of the step
    infos: int
    warnings: int
    criticals: int
    failures: int  # logins that failed; they are among the warnings

    @property
    def events(self) -> int:
        """All of them."""
        return self.infos + self.warnings + self.criticals


def overview_series(read: Read, *, org_id: OrgId, span: Span, step_ms: int) -> list[SeriesPoint]:
    """Return the steps of ``step_ms`` in which something happened, oldest first. Raises StoreUnavailable.

    Steps of whole hours are read from the hourly sums, for the hours that overlap the span; there copies of an event that
    two workers wrote at once count twice.
    """
    is_hourly = step_ms % HOUR_MS == 0
    conditions = in_hours(org_id, span) if is_hourly else in_events(org_id, span)
    sql = (_BY_HOUR if is_hourly else _BY_EVENT).replace("<conditions>", conditions.sql)
    values = conditions.values | {"step_ms": step_ms, "limit": POINTS_MAX}
    return [SeriesPoint(*row) for row in read(sql, values)]
