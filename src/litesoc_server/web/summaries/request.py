"""What a page of figures is asked by: the time range of its address."""

from dataclasses import dataclass

from django.http import QueryDict

from litesoc_server.web.member import Member
from litesoc_server.web.summaries.spans import PageSpan, page_span
from litesoc_server.web.time_range import RangeInvalid, TimeRange, preset_range, time_range_of


@dataclass(frozen=True, kw_only=True)
class SpanRequest:
    """One look at a span of time."""

    time_range: TimeRange
    span: PageSpan
    mistake: str | None  # why the address names no span; then the default is shown


def read_span(parameters: QueryDict, member: Member, default: str) -> SpanRequest:
    """Return the span that an address asks for."""
    mistake = None
    try:
        time_range = time_range_of(parameters, now_ms=member.now_ms, not_before_ms=member.not_before_ms, default=default)
    except RangeInvalid as error:
        mistake = str(error)
        time_range = preset_range(default, now_ms=member.now_ms, not_before_ms=member.not_before_ms)
    return SpanRequest(time_range=time_range, span=page_span(time_range, member), mistake=mistake)
