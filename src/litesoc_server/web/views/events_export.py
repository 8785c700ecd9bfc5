"""The list of events as a file."""

from django.http import HttpResponseBadRequest
from django.http.response import HttpResponseBase

from litesoc_server.orgs.roles import Permission
from litesoc_server.web.event_export_rows import HEADER, count_exported, exported_events, exported_ocsf, exported_rows
from litesoc_server.web.event_request import read_event_request
from litesoc_server.web.export.recorded import record_export
from litesoc_server.web.export.stream import FileFormat, csv_file, json_file, lines_file
from litesoc_server.web.member import Member, PageRequest, page


@page(Permission.EXPORT, methods=("GET",))
async def events_export(request: PageRequest, member: Member, file_format: str) -> HttpResponseBase:
    """Save everything that the list on the page would show, all pages of it. Raises StoreUnavailable."""
    asked = read_event_request(request.GET, member)
    if not asked.is_valid:
        mistake = asked.range_mistake if asked.typed.mistake is None else asked.typed.mistake.message
        return HttpResponseBadRequest(f"{mistake}\n", content_type="text/plain; charset=utf-8")
    name = f"events-{member.org.slug}-{member.environment.value}.{file_format}"
    rows_count = await count_exported(asked)
    await record_export(request, member, "events", file_format)
    if file_format == FileFormat.CSV:
        return csv_file(name, HEADER, exported_rows(asked), rows_count=rows_count)
    if file_format == FileFormat.OCSF:
        return lines_file(name, exported_ocsf(asked), rows_count=rows_count)
    return json_file(name, exported_events(asked), rows_count=rows_count)
