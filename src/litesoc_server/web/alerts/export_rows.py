"""Alerts as rows of a file."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from litesoc_server.alerts.listing import Cursor, page_of
from litesoc_server.alerts.models import Alert
from litesoc_server.web.alerts.wanted import Wanted
from litesoc_server.web.export.csv_rows import Cell

EXPORTED_MAX = 100_000  # alerts in one file
_PAGE_ROWS = 500
HEADER = (
    "id",
    "created_at",
    "severity",
    "status",
    "alert_type",
    "detector",
    "title",
    "description",
    "actor_id",
    "source_ip",
    "event_count",
    "first_seen_at",
    "last_seen_at",
    "assignee",
    "resolution_type",
    "resolved_by",
    "resolved_at",
    "internal_notes",
    "comments_count",
)


async def exported_pages(wanted: Wanted) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    """Yield the rows of the whole list, page by page, in its order; of very many the first EXPORTED_MAX."""
    after: Cursor | None = None
    for _ in range(EXPORTED_MAX // _PAGE_ROWS):
        page = await sync_to_async(page_of)(wanted.alerts, sort=wanted.sort, after=after, limit=_PAGE_ROWS)
        yield [_row(alert) for alert in page.alerts]
        if page.next is None:
            return
        after = page.next


async def exported_objects(wanted: Wanted) -> AsyncIterator[Sequence[dict[str, Cell]]]:
    """Yield the same rows as objects."""
    async for rows in exported_pages(wanted):
        yield [dict(zip(HEADER, row, strict=True)) for row in rows]


def _row(alert: Alert) -> Sequence[Cell]:
    return (
        str(alert.id),
        _iso(alert.created_at),
        alert.severity,
        alert.status,
        alert.alert_type,
        alert.detector,
        alert.title,
        alert.description,
        alert.actor_id,
        alert.source_ip,
        alert.count,
        _iso(alert.first_seen_at),
        _iso(alert.last_seen_at),
        None if alert.assignee is None else alert.assignee.email,
        alert.resolution_type,
        alert.resolved_by,
        _iso(alert.resolved_at),
        alert.internal_notes,
        alert.comments_count,
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
