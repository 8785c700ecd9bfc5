"""The audit log as a file: as a table, or whole in the form that can be verified."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http.response import HttpResponseBase

from litesoc_server.audit.export import exported, start_export
from litesoc_server.audit.listing import entries
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit.export_rows import HEADER, exported_pages
from litesoc_server.web.audit.wanted import asked_by
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.export.stream import csv_file, stored_lines_file
from litesoc_server.web.member import Member, PageRequest, page


@page(Permission.VIEW_AUDIT, feature=Feature.AUDIT_LOG)
async def settings_audit_export(request: PageRequest, member: Member, file_format: str) -> HttpResponseBase:
    """Save what the list on the page would show as CSV, or everything as JSON lines. That is an act, too."""
    chain = await sync_to_async(start_export)(member.org.id, by=by_of(request), what=file_format)
    name = f"audit-log-{member.org.slug}.{file_format}"
    if file_format == "csv":
        wanted = asked_by(request.GET).wanted
        rows_count = await entries(member.org.id, wanted).acount()
        return csv_file(name, HEADER, exported_pages(member.org.id, wanted), rows_count=rows_count)
    return stored_lines_file(name, _in_thread(exported(chain)))


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := await sync_to_async(_next)(pieces):
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")
