"""Forwarders on the Integrations page: who may, what is said, and what happens."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from forward_receivers import Authority, HttpReceiver
from litesoc_server.forwarding.changes import delete_removed_forwarders
from litesoc_server.forwarding.forwarder_settings import read_settings
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.orgs.models import Organization, Role
from management_api import Tenant
from notify_factories import LOOPBACK
from page_reader import PageReader


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def receiver(settings: Any, authority: Authority) -> Iterator[HttpReceiver]:
    settings.EGRESS_POLICY = LOOPBACK
    opened = HttpReceiver(authority)
    yield opened
    opened.close()


def post(reader: PageReader, path: str, environment: str = "live", **fields: Any) -> Any:
    return reader.client.post(f"/o/{reader.org.slug}/{environment}/integrations/out/{path}", fields, follow=True)


def test_one_is_added_tested_paused_and_removed(org: Organization, receiver: HttpReceiver, authority: Authority) -> None:
    reader = PageReader(org, Role.ADMIN)
    assert "can go on to a SIEM" in reader.text("integrations/")
    fields = {"kind": "http", "name": "Collector", "url": receiver.url, "token": "very secret", "ca_pem": authority.pem}
    page = post(reader, "new", **fields, what="events", severities=["critical"], categories="auth, authz").content.decode()
    assert "Collector gets what comes in from now on" in page
    forwarder = Forwarder.objects.get(org=org)
    assert (forwarder.severities, forwarder.categories, forwarder.what) == (["critical"], ["auth", "authz"], "events")
    assert "very secret" not in reader.text("integrations/")

    assert "Sent to Collector" in post(reader, f"{forwarder.id}/test").content.decode()
    assert len(receiver.records) == 1
    receiver.status = 500
    assert "answered with status 500" in post(reader, f"{forwarder.id}/test").content.decode()
    assert "Paused" in post(reader, f"{forwarder.id}/pause", is_paused="on").content.decode()
    assert "Working" in post(reader, f"{forwarder.id}/pause").content.decode()
    Forwarder.objects.update(failing_since=timezone.now(), last_error="no answer", last_error_at=timezone.now())
    assert "no answer" in reader.text("integrations/")
    event_id = uuid.uuid4()
    forwarder.rejected.create(record_id=event_id, is_alert=False, reason="status 400")
    Forwarder.objects.update(rejected_count=1)
    assert f'/events/{event_id}/">Event <code>{event_id}</code></a>' in reader.text("integrations/")
    assert post(reader, f"{forwarder.id}/remove", environment="test").status_code == 404


def test_one_is_changed_and_its_secret_stays(org: Organization, receiver: HttpReceiver, authority: Authority) -> None:
    reader = PageReader(org, Role.ADMIN)
    fields = {"name": "Collector", "url": receiver.url, "ca_pem": authority.pem}
    post(reader, "new", kind="http", **fields, token="very secret", what="events", severities=["critical"])
    forwarder = Forwarder.objects.get(org=org)
    path = f"{forwarder.id}/"
    form = reader.text(f"integrations/out/{path}")
    assert 'value="Collector"' in form
    assert f'value="{receiver.url}"' in form
    assert "leave this empty to keep it" in form
    assert "very secret" not in form
    assert '<option value="events" selected>' in form

    page = post(reader, path, **fields | {"name": ""}, token="", what="both", unset=["token"]).content.decode()
    assert "Nothing is changed" in page
    assert 'name="unset" value="token" checked> Remove the saved bearer token' in page
    page = post(reader, path, **fields | {"name": "SIEM"}, token="", what="alerts", categories="auth").content.decode()
    assert "SIEM is changed" in page
    forwarder.refresh_from_db()
    assert (forwarder.what, forwarder.severities, forwarder.categories) == ("alerts", [], ["auth"])
    assert read_settings(forwarder)["token"] == "very secret"
    post(reader, f"{forwarder.id}/test")
    assert receiver.headers[0]["authorization"] == "Bearer very secret"
    assert post(reader, path, environment="test").status_code == 404

    post(reader, path, **fields, token="", what="alerts", unset=["token"])
    assert read_settings(Forwarder.objects.get())["token"] == ""
    assert "Remove the saved" not in reader.text(f"integrations/out/{path}")

    Forwarder.objects.update(sealed_settings="nonsense")
    assert "enter all of them again" in reader.text(f"integrations/out/{path}")
    post(reader, path, **fields, token="other secret")
    forwarder.refresh_from_db()
    assert read_settings(forwarder)["token"] == "other secret"


def test_a_removal_is_taken_back_from_its_message(
    org: Organization, receiver: HttpReceiver, authority: Authority, settings: Any
) -> None:
    reader = PageReader(org, Role.ADMIN)
    fields = {"kind": "http", "name": "Collector", "url": receiver.url, "ca_pem": authority.pem}
    post(reader, "new", **fields)
    forwarder = Forwarder.objects.get(org=org)
    page = post(reader, f"{forwarder.id}/remove").content.decode()
    undo = re.search(r'<form method="post" action="[^"]*/integrations/out/([^"]+)" class="actions">', page)
    assert undo is not None
    assert 'Passed on <span class="count">0</span>' in page
    assert post(reader, f"{forwarder.id}/test").status_code == 404
    assert "Collector is back" in post(reader, undo[1]).content.decode()
    assert post(reader, undo[1]).status_code == 404  # once

    post(reader, f"{forwarder.id}/remove")
    post(reader, "new", **fields)
    assert "Nothing is brought back: There is a forwarder named" in post(reader, undo[1]).content.decode()
    Forwarder.objects.filter(removed_at__isnull=False).update(removed_at=timezone.now() - timedelta(hours=2))
    assert post(reader, undo[1]).status_code == 404  # too late
    assert delete_removed_forwarders(timezone.now()) == 1
    assert Forwarder.objects.count() == 1


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(org: Organization, receiver: HttpReceiver) -> None:
    reader = PageReader(org, Role.ADMIN)
    page = post(reader, "new", kind="syslog", name="<b>SIEM", address="nonsense:port", host="soc").content.decode()
    assert "Nothing was added" in page
    assert 'aria-describedby="h-address e-address" aria-invalid="true"' in page
    assert 'value="&lt;b&gt;SIEM"' in page
    assert 'value="soc"' in page
    assert post(reader, "new", kind="kafka").status_code == 404
    secret = post(reader, "new", kind="http", name="x", url="http://siem.example", token="very secret").content.decode()
    assert "must begin with https://" in secret
    assert "very secret" not in secret


def test_who_may_not_set_it_up_sees_it_and_no_buttons(
    org: Organization, receiver: HttpReceiver, authority: Authority
) -> None:
    fields = {"kind": "http", "name": "Collector", "url": receiver.url, "ca_pem": authority.pem}
    post(PageReader(org, Role.ADMIN), "new", **fields)
    analyst = PageReader(org, Role.ANALYST)
    page = analyst.text("integrations/")
    assert "Collector" in page
    assert "Send a test" not in page
    assert "Add a forwarder" not in page
    assert post(analyst, f"{Forwarder.objects.get().id}/remove").status_code in {403, 404}
    assert Forwarder.objects.exists()
