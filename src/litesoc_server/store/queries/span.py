"""A span of time in one environment, and which tables answer for it.

The tables of sums know whole hours or days, so questions to them are answered for those that overlap the span: a page that
wants its figures to agree asks for spans that begin with an hour, or for more than SPAN_OF_EVENTS_MS with a day (UTC).
"""

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries.org_conditions import Conditions, of_org

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Up to here the events themselves are counted: 330,000 of them take 50 ms, as long as the sums of a week (decision 0022).
SPAN_OF_EVENTS_MS = 2 * DAY_MS
SPAN_OF_MINUTES_MS = 3 * HOUR_MS  # up to here also where there are sums by the hour


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in [from_ms, to_ms), event time, Unix ms."""

    environment: Environment = Environment.LIVE
    from_ms: int
    to_ms: int
    not_before_ms: int | None = None  # the plan's retention cut-off

    @property
    def start_ms(self) -> int:
        """The later of the span's beginning and the cut-off."""
        return self.from_ms if self.not_before_ms is None else max(self.from_ms, self.not_before_ms)

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return max(0, self.to_ms - self.start_ms)


def in_events(org_id: OrgId, span: Span, *more: tuple[str, str, object]) -> Conditions:
    """Return the conditions on the table of events: exactly the span."""
    return _in_span(
        org_id,
        span,
        "ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')",
        "ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')",
        more,
    )


def in_hours(org_id: OrgId, span: Span, column: str = "hour") -> Conditions:
    """Return the conditions on a table of sums by the hour: the hours that overlap the span."""
    return _in_span(
        org_id,
        span,
        f"{column} >= toStartOfHour(fromUnixTimestamp64Milli({{from_ms:Int64}}, 'UTC'))",
        f"{column} < fromUnixTimestamp64Milli({{to_ms:Int64}}, 'UTC')",
    )


def in_days(org_id: OrgId, span: Span, *more: tuple[str, str, object]) -> Conditions:
    """Return the conditions on the table of visits: the days that overlap the span."""
    return _in_span(
        org_id,
        span,
        "day >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))",
        "day <= toDate(fromUnixTimestamp64Milli({to_ms:Int64} - 1, 'UTC'))",
        more,
    )


def _in_span(
    org_id: OrgId, span: Span, since: str, until: str, more: tuple[tuple[str, str, object], ...] = ()
) -> Conditions:
    return of_org(
        org_id,
        ("environment = {environment:String}", "environment", span.environment.value),
        (since, "from_ms", span.start_ms),
        (until, "to_ms", span.to_ms),
        *more,
    )
