"""The pages about channels, routes and deliveries: what they show, change, and keep to themselves."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_httpserver import HTTPServer

from control_factories import MembershipFactory, make_alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.attempt import attempt
from litesoc_server.notify.channel_changes import delete_removed_channels
from litesoc_server.notify.channel_settings import read_settings
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus, EscalationRule, Route
from litesoc_server.notify.outbox import Addressed, notification_of, put
from litesoc_server.notify.route_changes import add_rule
from litesoc_server.orgs.models import Membership, Organization, Role
from litesoc_server.orgs.roles import Permission, may
from management_api import Tenant
from notify_factories import LOOPBACK, NOW, WHO, fire, make_channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(tenant: Tenant, settings: Any) -> Organization:
    settings.EGRESS_POLICY = LOOPBACK
    return tenant.org


@pytest.fixture
def owner(org: Organization) -> Client:
    return signed_in(org, Role.OWNER)


def signed_in(org: Organization, role: Role) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org, role=role).user)
    return client


def url(org: Organization, path: str = "") -> str:
    return f"/o/{org.slug}/live/notifications/{path}"


def text_of(client: Client, org: Organization, path: str = "") -> str:
    answer = client.get(url(org, path))
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def told(org: Organization, channel: Channel) -> Delivery:
    """Return a delivery that was tried."""
    notification = notification_of(make_alert(org), Occasion.ALERT_CREATED, "")
    (delivery,) = put(notification, [Addressed(channel=channel, due_at=NOW)])
    attempt(delivery, NOW)
    delivery.refresh_from_db()
    return delivery


def test_without_a_channel_every_page_leads_to_the_first(owner: Client, org: Organization) -> None:
    assert "Nobody is told yet" in text_of(owner, org)
    assert url(org, "new/slack/") in owner.get(url(org)).content.decode()
    for path in ("routes/", "deliveries/"):
        assert "Add the first channel" in text_of(owner, org, path)
    assert "An administrator can add a channel" in text_of(signed_in(org, Role.VIEWER), org)


def test_a_channel_is_added_tested_and_shown_without_its_secret(
    owner: Client, org: Organization, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook").respond_with_data("thank you", status=202)
    answer = owner.post(url(org, "new/webhook/"), {"name": "Our hook", "s-url": httpserver.url_for("/hook")}, follow=True)
    channel = Channel.objects.get(org=org)
    assert "Medium and above · live · all detectors · at once" in answer.content.decode()
    secret = read_settings(channel)["secret"]
    assert secret not in answer.content.decode()

    page = owner.post(url(org, f"channels/{channel.pk}/test")).content.decode()
    assert "The test arrived" in page
    assert "thank you" in page
    fragment = owner.post(url(org, f"channels/{channel.pk}/test"), headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith("<div")
    assert "status 202" in fragment
    assert len(httpserver.log) == 2

    assert secret in owner.post(url(org, f"channels/{channel.pk}/secret"), {"act": "show"}).content.decode()
    rotated = owner.post(url(org, f"channels/{channel.pk}/secret"), {"act": "rotate"}).content.decode()
    assert secret not in rotated
    assert read_settings(Channel.objects.get(pk=channel.pk))["secret"] in rotated


def test_tests_of_a_channel_have_a_ceiling(owner: Client, org: Organization, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("ok")
    channel = make_channel(org, url=httpserver.url_for("/hook"))
    answers = [owner.post(url(org, f"channels/{channel.pk}/test")).content.decode() for _ in range(11)]
    assert "It was tested often just now" in answers[-1]
    assert len(httpserver.log) == 10


def test_a_form_says_beside_each_field_what_is_wrong(owner: Client, org: Organization) -> None:
    answer = owner.post(url(org, "new/slack/"), {"name": "Team", "s-url": "https://evil.example/services/T/B/x"})
    page = answer.content.decode()
    assert 'id="e-url"' in page
    assert "Webhook address has to look like https://hooks.slack.com/services/" in page
    assert "evil.example" not in page  # what was typed is a secret
    assert not Channel.objects.filter(org=org).exists()
    answer = owner.post(url(org, "new/webhook/"), {"name": "", "s-url": "http://127.0.0.1:9/"})
    assert 'id="e-name"' in answer.content.decode()
    assert owner.get(url(org, "new/fax/")).status_code == 404


def test_a_channel_is_renamed_muted_switched_and_removed(owner: Client, org: Organization) -> None:
    channel = make_channel(org, url="http://127.0.0.1:9/a")
    page = url(org, f"channels/{channel.pk}/")
    owner.post(page + "change", {"name": "Renamed", "s-url": "http://127.0.0.1:9/b"})
    channel.refresh_from_db()
    assert (channel.name, read_settings(channel)["url"]) == ("Renamed", "http://127.0.0.1:9/b")
    owner.post(page + "mute", {"for": "1d"})
    assert "Muted until" in text_of(owner, org, f"channels/{channel.pk}/")
    owner.post(page + "mute", {"for": ""})
    assert "Muted until" not in text_of(owner, org, f"channels/{channel.pk}/")
    owner.post(page + "switch", {"to": "off"})
    assert "Switched off" in text_of(owner, org)
    owner.post(page + "switch", {"to": "on"})
    channel.refresh_from_db()
    assert channel.is_enabled


def test_a_removal_is_taken_back_from_its_message(owner: Client, org: Organization) -> None:
    channel = make_channel(org)
    add_rule(channel, min_severity=AlertSeverity.HIGH, after_minutes=15, who=WHO)
    waiting = fire(org, incident_key="account|actor:usr_9")
    page = url(org, f"channels/{channel.pk}/")
    told = " ".join(owner.post(page + "remove", follow=True).content.decode().split())
    assert f'action="{page}restore" class="actions"' in told
    assert owner.get(page).status_code == 404
    for listed in ("routes/", "deliveries/"):
        assert channel.name not in text_of(owner, org, listed)
    fire(org, incident_key="account|actor:usr_10")  # it hears nothing of it
    assert list(channel.deliveries.values_list("status", "reason")) == [("cancelled", "The channel was removed.")]

    assert "is back with its routes" in owner.post(page + "restore", follow=True).content.decode()
    channel.refresh_from_db()
    assert (channel.is_enabled, channel.routes.count(), channel.escalation_rules.count()) == (True, 1, 1)
    assert str(waiting.title) in text_of(owner, org, "deliveries/")
    fire(org, incident_key="account|actor:usr_11")
    assert channel.deliveries.filter(status="pending").count() == 1
    assert owner.post(page + "restore").status_code == 404  # once


def test_what_cannot_be_brought_back(owner: Client, org: Organization) -> None:
    channel = make_channel(org, name="On call")
    page = url(org, f"channels/{channel.pk}/")
    owner.post(page + "remove")
    make_channel(org, name="On call")
    told = owner.post(page + "restore", follow=True).content.decode()
    assert "Nothing is brought back: There is a channel named" in told
    Channel.objects.filter(removed_at__isnull=False).update(removed_at=timezone.now() - timedelta(hours=2))
    assert owner.post(page + "restore").status_code == 404
    delete_removed_channels(timezone.now())
    assert Channel.objects.filter(org=org).count() == 1


def test_secrets_that_are_left_empty_stay(owner: Client, org: Organization) -> None:
    settings = {"name": "Push", "s-server": "http://127.0.0.1:9", "s-topic": "alerts-x7", "s-token": "tk_one"}
    owner.post(url(org, "new/ntfy/"), settings)
    channel = Channel.objects.get(org=org)
    page = owner.get(url(org, f"channels/{channel.pk}/")).content.decode()
    assert "tk_one" not in page
    assert "alerts-x7" not in page
    assert page.count("Set; empty keeps it") == 2
    owner.post(url(org, f"channels/{channel.pk}/change"), {"name": "Push", "s-server": "http://127.0.0.1:9", "s-token": ""})
    assert read_settings(Channel.objects.get(pk=channel.pk))["token"] == "tk_one"


def test_secrets_that_are_not_needed_any_more_are_removed(owner: Client, org: Organization) -> None:
    push = {"name": "Push", "s-server": "http://127.0.0.1:9", "s-topic": "alerts-x7", "s-token": "tk_one"}
    owner.post(url(org, "new/ntfy/"), push)
    channel = Channel.objects.get(org=org)
    page = owner.get(url(org, f"channels/{channel.pk}/")).content.decode()
    assert page.count("Remove the saved") == 1, "a topic there has to be"
    change = url(org, f"channels/{channel.pk}/change")
    kept = {**push, "s-topic": "", "s-token": "", "unset": "token"}
    page = owner.post(change, {**kept, "name": ""}).content.decode()
    assert 'name="unset" value="token" checked> Remove the saved access token' in page
    page = owner.post(change, kept, follow=True).content.decode()
    assert "Remove the saved" not in page
    assert read_settings(Channel.objects.get()) == {"server": "http://127.0.0.1:9", "topic": "alerts-x7", "token": ""}


def test_a_mail_channel_goes_back_to_the_installations_server(owner: Client, org: Organization, settings: Any) -> None:
    settings.IS_MAIL_POSSIBLE = True
    own = {"s-host": "127.0.0.1", "s-user": "alerts", "s-password": "very secret", "s-from": "alerts@shop.example"}
    team = {"name": "Team", "s-to": "team@shop.example", "s-security": "STARTTLS"}
    owner.post(url(org, "new/email/"), {**team, **own})
    channel = Channel.objects.get(org=org)
    answer = owner.post(url(org, f"channels/{channel.pk}/change"), {**team, **dict.fromkeys(own, "")}, follow=True)
    assert "The channel is changed." in answer.content.decode()
    stored = read_settings(Channel.objects.get())
    assert (stored["host"], stored["user"], stored["password"]) == ("", "", "")


ROUTE = {
    "is_enabled": "on",
    "min_severity": "high",
    "detector": ["brute_force_address", "password_spray"],
    "quiet_from": "22:00",
    "quiet_until": "07:00",
    "time_zone": "Europe/Berlin",
    "is_critical_always": "on",
    "tells_settled": "on",
    "digest": "none",
    "digest_hour": "8",
}


def test_routes_are_sentences(owner: Client, org: Organization) -> None:
    channel = make_channel(org)
    route = Route.objects.get(channel=channel)
    owner.post(url(org, f"routes/{route.pk}/"), ROUTE)
    sentence = (
        "High and above · live · Brute force from one address, Password spray · at once · "
        "quiet 22:00 to 07:00 Europe/Berlin, except critical → to Hook"
    )
    assert sentence in text_of(owner, org, "routes/")
    owner.post(
        url(org, f"channels/{channel.pk}/routes/new"), {**ROUTE, "digest": "daily", "digest_hour": "6", "detector": []}
    )
    assert "summed up every day at 06:00 Europe/Berlin, critical ones at once" in text_of(owner, org, "routes/")
    owner.post(url(org, f"routes/{route.pk}/remove"))
    assert Route.objects.filter(channel=channel).count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_zone": "Mars/Olympus"}, "The time zone is unknown"),
        ({"quiet_from": "25:99"}, "Write a time such as 22:00"),
        ({"quiet_until": ""}, "give both, or neither"),
        ({"detector": "no_such"}, "no_such is none"),
        ({"digest_hour": "99"}, "The hour of the digest is between"),
    ],
)
def test_routes_that_make_no_sense_are_refused(
    changes: dict[str, Any], words: str, owner: Client, org: Organization
) -> None:
    route = Route.objects.get(channel=make_channel(org))
    answer = owner.post(url(org, f"routes/{route.pk}/"), {**ROUTE, **changes})
    assert words in answer.content.decode()
    route.refresh_from_db()
    assert route.min_severity == "medium"


def test_escalation_rules_are_added_switched_and_removed(owner: Client, org: Organization) -> None:
    channel = make_channel(org)
    values = {"channel": str(channel.pk), "min_severity": "critical", "after_minutes": "15"}
    owner.post(url(org, "escalation/add"), values)
    assert "Alerts (critical only) that nobody acknowledged within 15 minutes" in text_of(owner, org, "routes/")
    rule = EscalationRule.objects.get(org=org)
    owner.post(url(org, f"escalation/{rule.pk}/switch"), {"to": "off"})
    rule.refresh_from_db()
    assert not rule.is_enabled
    for wrong, words in (({"after_minutes": "soon"}, "Wait between 1 and"), ({"channel": "none"}, "Choose a channel")):
        assert words in owner.post(url(org, "escalation/add"), {**values, **wrong}).content.decode()
    owner.post(url(org, f"escalation/{rule.pk}/remove"))
    assert not EscalationRule.objects.filter(org=org).exists()


def test_the_log_shows_what_was_sent_and_sends_it_again(owner: Client, org: Organization, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("database down", status=503)
    channel = make_channel(org, url=httpserver.url_for("/hook"))
    delivery = told(org, channel)
    assert "Brute force from 198.51.100.77" in text_of(owner, org, "deliveries/")
    assert "Nothing like that" in text_of(owner, org, "deliveries/?status=delivered")
    assert "Brute force" in text_of(owner, org, f"deliveries/?status=pending&channel={channel.pk}")
    page = text_of(owner, org, f"deliveries/{delivery.pk}/")
    assert "status 503" in page
    assert "database down" in page
    assert "webhook-signature" in page
    owner.post(url(org, f"deliveries/{delivery.pk}/replay"))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts_count) == (DeliveryStatus.PENDING, 0)
    alert = owner.get(f"/o/{org.slug}/live/alerts/{delivery.notification.alert_id}/").content.decode()
    assert url(org, f"deliveries/{delivery.pk}/") in alert


def test_what_failed_is_sent_again_all_at_once(owner: Client, org: Organization) -> None:
    channel = make_channel(org)
    delivery = told(org, channel)
    Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.FAILED)
    answer = owner.post(url(org, f"channels/{channel.pk}/replay"), follow=True)
    assert "1 are sent again" in answer.content.decode() or "1 is sent again" in answer.content.decode()


def test_members_choose_their_own_mails(org: Organization) -> None:
    viewer = MembershipFactory(org=org, role=Role.VIEWER)
    client = Client(headers={"Accept": "text/html"})
    client.force_login(viewer.user)
    assert viewer.user.email in text_of(client, org, "mine/")
    client.post(url(org, "mine/"), {**ROUTE, "detector": []})
    route = Route.objects.get(channel__membership=viewer)
    assert (route.is_enabled, route.min_severity, route.time_zone) == (True, "high", "Europe/Berlin")
    assert "The time zone is unknown" in client.post(url(org, "mine/"), {**ROUTE, "time_zone": "x"}).content.decode()
    client.post(url(org, "mine/"), {"min_severity": "high", "digest": "none"})
    route.refresh_from_db()
    assert not route.is_enabled
    other = signed_in(org, Role.OWNER)
    assert other.post(url(org, f"routes/{route.pk}/"), ROUTE).status_code == 404
    assert other.get(url(org, f"channels/{route.channel_id}/")).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_who_may_not_manage_sees_and_changes_nothing(role: Role, org: Organization) -> None:
    channel = make_channel(org)
    client = signed_in(org, role)
    page = client.get(url(org, f"channels/{channel.pk}/")).content.decode()
    is_allowed = may(role, Permission.MANAGE_NOTIFICATIONS)
    assert ("Show the secret" in page) == is_allowed
    assert ("Add a channel" in client.get(url(org)).content.decode()) == is_allowed
    answer = client.post(url(org, f"channels/{channel.pk}/switch"), {"to": "off"})
    assert (answer.status_code == 403) != is_allowed
    channel.refresh_from_db()
    assert channel.is_enabled != is_allowed
    assert Membership.objects.filter(org=org).exists()
