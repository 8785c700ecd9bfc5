"""The chart above the list of events: how many there were when, by severity."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.events.event import Severity
from litesoc_server.store.base import Bucket, StoreUnavailable
from litesoc_server.web.event_request import read_event_request
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.time_range import TimeRange

_COLOURS = {Severity.INFO: "low", Severity.WARNING: "high", Severity.CRITICAL: "critical"}  # tokens of the style sheet


@page()
def event_chart(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the chart of what the address asks for."""
    asked = read_event_request(request.GET, member)
    if not asked.is_valid:
        return HttpResponse()
    span = asked.time_range
    start_ms = span.from_ms // span.bucket_ms * span.bucket_ms  # so that bars begin on the hour, the quarter …
    try:
        buckets = backend.current().reader.histogram(
            org_id=member.org_id, where=asked.where, from_ms=start_ms, to_ms=span.to_ms, bucket_ms=span.bucket_ms
        )
    except StoreUnavailable:
        return render(request, "web/parts/failed.html", status=503)
    total = sum(count for bucket in buckets for count in bucket.events.values())
    context = {"chart": _chart(buckets, span, start_ms), "total": total, "time_range": span}
    return render(request, "web/events/chart.html", context)


def _chart(buckets: list[Bucket], span: TimeRange, start_ms: int) -> dict[str, object]:
    found = {bucket.start_ms: bucket.events for bucket in buckets}
    starts_ms = range(start_ms, span.to_ms, span.bucket_ms)
    return {
        "times": [moment // 1000 for moment in starts_ms],
        "bucket_s": span.bucket_ms // 1000,
        "series": [
            {
                "label": severity.value.capitalize(),
                "colour": colour,
                "values": [found.get(moment, {}).get(severity, 0) for moment in starts_ms],
            }
            for severity, colour in _COLOURS.items()
        ],
    }
