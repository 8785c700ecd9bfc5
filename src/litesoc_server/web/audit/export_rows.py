"""Entries of the audit log as rows of a file, in the columns of contract 8.7."""

import uuid
from collections.abc import AsyncIterator, Sequence

from asgiref.sync import sync_to_async

from litesoc_server.audit.canonical import canonical
from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.listing import Wanted, entries
from litesoc_server.audit.reading import ReadEntry, Value, read_entries
from litesoc_server.web.export.csv_rows import Cell

_PAGE_ROWS = 500
HEADER = ("timestamp", "actor", "action", "ip_address", "user_agent", "metadata")
ERASED = "(erased)"


async def exported_pages(org_id: uuid.UUID, wanted: Wanted) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    """Yield the rows, newest first, page by page: all of them, however many."""
    before: int | None = None
    while True:
        page = await sync_to_async(_page)(org_id, wanted, before)
        yield [row_of(entry) for entry in page]
        if len(page) < _PAGE_ROWS:
            return
        before = page[-1].seq


def row_of(entry: ReadEntry) -> Sequence[Cell]:
    """Return one entry as cells."""
    return (
        iso_ms(entry.at),
        _shown(entry.name) or entry.principal,
        entry.action,
        _shown(entry.address),
        _shown(entry.user_agent),
        canonical(_metadata(entry)).decode(),
    )


def _metadata(entry: ReadEntry) -> dict[str, object]:
    """Return everything else, without what the entry does not have."""
    found = {
        "number": entry.seq,
        "principal": entry.principal,
        "target": {"kind": entry.target_kind, "id": entry.target_id, "name": _value(entry.target)},
        "changes": {one.field: {"before": _value(one.before), "after": _value(one.after)} for one in entry.changes},
        "note": _value(entry.note),
        "hash": entry.hash,
    }
    if entry.target_kind is None:
        del found["target"]
    return {name: value for name, value in found.items() if value not in (None, {})}


def _value(value: Value) -> object:
    return ERASED if value.is_erased else value.value


def _shown(value: Value) -> str | None:
    return ERASED if value.is_erased else value.text if value.is_there else None


def _page(org_id: uuid.UUID, wanted: Wanted, before: int | None) -> list[ReadEntry]:
    return read_entries(org_id, entries(org_id, wanted, before=before)[:_PAGE_ROWS])
