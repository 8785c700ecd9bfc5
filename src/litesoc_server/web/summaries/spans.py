"""The span that a page's figures are about: the time range of the address, beginning with a whole hour or day.

Figures over more than a few hours come from sums of whole hours and days; with spans that begin with one, all cards of a
page count the same events.
"""

from dataclasses import dataclass

from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS
from litesoc_server.store.queries.span import SPAN_OF_EVENTS_MS, SPAN_OF_MINUTES_MS, Span
from litesoc_server.web.member import Member
from litesoc_server.web.time_range import TimeRange

STEPS_MAX = 60  # bars of a chart
_STEPS_MS = (3 * HOUR_MS, 6 * HOUR_MS, DAY_MS)  # half days would draw day and night


@dataclass(frozen=True, kw_only=True)
class PageSpan:
    """One span with what it is compared with."""

    now: Span
    before: Span  # the same length, right before it
    finished: Span  # the part of it whose hours are over: what can be compared with as much of the one before
    step_ms: int  # of charts over it

    @property
    def starts_ms(self) -> range:
        """When each step begins, Unix ms."""
        return range(self.now.from_ms // self.step_ms * self.step_ms, self.now.to_ms, self.step_ms)


def page_span(time_range: TimeRange, member: Member) -> PageSpan:
    """Return the span of a page. A preset of days is today and the days before: it begins with a day (UTC)."""
    to_ms, length_ms = time_range.to_ms, time_range.length_ms
    unit_ms = _unit_ms(length_ms)
    if unit_ms == 1:
        from_ms, step_ms = time_range.from_ms, time_range.bucket_ms
    else:
        missing_ms = unit_ms if time_range.preset is not None and time_range.from_ms % unit_ms else 0
        from_ms = time_range.from_ms // unit_ms * unit_ms + missing_ms
        step_ms = _step_ms(to_ms - from_ms, unit_ms)
        length_ms = -(-(to_ms - from_ms) // unit_ms) * unit_ms

    def span(start_ms: int, end_ms: int) -> Span:
        return Span(environment=member.environment, from_ms=start_ms, to_ms=end_ms, not_before_ms=member.not_before_ms)

    finished_ms = to_ms if unit_ms == 1 else max(to_ms // HOUR_MS * HOUR_MS, from_ms + 1)
    return PageSpan(
        now=span(from_ms, to_ms),
        before=span(from_ms - length_ms, finished_ms - length_ms),
        finished=span(from_ms, finished_ms),
        step_ms=step_ms,
    )


def _unit_ms(length_ms: int) -> int:
    if length_ms <= SPAN_OF_MINUTES_MS:
        return 1
    return HOUR_MS if length_ms <= SPAN_OF_EVENTS_MS else DAY_MS


def _step_ms(length_ms: int, unit_ms: int) -> int:
    if unit_ms == HOUR_MS:
        return HOUR_MS
    return next((step for step in _STEPS_MS if length_ms <= step * STEPS_MAX), 7 * DAY_MS)
