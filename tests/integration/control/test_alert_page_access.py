"""Who sees the page of an alert, and who may change anything on it."""

import pytest

from alert_reader import Reader, alert_about, login
from control_factories import (
    OrganizationFactory,
    make_alert,
)
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.store.base import EventStore
from management_api import Tenant, store_events


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_strangers_and_other_environments_find_nothing(org: Organization) -> None:
    alert = make_alert(OrganizationFactory())
    reader = Reader(make_alert(org))
    test_alert = make_alert(org, environment=Environment.TEST)
    for hidden in (alert, test_alert):
        address = f"/o/{org.slug}/live/alerts/{hidden.id}/"
        assert reader.client.get(address).status_code == 404
        for path in ("decide", "assign", "comments", "suppress", f"logins/{hidden.id}", f"comments/{hidden.id}"):
            assert reader.client.post(address + path, {"action": "acknowledge"}).status_code == 404, path


def test_a_viewer_reads_and_changes_nothing(org: Organization, store: EventStore) -> None:
    event = login(org)
    store_events(store, event)
    alert = alert_about(org, event)
    viewer = Reader(alert, Role.VIEWER)
    html = viewer.text()
    assert "Why this is an alert" in html
    main = html[html.index("<main") : html.index("</main>")]
    assert "<form" not in main
    for path in ("decide", "assign", "comments", "suppress", f"logins/{event.event_id}"):
        assert viewer.status_of(path, {"action": "acknowledge"}) == 403
