"""The list of suppressions as a file."""

from django.http.response import HttpResponseBase

from litesoc_server.orgs.access import visible_suppressions
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.detections.suppression_export import EXPORTED_MAX, HEADER, exported_objects, exported_pages
from litesoc_server.web.export.recorded import record_export
from litesoc_server.web.export.stream import FileFormat, csv_file, json_file
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.views.suppressions import state_of


@page(Permission.EXPORT)
async def suppressions_export(request: PageRequest, member: Member, file_format: str) -> HttpResponseBase:
    """Save everything that the list on the page would show, all pages of it."""
    state = state_of(request)
    found = visible_suppressions(member.org, state=state)
    name = f"suppressions-{member.org.slug}-{state}.{file_format}"
    rows_count = min(await found.acount(), EXPORTED_MAX)
    await record_export(request, member, "suppressions", file_format)
    if file_format == FileFormat.CSV:
        return csv_file(name, HEADER, exported_pages(found), rows_count=rows_count)
    return json_file(name, exported_objects(found), rows_count=rows_count)
