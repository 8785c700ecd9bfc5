"""What is in the outbox reaches a real receiver: at once, again after failures, in order, and never past the guard."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.core import mail
from django.utils import timezone
from standardwebhooks import Webhook

from control_factories import NOW_MS, MembershipFactory
from http_client import wait_until
from litesoc_server.alerts.lifecycle import mark_safe
from litesoc_server.audit.models import AuditEntry
from litesoc_server.clock import ManualClock
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify import deliver, disable
from litesoc_server.notify.channel_changes import change_channel, rotate_webhook_secret, webhook_secret
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.due import due_channels
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, Route
from litesoc_server.notify.replay import replay, replay_failed
from litesoc_server.notify.send_test import send_test
from litesoc_server.orgs.models import Organization, Role
from notify_factories import NOBODY, WHO, fire, make_channel
from webhook_receiver import Receiver, receiving

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def deliverer(clock: ManualClock) -> Iterator[Deliverer]:
    made = Deliverer(clock=clock)
    yield made
    made.close()


def only(channel: Channel) -> Delivery:
    return Delivery.objects.get(channel=channel)


def seconds_until_due(channel: Channel, clock: ManualClock) -> float:
    return only(channel).due_at.timestamp() - clock.now_ms() / 1_000


def test_a_webhook_is_signed_and_says_what_the_contract_says(
    org: Organization, receiver: Receiver, deliverer: Deliverer
) -> None:
    channel = make_channel(org, url=receiver.url)
    alert = fire(org)
    assert deliverer.drain(channel.pk) == 1
    request = receiver.received[0]
    body = msgspec.json.decode(request.body)
    Webhook(webhook_secret(channel)).verify(request.body, dict(request.headers))
    assert (body["type"], body["id"], body["severity"]) == ("alert.created", str(alert.pk), "medium")
    assert (body["alert_type"], body["status"], body["title"]) == ("brute_force_attack", "open", alert.title)
    assert (body["source_ip"], body["actor_id"]) == ("198.51.100.77", None)
    assert body["alert"]["metadata"]["reasons"] == list(alert.incident.reasons)
    assert request.headers["webhook-id"] == str(only(channel).pk)
    assert (only(channel).status, only(channel).attempts_count) == ("delivered", 1)
    channel.refresh_from_db()
    assert channel.health == "working"


def test_an_answer_may_be_any_bytes(org: Organization, receiver: Receiver, deliverer: Deliverer) -> None:
    channel = make_channel(org, url=receiver.url)
    receiver.status, receiver.answer = 500, b"\0\xff\xed\xa0\x80"
    fire(org)
    assert deliverer.drain(channel.pk) == 1
    assert only(channel).attempts_count == 1
    assert "\0" not in DeliveryAttempt.objects.get(delivery__channel=channel).answer


def test_the_log_shows_the_request_without_secrets(org: Organization, receiver: Receiver, deliverer: Deliverer) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    deliverer.drain(channel.pk)
    row = DeliveryAttempt.objects.get(delivery__channel=channel)
    assert (row.is_success, row.status) == (True, 204)
    assert row.request.startswith("POST http://127.0.0.1:")
    assert "webhook-signature: v1," in row.request
    assert '"type":"alert.created"' in row.request
    assert "hidden" not in row.request
    assert webhook_secret(channel) not in row.request
    assert "hidden" not in channel.sealed_settings


def test_an_outage_is_tried_again_with_the_same_id_and_body(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    receiver.status = 503
    for step_s in (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000):
        assert deliverer.drain(channel.pk) == 1
        assert deliverer.drain(channel.pk) == 0  # not before its time
        assert 0.89 * step_s <= seconds_until_due(channel, clock) <= 1.11 * step_s
        clock.advance_ms(round(1.11 * step_s * 1_000) + 1)
    channel.refresh_from_db()
    assert (channel.health, channel.failures_count) == ("failing", 7)
    receiver.status = 204
    assert deliverer.drain(channel.pk) == 1
    assert only(channel).status == "delivered"
    assert len(set(receiver.ids)) == 1
    assert len({one.body for one in receiver.received}) == 1
    assert DeliveryAttempt.objects.filter(delivery__channel=channel).count() == 8


def test_once_it_is_back_what_waited_does_not_wait_for_its_turn(
    org: Organization, receiver: Receiver, deliverer: Deliverer
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org, incident_key="account|actor:usr_1")
    receiver.status = 500
    deliverer.drain(channel.pk)
    receiver.status = 200
    fire(org, incident_key="account|actor:usr_2")
    assert deliverer.drain(channel.pk) == 2
    assert {delivery.status for delivery in Delivery.objects.filter(channel=channel)} == {"delivered"}


def test_what_the_receiver_cannot_take_is_given_up_and_what_follows_it_is_told(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    receiver.status = 503
    deliverer.drain(channel.pk)  # no refusal: it does not count
    fire(org, severity=AlertSeverity.HIGH, last_seen_ms=NOW_MS + 1_000)
    first, following = Delivery.objects.filter(channel=channel).order_by("created_at")
    receiver.status, receiver.statuses = 204, {str(first.pk): 413}
    for attempts in (1, 1, 2):
        clock.advance_ms(2 * HOUR_MS)
        assert deliverer.drain(channel.pk) == attempts
    assert receiver.ids == [str(first.pk)] * 4 + [str(following.pk)]
    first.refresh_from_db()
    following.refresh_from_db()
    assert (first.status, first.reason) == ("failed", "the receiver answered with status 413")
    assert following.status == "delivered"


def test_what_fails_while_others_arrive_goes_on_in_its_own_steps(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org, incident_key="account|actor:usr_1")
    receiver.status = 500
    deliverer.drain(channel.pk)
    failing = only(channel)
    for number in (2, 3, 4):
        clock.advance_ms(1_000)
        fire(org, incident_key=f"account|actor:usr_{number}")
        receiver.status, receiver.statuses = 200, {str(failing.pk): 500}
        deliverer.drain(channel.pk)
    failing.refresh_from_db()
    assert failing.attempts_count == 2  # once more when the channel seemed to be back
    assert failing.due_at.timestamp() > clock.now_ms() / 1_000 + 200


def test_what_waits_for_another_gives_a_channel_no_turn(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    receiver.status = 500
    deliverer.drain(channel.pk)
    fire(org, severity=AlertSeverity.HIGH, last_seen_ms=NOW_MS + 1_000)
    now = datetime.fromtimestamp(clock.now_ms() / 1_000, UTC)
    assert due_channels(now, is_alone=True) == []
    assert due_channels(now + timedelta(seconds=6), is_alone=True) == [(channel.pk, True)]


def test_retry_after_holds_the_whole_channel_back(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org, incident_key="account|actor:usr_1")
    fire(org, incident_key="account|actor:usr_2")
    receiver.status, receiver.answer_headers = 429, {"Retry-After": "120"}
    assert deliverer.drain(channel.pk) == 1
    assert len(receiver.received) == 1
    clock.advance_ms(119_000)
    assert deliverer.drain(channel.pk) == 0
    receiver.status, receiver.answer_headers = 200, {}
    clock.advance_ms(1_000)
    assert deliverer.drain(channel.pk) == 2


def test_410_switches_the_channel_off(org: Organization, receiver: Receiver, deliverer: Deliverer, at_once: None) -> None:
    MembershipFactory(org=org, role=Role.OWNER, user__email="owner@shop.example")
    channel, other = make_channel(org, url=receiver.url), make_channel(org, name="Other")
    fire(org, incident_key="account|actor:usr_1")
    fire(org, incident_key="account|actor:usr_2")
    receiver.status = 410
    assert deliverer.drain(channel.pk) == 1
    channel.refresh_from_db()
    assert (channel.is_enabled, channel.health) == (False, "off")
    assert "410" in channel.disabled_reason
    assert {one.status for one in Delivery.objects.filter(channel=channel)} == {"failed"}
    told = Delivery.objects.get(channel=other, notification__occasion="channel.disabled")
    assert "Hook" in told.notification.message["title"]
    assert AuditEntry.objects.filter(org_id=org.pk, action="channel.disabled").count() == 1
    assert [(one.to, "Hook" in one.body) for one in mail.outbox] == [(["owner@shop.example"], True)]
    fire(org, incident_key="account|actor:usr_3")
    assert Delivery.objects.filter(channel=channel).count() == 2


@pytest.fixture
def at_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the mails of accounts at once instead of behind the back."""
    settings.IS_MAIL_POSSIBLE = True

    class AtOnce:
        def put(self, job: Any) -> None:
            job()

    monkeypatch.setattr(disable, "outbox", AtOnce())
    monkeypatch.setattr(disable.transaction, "on_commit", lambda job: job())


