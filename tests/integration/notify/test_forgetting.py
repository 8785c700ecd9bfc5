"""What is deleted or erased elsewhere is gone from notifications, too."""

from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import NOW_MS
from litesoc_server.alerts.emptying import delete_alerts_of
from litesoc_server.alerts.lifecycle import resolve
from litesoc_server.alerts.models import Alert, Resolution, Status
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify import expiry
from litesoc_server.notify.channel_changes import change_channel, webhook_secret
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.expiry import delete_old_deliveries
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus, Notification, Route
from litesoc_server.orgs.deletion import remove_rows
from litesoc_server.orgs.models import Organization
from litesoc_server.privacy.removal import remove_from_control_database
from litesoc_server.store.actors import ActorNames
from notify_factories import WHO, fire, make_channel
from webhook_receiver import receiving

NAME = 'mira "m" müller'


def deliver(channel: Channel) -> None:
    deliverer = Deliverer(clock=ManualClock(round(timezone.now().timestamp() * 1_000) + 60_000))
    deliverer.drain(channel.pk)
    deliverer.close()


@pytest.fixture
def told(org: Organization) -> Channel:
    """Return a channel to which two alerts were delivered: about Mira alone, and about an address that Mira used, too."""
    with receiving() as receiver:
        channel = make_channel(org, url=receiver.url)
        fire(org, incident_key=f"account|actor:{NAME}", actor_id=NAME, source_ip=None, title=f"{NAME} was attacked")
        fire(org, title=f"Brute force against {NAME}", severity=AlertSeverity.HIGH)
        deliver(channel)
        assert len(receiver.received) == 2
    return channel


def test_erasing_an_actor_leaves_no_name_in_messages_and_log(org: Organization, told: Channel) -> None:
    assert any("mira" in row.request for row in DeliveryAttempt.objects.all())
    names = ActorNames(ids=(NAME,))
    remove_from_control_database(org, names)
    notification = Notification.objects.get()
    assert "mira" not in str((notification.message, notification.alert_body)).lower()
    assert notification.message["severity"] == "high"
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.request, attempt.status) == ("[erased]", 204)
    assert webhook_secret(told).startswith("whsec_")


def test_an_erased_delivery_can_be_replayed(org: Organization, told: Channel) -> None:
    names = ActorNames(ids=(NAME,))
    remove_from_control_database(org, names)
    Delivery.objects.update(status="pending")
    with receiving() as receiver:
        change_channel(told, settings={"url": receiver.url}, who=WHO)
        deliver(told)
        assert b"[erased]" in receiver.received[0].body
        assert b"mira" not in receiver.received[0].body


def test_emptying_the_test_environment_takes_its_notifications_along(org: Organization) -> None:
    channel = make_channel(org)
    Route.objects.filter(channel=channel).update(includes_test=True)
    fire(org, environment=Environment.TEST)
    live = fire(org)
    delete_alerts_of(org, Environment.TEST)
    assert [one.notification.alert for one in Delivery.objects.all()] == [live]


def test_a_removed_organisation_leaves_nothing(org: Organization, told: Channel) -> None:
    remove_rows(org)
    for model in (Channel, Route, Notification, Delivery, DeliveryAttempt):
        assert not model.objects.exists(), model


def test_the_log_is_kept_for_thirty_days(org: Organization, told: Channel) -> None:
    Alert.objects.update(status=Status.RESOLVED)
    waiting = fire(org, incident_key="account|actor:usr_9")
    now = timezone.now()
    assert delete_old_deliveries(now + timedelta(days=29)) == 0
    assert delete_old_deliveries(now + timedelta(days=31)) == 2
    assert [one.alert for one in Notification.objects.all()] == [waiting], "what waits is kept"
    assert not DeliveryAttempt.objects.exists()


def test_the_end_of_a_long_alert_is_told_where_it_was_told(
    org: Organization, told: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = fire(org, detector="password_spray", last_seen_ms=NOW_MS + 1_000)
    Delivery.objects.update(status=DeliveryStatus.DELIVERED)
    never_reached = make_channel(org, name="Away")
    fire(org, detector="credential_stuffing", last_seen_ms=NOW_MS + 2_000)
    Delivery.objects.filter(channel=never_reached).update(status=DeliveryStatus.FAILED)
    Delivery.objects.filter(channel=told).update(status=DeliveryStatus.DELIVERED)
    monkeypatch.setattr(expiry, "AT_ONCE", 1)
    much_later = timezone.now() + timedelta(days=100)
    assert delete_old_deliveries(much_later) == 3
    assert delete_old_deliveries(much_later) == 0
    assert Delivery.objects.filter(channel=told).count() == 2, "one of each alert"
    assert not DeliveryAttempt.objects.exists()
    resolve(alert, resolution=Resolution.OTHER, who=WHO)
    assert list(Delivery.objects.filter(notification__occasion="alert.closed").values_list("channel", flat=True)) == [
        told.pk
    ]
    Delivery.objects.update(status=DeliveryStatus.DELIVERED)
    assert delete_old_deliveries(much_later) == 2, "nobody has to hear anything more of it"


def test_the_log_of_a_channel_has_a_length(org: Organization, told: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "KEPT_MAX", 3)
    for number in range(5):
        fire(org, incident_key=f"account|actor:usr_{number}")
    Delivery.objects.update(status=DeliveryStatus.DELIVERED)
    Alert.objects.update(status=Status.RESOLVED)
    newest = list(Delivery.objects.values_list("pk", flat=True)[:3])
    other = make_channel(org, name="Other")
    waiting = [fire(org, incident_key=f"account|actor:other_{number}") for number in range(4)]
    Delivery.objects.filter(channel=told, notification__alert__in=waiting).delete()
    assert delete_old_deliveries(timezone.now()) == 4  # both of the fixture, and two of the five
    assert list(Delivery.objects.filter(channel=told).values_list("pk", flat=True)) == newest
    assert Delivery.objects.filter(channel=other).count() == 4, "what waits is kept"
    assert Notification.objects.count() == 7
