"""The figures at the top of the overview: how much, how many, how bad.

Distinct actors and addresses of more than a few hours are merged from sketches of whole hours or days: exact for some
thousands, off by about 0.8 % beyond.
"""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import (
    DAY_MS,
    HOUR_MS,
    SPAN_OF_EVENTS_MS,
    SPAN_OF_MINUTES_MS,
    Span,
    in_events,
    in_hours,
)

_EXACT = """
SELECT
    count(),
    countIf(name = 'auth.login_failed'),
    countIf(severity = 'critical'),
    uniqExactIf(actor_id, NOT actor_is_redacted),
    uniqExact(user_ip)
FROM events
WHERE <conditions>
"""
_SUMS = """
SELECT sum(events), sumIf(events, name = 'auth.login_failed'), sumIf(events, severity = 'critical')
FROM events_hourly
WHERE <conditions>
"""
_VISITORS = """
SELECT uniqCombinedMerge(14)(actors), uniqCombinedMerge(14)(addresses)
FROM visitors
WHERE <conditions> AND period_s = {period_s:UInt32}
"""
_VISITORS_BY_STEP = """
SELECT
    intDiv(toInt64(toUnixTimestamp(start)) * 1000, {step_ms:Int64}) * {step_ms:Int64} AS start_ms,
    uniqCombinedMerge(14)(actors),
    uniqCombinedMerge(14)(addresses)
FROM visitors
WHERE <conditions> AND period_s = {period_s:UInt32}
GROUP BY start_ms
ORDER BY start_ms
"""
_VISITORS_EXACT_BY_STEP = """
SELECT
    intDiv(toUnixTimestamp64Milli(ts), {step_ms:Int64}) * {step_ms:Int64} AS start_ms,
    uniqExactIf(actor_id, NOT actor_is_redacted),
    uniqExact(user_ip)
FROM events
WHERE <conditions>
GROUP BY start_ms
ORDER BY start_ms
"""


class KeyFigures(msgspec.Struct, frozen=True, gc=False):
    """What happened in a span, in numbers."""

    events: int
    failures: int  # logins that failed
    criticals: int  # events of severity critical
    actors: int
    addresses: int


class VisitorPoint(msgspec.Struct, frozen=True, gc=False):
    """How many there were in one step of time."""

    start_ms: int  # Unix ms, a multiple of the step
    actors: int
    addresses: int


def key_figures(read: Read, *, org_id: OrgId, span: Span) -> KeyFigures:
    """Return the figures of a span. Raises StoreUnavailable.

    More than three hours are counted in whole hours, and actors and addresses of more than two days in whole days.
    """
    if span.length_ms <= SPAN_OF_MINUTES_MS:
        conditions = in_events(org_id, span)
        ((events, failures, criticals, actors, addresses),) = read(
            _EXACT.replace("<conditions>", conditions.sql), conditions.values
        )
        return KeyFigures(events, failures, criticals, actors, addresses)
    conditions = in_hours(org_id, span)
    ((events, failures, criticals),) = read(_SUMS.replace("<conditions>", conditions.sql), conditions.values)
    sql, values = _of_visitors(_VISITORS, org_id, span, 2 * HOUR_MS if span.length_ms <= SPAN_OF_EVENTS_MS else DAY_MS)
    ((actors, addresses),) = read(sql, values)
    return KeyFigures(events, failures, criticals, actors, addresses)


def visitor_series(read: Read, *, org_id: OrgId, span: Span, step_ms: int) -> list[VisitorPoint]:
    """Return how many actors and addresses each step of ``step_ms`` had, oldest first. Raises StoreUnavailable."""
    if step_ms % HOUR_MS:
        conditions = in_events(org_id, span)
        sql = _VISITORS_EXACT_BY_STEP.replace("<conditions>", conditions.sql)
        values: dict[str, object] = conditions.values | {"step_ms": step_ms}
    else:
        sql, values = _of_visitors(_VISITORS_BY_STEP, org_id, span, step_ms)
    return [VisitorPoint(*row) for row in read(sql, values)]


def _of_visitors(sql: str, org_id: OrgId, span: Span, step_ms: int) -> tuple[str, dict[str, object]]:
    """Return a question to the table of visitors, in days where the step is made of days."""
    is_daily = step_ms % DAY_MS == 0
    if is_daily:
        span = msgspec.structs.replace(span, from_ms=span.start_ms // DAY_MS * DAY_MS, not_before_ms=None)
    conditions = in_hours(org_id, span, "start")
    period_s = (DAY_MS if is_daily else HOUR_MS) // 1000
    return sql.replace("<conditions>", conditions.sql), conditions.values | {"period_s": period_s, "step_ms": step_ms}