def test_three_days_of_failures_switch_it_off_and_it_can_be_replayed(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    receiver.status = 500
    began_ms = clock.now_ms()
    attempts = 0
    while only(channel).status == "pending":
        clock.advance_ms(max(0, round(seconds_until_due(channel, clock) * 1_000) + 1))
        attempts += deliverer.drain(channel.pk)
    # After 0, 5 s, 5 min, 30 min, 2 h, 5 h, then every 10 hours, and last when three days are over.
    assert attempts in {13, 14}  # by the jitter
    assert clock.now_ms() - began_ms == pytest.approx(3 * DAY_MS, abs=HOUR_MS)
    channel.refresh_from_db()
    assert (only(channel).status, channel.is_enabled) == ("failed", False)
    assert channel.disabled_reason.startswith("It failed for 3 days")
    receiver.status = 200
    channel = change_channel(channel, is_enabled=True, who=WHO)
    assert replay_failed(channel, since=datetime.fromtimestamp(NOW_MS / 1_000, UTC), who=WHO) == 1
    assert deliverer.drain(channel.pk) == 1
    assert (only(channel).status, len(set(receiver.ids))) == ("delivered", 1)


def test_only_what_was_missed_is_sent_again_and_how_it_ended(
    org: Organization, receiver: Receiver, deliverer: Deliverer
) -> None:
    channel = make_channel(org, url=receiver.url)
    now = timezone.now()
    routes = Route.objects.filter(channel=channel)
    routes.update(quiet_from=(now - timedelta(hours=1)).time(), quiet_until=(now + timedelta(hours=1)).time())
    fire(org, incident_key="account|actor:superseded", title="superseded", severity=AlertSeverity.HIGH)
    fire(org, incident_key="account|actor:superseded", title="superseded", severity=AlertSeverity.CRITICAL)
    mark_safe(fire(org, incident_key="account|actor:untold", title="untold"), who=WHO)
    ended = fire(org, incident_key="account|actor:ended", title="ended")
    fire(org, incident_key="account|actor:open", title="open")
    change_channel(channel, is_enabled=False, who=WHO)
    mark_safe(ended, who=WHO)
    change_channel(channel, is_enabled=True, who=WHO)
    assert replay_failed(channel, since=now - timedelta(days=1), who=WHO) == 3
    deliverer.drain(channel.pk)
    bodies = [msgspec.json.decode(one.body) for one in receiver.received]
    assert [(one["title"], one["type"], one["status"]) for one in bodies] == [
        ("superseded", "alert.created", "open"),
        ("ended", "alert.created", "dismissed"),
        ("open", "alert.created", "open"),
        ("ended", "alert.closed", "dismissed"),
    ]
    assert replay_failed(channel, since=now - timedelta(days=1), who=WHO) == 0


def test_a_delivered_one_is_replayed_with_the_same_id(org: Organization, receiver: Receiver, deliverer: Deliverer) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    deliverer.drain(channel.pk)
    replay(only(channel), who=WHO)
    assert deliverer.drain(channel.pk) == 1
    assert len(receiver.received) == 2
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.received}) == 1


