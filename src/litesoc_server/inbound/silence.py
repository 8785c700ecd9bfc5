"""Which connected sources used to send and went silent."""

import uuid
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from litesoc_server.events.envelope import Environment
from litesoc_server.health.judge import Notice
from litesoc_server.health.silence import SPAN_DAYS, SourceSeen, judge_source
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.ingest.source_counts import QUEUED
from litesoc_server.sources.registry import connected_sources

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def silent_sources(org_id: uuid.UUID, environment: Environment, now_ms: int) -> list[Notice]:
    """Return a notice for each; one that is switched off is silent because somebody wanted it."""
    connections = SourceConnection.objects.filter(
        org_id=org_id, environment=environment.value, is_enabled=True, last_event_at__isnull=False
    )
    days: dict[int | uuid.UUID, list[date]] = defaultdict(list)
    since = (_EPOCH + now_ms * _MS).date() - timedelta(days=SPAN_DAYS)
    counts = SourceCount.objects.filter(connection__in=connections, outcome=QUEUED, day__gte=since).order_by("day")
    for connection_id, day in counts.values_list("connection_id", "day"):
        days[connection_id].append(day)
    titles = {source.id: source.title for source in connected_sources().values()}
    notices = (
        judge_source(_seen(row, titles[row.source], tuple(days[row.pk])), now_ms=now_ms)
        for row in connections.order_by("source")
        if row.source in titles
    )
    return [notice for notice in notices if notice is not None]


def _seen(row: SourceConnection, title: str, days: tuple[date, ...]) -> SourceSeen:
    assert row.last_event_at is not None
    is_refused = row.last_refused_at is not None and row.last_refused_at > row.last_event_at
    return SourceSeen(row.source, title, days, (row.last_event_at - _EPOCH) // _MS, is_refused)
