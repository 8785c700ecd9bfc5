"""What a page of events is asked by: query, time range and place in the list, all from the address."""

import uuid
from dataclasses import dataclass

import msgspec
from django.http import QueryDict

from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.query import Query
from litesoc_server.store.base import Cursor, EventSearch
from litesoc_server.web.member import Member
from litesoc_server.web.query_text import QueryText, read_query
from litesoc_server.web.time_range import RangeInvalid, TimeRange, preset_range, time_range_of

DEFAULT_RANGE = "24h"
_MOMENT_MAX_MS = 10**13  # year 2286; the store's times end in 2299


@dataclass(frozen=True, kw_only=True)
class EventRequest:
    """One look at a list of events."""

    member: Member
    typed: QueryText
    time_range: TimeRange
    range_mistake: str | None
    before: Cursor | None
    after: Cursor | None

    @property
    def where(self) -> EventSearch:
        """What to look for."""
        return self.where_query(self.typed.query)

    @property
    def is_valid(self) -> bool:
        """Whether there is something to look for."""
        return self.typed.mistake is None and self.range_mistake is None

    @property
    def is_live(self) -> bool:
        """Whether new events belong on top of the list: it ends now and begins with the newest."""
        return self.is_valid and self.time_range.preset is not None and self.before is None and self.after is None

    def where_query(self, query: Query) -> EventSearch:
        """Return the same search for another query."""
        return EventSearch(
            query=query,
            environment=self.member.environment,
            from_ms=self.time_range.from_ms,
            to_ms=None if self.time_range.preset else self.time_range.to_ms,
            not_before_ms=self.member.not_before_ms,
        )

    def where_until(self, to_ms: int) -> EventSearch:
        """Return the same search up to a moment, Unix ms, also where it would end with the newest."""
        return msgspec.structs.replace(self.where, to_ms=to_ms)

    @property
    def parameters(self) -> dict[str, str]:
        """What names this search in an address."""
        return self._parameters(self.typed.text)

    def address(self, page: str, query: Query | None = None, **more: str) -> str:
        """Return the address of a page of events with the same search, or with another query."""
        text = self.typed.text if query is None else self.typed.write(query)
        return self.member.url(page, self._parameters(text) | more)

    def _parameters(self, text: str) -> dict[str, str]:
        return {**({"q": text} if text else {}), **self.time_range.query}


def read_event_request(parameters: QueryDict, member: Member) -> EventRequest:
    """Return what an address asks for; mistakes are kept for the page to show."""
    range_mistake = None
    try:
        time_range = time_range_of(
            parameters, now_ms=member.now_ms, not_before_ms=member.not_before_ms, default=DEFAULT_RANGE
        )
    except RangeInvalid as mistake:
        range_mistake = str(mistake)
        time_range = preset_range(DEFAULT_RANGE, now_ms=member.now_ms, not_before_ms=member.not_before_ms)
    return EventRequest(
        member=member,
        typed=read_query(str(parameters.get("q", "")), EVENT_FIELDS, sees_places=member.sees_places),
        time_range=time_range,
        range_mistake=range_mistake,
        before=read_cursor(str(parameters.get("before", ""))),
        after=read_cursor(str(parameters.get("after", ""))),
    )


def write_cursor(event: Event) -> str:
    """Return the place of ``event`` in a list, as it stands in an address."""
    return f"{event.occurred_at_ms}.{event.event_id}"


def read_cursor(text: str) -> Cursor | None:
    """Return the place that ``text`` names; None when it names none, which is the top of the list."""
    moment, _, event_id = text.partition(".")
    try:
        at_ms, canonical = int(moment), str(uuid.UUID(event_id))
    except ValueError:
        return None
    return Cursor(at_ms, EventId(canonical)) if 0 <= at_ms <= _MOMENT_MAX_MS else None