def test_of_very_many_attempts_the_newest_are_kept(
    org: Organization, receiver: Receiver, deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litesoc_server.notify.replay.ATTEMPTS_KEPT_MAX", 3)
    channel = make_channel(org, url=receiver.url)
    for key in ("account|actor:usr_1", "account|actor:usr_2"):
        fire(org, incident_key=key)
    deliverer.drain(channel.pk)
    first, second = Delivery.objects.filter(channel=channel).order_by("created_at")
    for status in (500, 501, 502, 503, 204):
        receiver.status = status
        replay(first, who=WHO)
        deliverer.drain(channel.pk)
    assert list(first.attempts.values_list("status", flat=True)) == [204, 503, 502, 501]  # three, and the last one
    assert second.attempts.count() == 1


def test_order_within_a_thread_is_kept_through_failures(
    org: Organization, receiver: Receiver, deliverer: Deliverer, clock: ManualClock
) -> None:
    channel = make_channel(org, url=receiver.url)
    fire(org)
    receiver.status = 500
    deliverer.drain(channel.pk)
    fire(org, severity=AlertSeverity.HIGH, last_seen_ms=NOW_MS + 1_000)
    receiver.status = 200
    assert deliverer.drain(channel.pk) == 0  # the first one waits for its turn, and the second for the first
    clock.advance_ms(6_000)
    assert deliverer.drain(channel.pk) == 2
    types = [msgspec.json.decode(one.body)["type"] for one in receiver.received]
    assert types == ["alert.created", "alert.created", "alert.updated"]


def test_a_rotated_secret_signs_beside_the_one_before(org: Organization, receiver: Receiver, deliverer: Deliverer) -> None:
    channel = make_channel(org, url=receiver.url)
    before = webhook_secret(channel)
    after = rotate_webhook_secret(channel, who=WHO)
    fire(org)
    deliverer.drain(channel.pk)
    request = receiver.received[0]
    for secret in (before, after):
        Webhook(secret).verify(request.body, dict(request.headers))
    assert len(request.headers["webhook-signature"].split(" ")) == 3
    assert before not in str(AuditEntry.objects.filter(org_id=org.pk).values_list("body", flat=True))


def test_what_is_refused_at_sending_fails_for_good(org: Organization, deliverer: Deliverer, settings: Any) -> None:
    channel = make_channel(org, url=NOBODY)
    fire(org)
    settings.EGRESS_POLICY = EgressPolicy()
    assert deliverer.drain(channel.pk) == 1
    assert only(channel).status == "failed"
    assert "this machine itself" in only(channel).reason


def test_a_test_is_sent_at_once_and_never_again(org: Organization, receiver: Receiver, deliverer: Deliverer) -> None:
    channel = make_channel(org, url=receiver.url)
    assert send_test(channel).is_success
    assert msgspec.json.decode(receiver.received[0].body)["type"] == "test"
    receiver.status = 500
    failed = send_test(channel)
    assert (failed.is_success, failed.status) == (False, 500)
    assert deliverer.drain(channel.pk) == 0
    channel.refresh_from_db()
    assert (channel.failing_since, channel.last_failure) == (None, "the receiver answered with status 500")


def look_again(deliverer: Deliverer, receiver: Receiver) -> bool:
    deliverer.look()
    return receiver.arrived.acquire(timeout=0.1)


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_hangs_does_not_delay_another(receiver: Receiver, deliverer: Deliverer, org: Organization) -> None:
    with receiving() as dead:
        dead.hangs.set()
        slow, quick = make_channel(org, name="Slow", url=dead.url), make_channel(org, name="Quick", url=receiver.url)
        fire(org, incident_key="account|actor:usr_1")
        deliverer.look()
        assert dead.arrived.acquire(timeout=10)
        assert receiver.arrived.acquire(timeout=10)
        fire(org, incident_key="account|actor:usr_2")
        # More than once, as its loop does: a thread that has just found nothing more is not yet free.
        wait_until(lambda: look_again(deliverer, receiver), bool, what="the second message")
        assert len(dead.received) == 1  # one at a time
        assert Channel.objects.get(pk=slow.pk).lease_id is not None
        dead.hangs.clear()
        dead.released.set()
        assert dead.arrived.acquire(timeout=10)  # the second one follows
        wait_until_idle(deliverer, slow, quick)


@pytest.mark.django_db(transaction=True)
def test_channels_that_answer_slowly_do_not_take_all_threads(
    receiver: Receiver, clock: ManualClock, org: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "WORKING_THREADS", 1)
    monkeypatch.setattr(deliver, "SLOW_S", 0.2)
    deliverer = deliver.Deliverer(clock=clock)
    with receiving() as unhurried:
        unhurried.delay_s = 0.5
        slow = make_channel(org, name="Slow", url=unhurried.url)
        for number in range(6):
            fire(org, incident_key=f"account|actor:usr_{number}")
        deliverer.look()
        assert unhurried.arrived.acquire(timeout=10)
        quick = make_channel(org, name="Quick", url=receiver.url)
        fire(org, incident_key="account|actor:usr_9")
        deliverer.look()
        assert receiver.arrived.acquire(timeout=10)
        assert len(unhurried.received) <= 2  # its turn ended with the first slow answer
        for _ in range(3):
            wait_until_idle(deliverer, slow, quick)
            deliverer.look()  # it goes on, in the small pool
            assert unhurried.arrived.acquire(timeout=10)
        unhurried.released.set()
        wait_until_idle(deliverer, slow, quick)
    deliverer.close()


def wait_until_idle(deliverer: Deliverer, *channels: Channel) -> None:
    pause = threading.Event()
    for _ in range(200):
        if not Channel.objects.filter(pk__in=[one.pk for one in channels], lease_id__isnull=False).exists():
            return
        pause.wait(0.05)
    raise AssertionError("still busy")
