"""One page of a list of what events name (actors, addresses), those seen last first."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.queries.span import Span
from litesoc_server.web.member import Member, PageRequest
from litesoc_server.web.summaries.page_cursor import read_page_cursor
from litesoc_server.web.summaries.request import read_span

DEFAULT_RANGE = "7d"
PAGE_SIZE = 50  # rows


class Row(Protocol):
    """One actor or address."""

    @property
    def last_seen_ms(self) -> int: ...  # noqa: D102


SomeRow = TypeVar("SomeRow", bound=Row)
Ask = Callable[[Span, tuple[int, str] | None, int], Sequence[SomeRow]]  # a span, the row to begin after, how many


def entity_list(
    request: PageRequest, member: Member, template: str, *, start: str, ask: Ask[SomeRow], id_of: Callable[[SomeRow], str]
) -> HttpResponse:
    """Show the page of a list that is asked for. ``start`` is what ids begin with; ``ask`` raises StoreUnavailable."""
    asked = read_span(request.GET, member, DEFAULT_RANGE)
    context = {"asked": asked, "time_range": asked.time_range, "start": start}
    cursor = read_page_cursor(request.GET)
    try:
        found = ask(asked.span.now, cursor, PAGE_SIZE + 1)
    except StoreUnavailable:
        return render(request, template, {**context, "is_store_away": True}, status=503)
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    page_context = {
        "rows": found[:PAGE_SIZE],
        "last": last,
        "last_id": None if last is None else id_of(last),
        "is_later_page": cursor is not None,
    }
    return render(request, template, context | page_context)
