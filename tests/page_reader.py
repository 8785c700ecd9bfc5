"""A member's browser without a screen, and an event store that is away: for tests of pages in Django's test client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpResponse
from django.test import Client

from control_factories import NOW_MS, MembershipFactory
from litesoc_server import backend
from litesoc_server.backend import Backend
from litesoc_server.events.event import Event
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.store.base import StoreUnavailable
from management_api import make_event

HOUR_MS = 3_600_000


class PageReader:
    """A member, looking at pages of one organisation."""

    def __init__(self, org: Organization, role: Role = Role.VIEWER) -> None:
        self.org = org
        self.client = Client(headers={"Accept": "text/html"})
        self.client.force_login(MembershipFactory(org=org, role=role).user)

    def get(self, page: str, environment: str = "live", **query: Any) -> HttpResponse:
        """Ask for a page below the organisation."""
        answer: HttpResponse = self.client.get(f"/o/{self.org.slug}/{environment}/{page}", query)  # type: ignore[assignment]
        return answer

    def text(self, page: str, **query: Any) -> str:
        """Return a page that must be there, its white space made one."""
        answer = self.get(page, **query)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())


@contextmanager
def event_store_away() -> Iterator[None]:
    """Make every question to the event store fail."""

    class Away:
        def __getattr__(self, _: str) -> Any:
            def refuse(*_args: object, **_kwargs: object) -> None:
                raise StoreUnavailable("gone")

            return refuse

    parts = backend.current()
    backend.use(Backend(**{**vars(parts), "reader": Away(), "looks_at_senders": Away()}))
    yield
    backend.use(parts)


def ago(org: Organization, hours: float, **changes: Any) -> Event:
    """Make a failed login of so many hours ago."""
    return make_event(org, occurred_at_ms=NOW_MS - round(hours * HOUR_MS), **changes)
