"""A member at the page of one alert, and alerts to look at."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from control_factories import MembershipFactory, UserFactory, make_alert
from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event
from litesoc_server.orgs.models import Organization, Role
from management_api import make_event


class Reader:
    """A signed-in member who looks at one alert."""

    def __init__(self, alert: Alert, role: Role = Role.ANALYST, *, name: str = "Jo") -> None:
        self.user = MembershipFactory(org=alert.org, role=role, user=UserFactory(name=name)).user
        self.address = f"/o/{alert.org.slug}/{alert.environment}/alerts/{alert.id}/"
        self.client = Client(headers={"Accept": "text/html"})
        self.client.force_login(self.user)

    def text(self, query: str = "") -> str:
        answer = self.client.get(self.address + query)
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    def post(self, path: str, form: dict[str, Any]) -> str:
        """Post a form and return the page that it leads back to."""
        answer = self.client.post(self.address + path, form, follow=True)
        assert answer.status_code == 200, answer.content
        assert answer.redirect_chain, "a form leads back to the page"
        return answer.content.decode()

    def status_of(self, path: str, form: dict[str, Any] | None = None) -> int:
        answer: HttpResponse = self.client.post(self.address + path, form or {})
        return answer.status_code


def login(org: Organization, **changes: Any) -> Event:
    """Return a login that succeeded."""
    return make_event(org, **{"name": "auth.login_success", **changes})


def alert_about(org: Organization, *events: Event, **changes: Any) -> Alert:
    """Make an alert with ``events`` as its evidence; the last of them set it off."""
    ids = tuple(event.event_id for event in events)
    return make_alert(org, event_ids=ids, trigger_event_id=ids[-1], **changes)
