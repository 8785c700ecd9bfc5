"""The test of a channel occupies no request for long: what takes longer is looked for by the page, and read by clients."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from control_factories import MembershipFactory
from http_client import wait_until
from litesoc_server.api.v1 import channels
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import Scope
from litesoc_server.notify import send_test
from litesoc_server.notify.models import Channel, Delivery
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.web.views import notification_channel_test
from management_api import Tenant
from notify_factories import LOOPBACK, make_channel
from webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)  # what comes late is written down by another thread


@pytest.fixture
def org(tenant: Tenant, settings: Any) -> Organization:
    settings.EGRESS_POLICY = LOOPBACK
    return tenant.org


@pytest.fixture
def owner(org: Organization) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org, role=Role.OWNER).user)
    return client


@pytest.fixture
def hanging() -> Iterator[Receiver]:
    """Return a receiver that says nothing until it is released; then it hangs up."""
    with receiving() as opened:
        opened.hangs.set()
        try:
            yield opened
        finally:
            opened.released.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_channel_test, "SHOWN_AT_ONCE_WITHIN_S", 0.05)
    monkeypatch.setattr(channels, "TEST_WITHIN_S", 0.05)


def url_of(channel: Channel, test: Delivery | None = None) -> str:
    return f"/o/{channel.org.slug}/live/notifications/channels/{channel.pk}/test" + (f"/{test.pk}" if test else "")


def test_the_page_looks_for_the_answer_of_a_slow_receiver(org: Organization, owner: Client, hanging: Receiver) -> None:
    channel = make_channel(org, url=hanging.url)
    fragment = owner.post(url_of(channel), headers={"HX-Request": "true"}).content.decode()
    assert "The test is on its way" in fragment
    test = Delivery.objects.get(channel=channel)
    assert f'hx-get="{url_of(channel, test)}"' in fragment
    assert owner.get(url_of(channel, test)).status_code == 204
    assert "The test is on its way" in owner.post(url_of(channel)).content.decode()  # without scripts: the whole page
    hanging.released.set()
    answer = wait_until(lambda: owner.get(url_of(channel, test)), lambda got: got.status_code == 200, what="the answer")
    assert "The test did not arrive" in answer.content.decode()
    assert "hx-get" not in answer.content.decode()
    assert owner.get(url_of(make_channel(org, name="Other"), test)).status_code == 404
    wait_until_all_are_free()


def test_of_what_a_restart_cut_off_nothing_is_waited_for(org: Organization, owner: Client) -> None:
    channel = make_channel(org)
    test = send_test.start_test(channel, within_s=5)
    test.attempts.all().delete()  # as if the server had been stopped before
    assert owner.get(url_of(channel, test)).status_code == 204
    Delivery.objects.filter(pk=test.pk).update(created_at=timezone.now() - send_test.ANSWERED_AFTER)
    assert "Nothing is known of the test" in owner.get(url_of(channel, test)).content.decode()


def test_the_api_answers_with_the_delivery_and_later_with_its_attempt(
    org: Organization, keys: KeyDirectory, hanging: Receiver
) -> None:
    client = Tenant(org, {"scopes": {Scope.READ, Scope.MANAGE}})
    channel = make_channel(org, url=hanging.url)
    began = time.monotonic()
    answer = client.call("POST", f"/notifications/channels/{channel.pk}/test")
    assert time.monotonic() - began < 5
    assert answer.status_code == 202
    delivery = answer.json()["data"]
    assert (delivery["occasion"], delivery["attempts"]) == ("test", [])
    hanging.released.set()
    read = wait_until(
        lambda: client.call("GET", f"/notifications/deliveries/{delivery['id']}").json()["data"],
        lambda got: got["status"] != "cancelled",  # what a test is while it waits
        what="the result",
    )
    assert (read["status"], read["attempts"][0]["is_success"]) == ("failed", False)
    wait_until_all_are_free()


def test_so_many_are_tested_at_once_and_no_more(org: Organization, hanging: Receiver) -> None:
    for number in range(send_test.TESTS_AT_ONCE):
        send_test.start_test(make_channel(org, name=f"Hook {number}", url=hanging.url), within_s=0.01)
    with pytest.raises(NotifyRefused, match="Many channels are tested"):
        send_test.start_test(make_channel(org, name="One more"), within_s=5)
    hanging.released.set()
    wait_until_all_are_free()
    assert send_test.start_test(make_channel(org, name="Now"), within_s=5).attempts.count() == 1


def test_one_channel_is_tested_so_often_in_a_minute(org: Organization) -> None:
    channel = make_channel(org)
    for _ in range(send_test.TESTS_PER_MINUTE_MAX):
        send_test.start_test(channel, within_s=5)
    with pytest.raises(NotifyRefused, match="tested often"):
        send_test.start_test(channel, within_s=5)


def wait_until_all_are_free() -> None:
    """Let threads of tests come to an end before the database is emptied for the next."""
    tests = Delivery.objects.filter(notification__occasion="test")
    wait_until(lambda: tests.filter(attempts__isnull=True).count(), lambda count: count == 0, what="all tests")
