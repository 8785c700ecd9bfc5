"""What is new about an alert is put into the outbox with it, once for each channel, however often it is delivered."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from control_factories import NOW_MS, DetectionFactory, apply_detections, org_id_of
from litesoc_server.alerts.announcing import News
from litesoc_server.alerts.bulk import start_bulk, step_bulk
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe, reopen
from litesoc_server.alerts.models import Action, Alert, Resolution
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify import outbox
from litesoc_server.notify.channel_changes import add_channel
from litesoc_server.notify.kept_message import message_to_send
from litesoc_server.notify.models import Channel, Delivery, Notification, Route
from litesoc_server.orgs.models import Organization
from notify_factories import WHO, fire, make_channel
from races import race


def occasions(channel: Channel) -> list[str]:
    of_channel = Delivery.objects.filter(channel=channel).order_by("created_at", "pk")
    return [delivery.notification.occasion for delivery in of_channel]


def test_an_alert_is_told_once_and_its_repetitions_are_not(org: Organization) -> None:
    channel = make_channel(org)
    first = fire(org)
    again = fire(org, last_seen_ms=NOW_MS + 1_000)
    assert first == again
    assert occasions(channel) == ["alert.created"]
    delivery = Delivery.objects.get(channel=channel)
    assert (delivery.status, delivery.thread) == ("pending", first.pk.hex)
    assert delivery.due_at <= timezone.now()


def test_what_was_delivered_before_changes_nothing(org: Organization) -> None:
    channel = make_channel(org)
    detection = DetectionFactory(org_id=org_id_of(org))
    for _ in range(3):
        apply_detections([detection])
    assert occasions(channel) == ["alert.created"]


def test_more_severe_and_another_detector_speak_up(org: Organization) -> None:
    channel = make_channel(org)
    fire(org, severity=AlertSeverity.MEDIUM)
    fire(org, severity=AlertSeverity.HIGH, last_seen_ms=NOW_MS + 1_000)
    fire(org, detector="password_spray", last_seen_ms=NOW_MS + 2_000)
    fire(org, detector="password_spray", last_seen_ms=NOW_MS + 3_000)
    assert occasions(channel) == ["alert.created", "alert.updated", "alert.updated"]
    assert list(Notification.objects.order_by("created_at").values_list("severity", flat=True)) == ["medium", "high", "high"]


def test_the_first_word_to_a_channel_is_that_there_is_an_alert(org: Organization) -> None:
    known, late = make_channel(org, name="Known"), make_channel(org, name="Late")
    Route.objects.filter(channel=late).update(min_severity="high")
    fire(org, severity=AlertSeverity.MEDIUM)
    alert = fire(org, severity=AlertSeverity.CRITICAL, last_seen_ms=NOW_MS + 1_000)
    told = set(Notification.objects.values_list("pk", flat=True))
    outbox.on_news([alert], News.WORSENED)  # once more
    assert set(Notification.objects.values_list("pk", flat=True)) == told
    fire(org, detector="password_spray", last_seen_ms=NOW_MS + 2_000)
    assert occasions(known) == ["alert.created", "alert.updated", "alert.updated"]
    assert occasions(late) == ["alert.created", "alert.updated"]
    first = Delivery.objects.get(channel=late, notification__occasion="alert.created")
    assert message_to_send(first.notification).severity is AlertSeverity.CRITICAL


def test_settling_is_told_where_the_alert_was_told(org: Organization) -> None:
    told, mute = make_channel(org, name="Told"), make_channel(org, name="Elsewhere")
    Route.objects.filter(channel=mute).update(min_severity="critical")
    alert = fire(org)
    mark_safe(alert, who=WHO)
    mark_safe(alert, who=WHO, note="really")  # settled already
    assert occasions(told) == ["alert.created", "alert.closed"]
    assert occasions(mute) == []
    reopen(alert, who=WHO)
    mark_safe(alert, who=WHO)
    assert occasions(told)[2:] == ["alert.reopened", "alert.closed"]
    assert occasions(mute) == []


def test_machines_hear_that_somebody_looks_after_it_and_people_do_not(org: Organization) -> None:
    hook = make_channel(org)
    push = add_channel(org, kind="ntfy", name="Push", settings={"server": "http://127.0.0.1:9", "topic": "x"}, who=WHO)
    elsewhere = make_channel(org, name="Elsewhere")
    Route.objects.filter(channel=elsewhere).update(min_severity="critical")
    acknowledge(fire(org), who=WHO)
    assert occasions(hook) == ["alert.created", "alert.acknowledged"]
    assert occasions(push) == ["alert.created"]
    assert occasions(elsewhere) == []
    notification = Notification.objects.get(occasion="alert.acknowledged")
    assert message_to_send(notification).summary.startswith("Acknowledged by ops@shop.example. ")


def test_settling_many_at_once_is_told_for_each(org: Organization) -> None:
    channel = make_channel(org)
    alerts = [fire(org, incident_key=f"credential_attack|ip:198.51.100.{number}") for number in range(3)]
    targets = [(alert.pk, alert.revision) for alert in alerts]
    bulk = start_bulk(org, Environment.LIVE, Action.RESOLVE, targets, who=WHO, resolution=Resolution.OTHER)
    step_bulk(bulk, parts=None)  # type: ignore[arg-type] # only marking as safe asks for them
    assert occasions(channel).count("alert.closed") == 3


@pytest.mark.parametrize("includes_test", [False, True])
def test_the_test_environment_alerts_nobody_unless_asked(org: Organization, includes_test: bool) -> None:
    channel = make_channel(org)
    Route.objects.filter(channel=channel).update(includes_test=includes_test)
    fire(org, environment=Environment.TEST)
    assert occasions(channel) == (["alert.created"] if includes_test else [])


def test_a_change_that_is_undone_is_not_told(org: Organization) -> None:
    channel = make_channel(org)
    with transaction.atomic():
        fire(org)
        transaction.set_rollback(True)  # as when the worker dies before the commit
    assert occasions(channel) == []
    assert not Alert.objects.filter(org=org).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_it_once(org: Organization) -> None:
    channel = make_channel(org)
    detection = DetectionFactory(org_id=org_id_of(org))
    race([lambda: apply_detections([detection])] * 4)
    assert occasions(channel) == ["alert.created"]


def test_too_many_that_wait_are_counted_and_not_kept(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PENDING_MAX", 2)
    channel = make_channel(org)
    for number in range(4):
        fire(org, incident_key=f"credential_attack|ip:198.51.100.{number}")
    channel.refresh_from_db()
    assert (len(occasions(channel)), channel.left_out_count) == (2, 2)


def test_of_two_routes_of_a_channel_the_first_to_speak_decides(org: Organization) -> None:
    channel = make_channel(org)
    now = timezone.now()
    Route.objects.filter(channel=channel).update(
        quiet_from=(now - timedelta(hours=1)).time(), quiet_until=(now + timedelta(hours=1)).time()
    )
    fire(org)
    waiting = Delivery.objects.get(channel=channel)
    assert now + timedelta(minutes=59) < waiting.due_at < now + timedelta(minutes=61)
    Route.objects.create(org=org, channel=channel, min_severity="low")
    fire(org, incident_key="credential_attack|ip:198.51.100.1")
    assert Delivery.objects.filter(channel=channel, due_at__lte=timezone.now()).count() == 1


def test_without_the_feature_only_critical_alerts_are_told(org: Organization) -> None:
    channel = make_channel(org)
    Organization.objects.filter(pk=org.pk).update(plan="free")
    fire(org, severity=AlertSeverity.HIGH)
    assert occasions(channel) == []
    fire(org, severity=AlertSeverity.CRITICAL, incident_key="account|actor:usr_1")
    assert occasions(channel) == ["alert.created"]
