"""Suppressions as rows of a file."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from litesoc_server.orgs.models import Suppression
from litesoc_server.web.export.csv_rows import Cell

EXPORTED_MAX = 100_000  # suppressions in one file
_PAGE_ROWS = 500
HEADER = (
    "id",
    "state",
    "detector",
    "actor_id",
    "address",
    "owner",
    "reason",
    "created_at",
    "created_by",
    "expires_at",
    "ended_at",
    "ended_by",
    "changed_at",
    "changed_by",
    "hit_count",
    "last_hit_at",
)


async def exported_pages(found: QuerySet[Suppression]) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    """Yield the rows of ``found``, newest first, page by page; of very many the first EXPORTED_MAX."""
    rest = found
    for _ in range(EXPORTED_MAX // _PAGE_ROWS):
        page = [one async for one in rest[:_PAGE_ROWS]]
        yield [_row(one) for one in page]
        if len(page) < _PAGE_ROWS:
            return
        last = page[-1]
        rest = found.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))


async def exported_objects(found: QuerySet[Suppression]) -> AsyncIterator[Sequence[dict[str, Cell]]]:
    """Yield the same rows as objects."""
    async for rows in exported_pages(found):
        yield [dict(zip(HEADER, row, strict=True)) for row in rows]


def _row(one: Suppression) -> Sequence[Cell]:
    return (
        str(one.id),
        one.state,
        one.detector,
        one.actor_id,
        one.address,
        one.owner,
        one.reason,
        _iso(one.created_at),
        one.created_by,
        _iso(one.expires_at),
        _iso(one.ended_at),
        one.ended_by,
        _iso(one.changed_at),
        one.changed_by,
        one.hit_count,
        _iso(one.last_hit_at),
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
