"""The list of alerts as a file."""

from asgiref.sync import sync_to_async
from django.http import HttpResponseBadRequest
from django.http.response import HttpResponseBase

from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.export_rows import EXPORTED_MAX, HEADER, exported_objects, exported_pages
from litesoc_server.web.alerts.wanted import wanted_by
from litesoc_server.web.export.recorded import record_export
from litesoc_server.web.export.stream import FileFormat, csv_file, json_file
from litesoc_server.web.member import Member, PageRequest, page


@page(Permission.EXPORT)
async def alerts_export(request: PageRequest, member: Member, file_format: str) -> HttpResponseBase:
    """Save everything that the list on the page would show, all pages of it."""
    wanted = await sync_to_async(wanted_by)(request.GET, member)
    if wanted.typed.mistake is not None:
        return HttpResponseBadRequest(f"{wanted.typed.mistake.message}.", content_type="text/plain; charset=utf-8")
    name = f"alerts-{member.org.slug}-{member.environment.value}.{file_format}"
    rows_count = min(await wanted.alerts.acount(), EXPORTED_MAX)
    await record_export(request, member, "alerts", file_format)
    if file_format == FileFormat.CSV:
        return csv_file(name, HEADER, exported_pages(wanted), rows_count=rows_count)
    return json_file(name, exported_objects(wanted), rows_count=rows_count)
