"""Servers as lists and pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_query
from litesoc_server.search.query import Exactly, Query, Term
from litesoc_server.servers.models import Server, ServerStatus
from litesoc_server.web.member import Member

HOST_FIELD = "meta.source_hostname"
RANGE = "24h"  # of the events that are counted and led to
BADGES = {ServerStatus.ONLINE: "good", ServerStatus.STALE: "warning", ServerStatus.OFFLINE: "critical"}


@dataclass(frozen=True)
class ServerRow:
    """One server at a moment."""

    server: Server
    status: ServerStatus
    events: int | None  # in RANGE; None while that is not known
    events_url: str

    @property
    def badge(self) -> str:
        """The class of its status."""
        return BADGES[self.status]


def rows_of(member: Member, servers: Sequence[Server], now: datetime, counts: Mapping[str, int] | None) -> list[ServerRow]:
    """Return the rows of ``servers``; ``counts`` is by host name, None before it is asked for."""
    return [row_of(member, server, now, None if counts is None else counts.get(server.hostname, 0)) for server in servers]


def row_of(member: Member, server: Server, now: datetime, events: int | None) -> ServerRow:
    """Return one row."""
    query = format_query(Query((Term(HOST_FIELD, (Exactly(server.hostname),)),)), EVENT_FIELDS)
    return ServerRow(server, server.status_at(now), events, member.url("events", {"q": query, "range": RANGE}))
