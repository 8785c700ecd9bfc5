"""What makes detection work well, each point checked against what is really there."""

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.mfa.utils import is_mfa_enabled
from django.urls import reverse

from litesoc_server import backend
from litesoc_server.apikeys.selectors import usable_keys
from litesoc_server.ingest.keys import Scope
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.parse import parse
from litesoc_server.store.base import EventSearch
from litesoc_server.web.member import Member
from litesoc_server.web.setup_guide.progress import has_alerts
from litesoc_server.web.setup_guide.understanding import has_public_address

SPAN_MS = 7 * DAY_MS  # what was sent before says little about the application as it is now
SAMPLE_EVENTS = 100
PUBLIC_SHARE = 0.5  # less means that something other than users' addresses is sent


@dataclass(frozen=True)
class Point:
    """One thing to do."""

    title: str
    is_done: bool
    why: str
    url: str = ""  # where to do it, if there is such a page


def checklist_of(member: Member) -> list[Point]:
    """Return everything worth doing. Raises StoreUnavailable."""
    return [*_of_events(member), *_of_people(member)]


def _of_events(member: Member) -> Iterator[Point]:
    keys = usable_keys(member.org, member.environment)
    yield Point("A key", any(Scope.INGEST in key.scopes for key in keys), "Applications send events with it.")
    yield _addresses(member)
    yield Point("Logins", _was_sent(member, "event:auth.login_success"), "Travel, new devices and risk are found in them.")
    yield Point("Failed logins", _was_sent(member, "event:auth.login_failed"), "Attacks on passwords are found in them.")
    yield Point("Session ids", _was_sent(member, "has:session"), "Stolen sessions are found by session_id.")
    yield Point("Device ids", _was_sent(member, "has:device"), "A device_id of your own tells new devices from updates.")


def _of_people(member: Member) -> Iterator[Point]:
    yield Point("A first alert", has_alerts(member), "Open it: it says why it was raised and what to do.")
    yield Point(
        "Your second factor",
        is_mfa_enabled(member.user),
        "A stolen password alone then opens nothing.",
        reverse("mfa_index"),
    )


def _addresses(member: Member) -> Point:
    page = backend.current().reader.search_events(org_id=member.org_id, where=_search(member), limit=SAMPLE_EVENTS)
    public_count = sum(has_public_address(event) for event in page.events)
    is_done = public_count > 0 and public_count >= PUBLIC_SHARE * len(page.events)
    seen = f" Seen in {public_count} of {len(page.events)} recent events." if page.events else ""
    return Point("Users' addresses", is_done, f"Most detectors need the end user's public address.{seen}")


def _was_sent(member: Member, query: str) -> bool:
    found = backend.current().reader.count_matching(org_id=member.org_id, where=_search(member, query), limit=1)
    return found.events > 0


def _search(member: Member, query: str = "") -> EventSearch:
    return EventSearch(
        query=parse(query, EVENT_FIELDS),
        environment=member.environment,
        from_ms=member.now_ms - SPAN_MS,
        not_before_ms=member.not_before_ms,
    )
