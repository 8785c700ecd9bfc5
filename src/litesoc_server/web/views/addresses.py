"""Addresses: where events came from in a span, those seen last first."""

from collections.abc import Sequence

from django.http import HttpResponse

from litesoc_server import backend
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.queries.list_addresses import AddressCursor, AddressRow
from litesoc_server.store.queries.span import Span
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.summaries.entity_list import entity_list

START_LENGTH_MAX = 64  # characters; an address has at most 45


@page()
def addresses(request: PageRequest, member: Member) -> HttpResponse:
    """Show one page of the list."""
    start = clean_text(request.GET.get("start", "")).strip().lower()[:START_LENGTH_MAX]

    def ask(span: Span, after: tuple[int, str] | None, limit: int) -> Sequence[AddressRow]:
        cursor = None if after is None else AddressCursor(*after)
        return backend.current().reader.list_addresses(
            org_id=member.org_id, span=span, start=start, after=cursor, limit=limit
        )

    return entity_list(request, member, "web/addresses/page.html", start=start, ask=ask, id_of=lambda row: row.ip)
