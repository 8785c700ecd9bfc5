"""What is looked up: alerts, events, actors and addresses of one organisation and environment."""

import ipaddress
import re
import uuid
from collections.abc import Iterator

from litesoc_server import backend
from litesoc_server.alerts.access import visible_alerts
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.queries.span import Span
from litesoc_server.web.member import Member
from litesoc_server.web.palette.entry import Entry

FOUND_MAX = 5  # of each kind
SPAN_MS = 7 * DAY_MS  # actors and addresses seen within; older ones are on their pages
ID_LETTERS_MIN = 2  # fewer begin too many
TITLE_LETTERS_MIN = 3  # fewer are in almost every title
_ADDRESS_START = re.compile(r"[0-9a-fA-F]{0,4}[.:][0-9a-fA-F.:]*$")


def alerts(member: Member, text: str) -> Iterator[Entry]:
    """Yield the alert with this id, or the newest whose titles hold the text."""
    found = visible_alerts(org_id=member.org_id, environment=member.environment, not_before=member.not_before)
    by_id = _as_id(text)
    if by_id is not None:
        found = found.filter(id=by_id)
    elif len(text) >= TITLE_LETTERS_MIN:
        found = found.filter(title__icontains=text)
    else:
        return
    for alert in found[:FOUND_MAX]:
        url, detail = member.url("alert", alert_id=alert.id), f"{alert.severity}, {alert.status}"
        yield Entry(title=alert.title, icon="alerts", detail=detail, url=url)


def events(member: Member, text: str) -> Iterator[Entry]:
    """Yield the event with this id. Raises StoreUnavailable."""
    by_id = _as_id(text)
    if by_id is None:
        return
    reader = backend.current().reader
    event = reader.get_event(org_id=member.org_id, event_id=EventId(str(by_id)), not_before_ms=member.not_before_ms)
    if event is not None and event.environment is member.environment:
        url = member.url("event", event_id=event.event_id)
        yield Entry(title=event.name, icon="events", detail=event.event_id, url=url)


def actors(member: Member, text: str) -> Iterator[Entry]:
    """Yield the actors whose ids or e-mail addresses begin with the text. Raises StoreUnavailable."""
    if len(text) < ID_LETTERS_MIN:
        return
    reader = backend.current().reader
    for row in reader.list_actors(org_id=member.org_id, span=_lately(member), start=text, after=None, limit=FOUND_MAX):
        detail = row.email if row.email and row.email != row.actor_id else ""
        yield Entry(title=row.actor_id, icon="actors", detail=detail, url=member.url("actor", {"id": row.actor_id}))


def addresses(member: Member, text: str) -> Iterator[Entry]:
    """Yield the address that was typed in full, or those that begin with the text. Raises StoreUnavailable."""
    whole = _as_address(text)
    if whole is not None:
        yield Entry(title=whole, icon="addresses", detail="go to this address", url=member.url("address", {"ip": whole}))
    elif _ADDRESS_START.match(text):
        reader, start = backend.current().reader, text.lower()
        found = reader.list_addresses(org_id=member.org_id, span=_lately(member), start=start, after=None, limit=FOUND_MAX)
        for row in found:
            yield Entry(title=row.ip, icon="addresses", url=member.url("address", {"ip": row.ip}))


def _lately(member: Member) -> Span:
    return Span(
        environment=member.environment,
        from_ms=member.now_ms - SPAN_MS,
        to_ms=member.now_ms + 1,
        not_before_ms=member.not_before_ms,
    )


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _as_address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
