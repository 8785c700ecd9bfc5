"""The feed of one search of events, with its rows rendered as the list renders them."""

from collections.abc import Hashable

from django.template.loader import render_to_string

from litesoc_server import backend
from litesoc_server.store.base import EventSearch
from litesoc_server.store.feed import Feed, FeedStep
from litesoc_server.web.event_request import EventRequest
from litesoc_server.web.feed.hub import Look, Tick
from litesoc_server.web.member import Member

SHOWN_MAX = 20  # rows of one look; more in a second can nobody read
CATCH_UP_MAX = 200  # rows for who comes back: as many as a page keeps
_NEVER_S = 2**32 - 1  # nothing is taken in after it


def key_of(asked: EventRequest) -> Hashable:
    """Return what makes two searches the same: then one look serves both. Members of one organisation see the same rows."""
    member, preset = asked.member, asked.time_range.preset
    return member.org_id, member.environment, member.sees_places, asked.typed.query, preset


def begin_look(asked: EventRequest) -> Look:
    """Return what looks for new events, from now on."""
    feed = _feed(asked, position_s=None, shown_max=SHOWN_MAX)
    return lambda: _tick(asked.member, feed.look())


def catch_up(asked: EventRequest, position_s: int) -> Tick:
    """Return what came in since ``position_s``, and a few seconds before it. Raises StoreUnavailable."""
    return _tick(asked.member, _feed(asked, position_s=position_s, shown_max=CATCH_UP_MAX).look())


def position_now(asked: EventRequest) -> int:
    """Return the store's own time, Unix s. Raises StoreUnavailable."""
    reader = backend.current().reader
    return reader.taken_since(org_id=asked.member.org_id, where=asked.where, since_s=_NEVER_S, limit=0).now_s


def _feed(asked: EventRequest, *, position_s: int | None, shown_max: int) -> Feed:
    where: EventSearch = asked.where
    return Feed(
        backend.current().reader, org_id=asked.member.org_id, where=where, position_s=position_s, shown_max=shown_max
    )


def _tick(member: Member, step: FeedStep) -> Tick:
    html = render_to_string("web/events/rows.html", {"member": member, "events": step.events}) if step.events else ""
    return Tick(html, len(step.events), step.passed_over_count, step.position_s)
