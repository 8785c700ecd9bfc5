"""Forwarders on the Integrations page: who may, what is said, and what happens."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from forward_receivers import Authority, HttpReceiver
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
    post(reader, f"{forwarder.id}/remove")
    assert not Forwarder.objects.exists()


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
