"""Comments on the page of an alert."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alert_reader import Reader
from control_factories import (
    make_alert,
)
from litesoc_server.alerts.models import AlertComment
from litesoc_server.orgs.models import Organization
from management_api import Tenant


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_comments_are_written_changed_deleted_and_restored_by_their_author(org: Organization) -> None:
    alert = make_alert(org)
    jo, kim = Reader(alert), Reader(alert, name="Kim")
    assert "look at this" in jo.post("comments", {"text": "look at this\nplease"})
    comment = AlertComment.objects.get()
    path = f"comments/{comment.id}"
    assert "look again" in jo.post(path, {"do": "edit", "text": "look again"})
    assert "edited" in kim.text()
    assert "only its author" in kim.post(path, {"do": "edit", "text": "mine"}).lower()
    assert "only its author" in kim.post(path, {"do": "delete"}).lower()
    html = jo.post(path, {"do": "delete"})
    assert "look again" not in html
    assert "Restore" in html
    assert "Restore" not in kim.text()
    assert "look again" in jo.post(path, {"do": "restore"})
    assert "Write something first" in jo.post("comments", {"text": "  "})
    AlertComment.objects.update(deleted_at=timezone.now() - timedelta(hours=1))
    assert "15 minutes" in jo.post(path, {"do": "restore"})
    assert jo.status_of(f"comments/{alert.id}", {"do": "delete"}) == 404
