"""One alert is one thread: through the outbox to doubles of Slack's and Telegram's documented endpoints, over real TLS."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_httpserver import HTTPServer

from control_factories import NOW_MS
from litesoc_server.alerts.lifecycle import mark_safe
from litesoc_server.alerts.models import Alert
from litesoc_server.clock import ManualClock
from litesoc_server.destinations.fields import SettingRefused
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.channel_changes import add_channel, change_channel
from litesoc_server.notify.channels.base import DeliveryFailed
from litesoc_server.notify.channels.registry import KINDS
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.expiry import delete_old_deliveries
from litesoc_server.notify.models import Channel, Delivery, Route, ThreadStart
from litesoc_server.notify.replay import replay
from litesoc_server.notify.send_test import send_test
from litesoc_server.orgs.models import Organization
from notify_factories import LOOPBACK, WHO, fire
from notify_messages import OPENED
from vendor_double import LOOPBACK_TOO, Authority, authority, vendor

__all__ = ["authority"]  # a fixture

TOKEN, ROOM = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOHcb", "C012AB3CD"
POST = "/api/chat.postMessage"


@pytest.fixture
def slack(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    with vendor(monkeypatch, authority, "slack.com") as server:
        yield server


@pytest.fixture
def telegram(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    with vendor(monkeypatch, authority, "api.telegram.org") as server:
        yield server


@pytest.fixture
def deliverer(clock: ManualClock) -> Iterator[Deliverer]:
    made = Deliverer(clock=clock)
    yield made
    made.close()


def slack_channel(org: Organization) -> Channel:
    return add_channel(org, kind="slack_bot", name="Team", settings={"token": TOKEN, "channel": ROOM}, who=WHO)


def answers(server: HTTPServer, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        server.expect_ordered_request(POST, method="POST").respond_with_json(body)


def posted(ts: str) -> dict[str, Any]:
    """Return what Slack answers. It repeats the message, which makes the answer long."""
    return {"ok": True, "channel": ROOM, "ts": ts, "message": {"text": "x" * 20_000, "type": "message", "ts": ts}}


def refused(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


def threads_of(server: HTTPServer) -> list[tuple[str | None, bool | None]]:
    """Return of each request what it answers, and whether the whole channel sees it."""
    return [(request.json.get("thread_ts"), request.json.get("reply_broadcast")) for request, _ in server.log]


def test_what_follows_answers_what_came_first(org: Organization, slack: HTTPServer, deliverer: Deliverer) -> None:
    answers(slack, *(posted(f"1503435956.00000{number}") for number in range(5)))
    channel = slack_channel(org)
    fire(org, severity=AlertSeverity.MEDIUM)
    deliverer.drain(channel.pk)
    fire(org, detector="password_spray", severity=AlertSeverity.MEDIUM, last_seen_ms=NOW_MS + 1_000)
    deliverer.drain(channel.pk)
    alert = fire(org, severity=AlertSeverity.HIGH, last_seen_ms=NOW_MS + 2_000)
    mark_safe(alert, who=WHO)
    fire(org, incident_key="account|actor:usr_2")
    deliverer.drain(channel.pk)
    first = "1503435956.000000"
    assert threads_of(slack) == [
        (None, None),
        (first, False),  # another detector joined in
        (first, True),  # it became more severe
        (first, True),  # closed
        (None, None),  # another alert
    ]
    assert {request.json["channel"] for request, _ in slack.log} == {ROOM}
    assert Delivery.objects.filter(channel=channel, status="delivered").count() == 5


@pytest.mark.parametrize("error", ["cannot_reply_to_message", "restricted_action_thread_locked"])
def test_where_the_thread_is_gone_another_begins(
    org: Organization, slack: HTTPServer, deliverer: Deliverer, error: str
) -> None:
    answers(slack, posted("1.1"), refused(error), posted("2.2"), posted("3.3"))
    channel = slack_channel(org)
    alert = fire(org, severity=AlertSeverity.MEDIUM)
    deliverer.drain(channel.pk)
    fire(org, severity=AlertSeverity.HIGH, last_seen_ms=NOW_MS + 1_000)
    mark_safe(alert, who=WHO)
    deliverer.drain(channel.pk)
    assert [one for one, _ in threads_of(slack)] == [None, "1.1", None, "2.2"]
    logged = Delivery.objects.get(channel=channel, notification__occasion="alert.updated").attempts.get()
    assert (logged.is_success, logged.request.count("POST https://slack.com"), TOKEN in logged.request) == (True, 2, False)


def test_digests_and_tests_begin_no_thread_and_answer_none(org: Organization, slack: HTTPServer) -> None:
    answers(slack, posted("1.1"), posted("2.2"))
    channel = slack_channel(org)
    assert send_test(channel).is_success
    assert send_test(channel).is_success
    assert threads_of(slack) == [(None, None)] * 2
    assert not ThreadStart.objects.exists()


def test_another_place_knows_nothing_of_the_thread(org: Organization, slack: HTTPServer, deliverer: Deliverer) -> None:
    answers(slack, posted("1.1"), posted("2.2"))
    channel = slack_channel(org)
    alert = fire(org)
    deliverer.drain(channel.pk)
    change_channel(channel, settings={"channel": "C0ELSEWHERE"}, who=WHO)
    mark_safe(alert, who=WHO)
    deliverer.drain(channel.pk)
    assert threads_of(slack) == [(None, None)] * 2


def test_what_is_sent_again_answers_too(org: Organization, slack: HTTPServer, deliverer: Deliverer) -> None:
    answers(slack, posted("1.1"), posted("2.2"))
    channel = slack_channel(org)
    fire(org)
    deliverer.drain(channel.pk)
    replay(Delivery.objects.get(channel=channel), who=WHO)
    deliverer.drain(channel.pk)
    assert threads_of(slack) == [(None, None), ("1.1", True)]


def test_threads_are_forgotten_with_the_log(org: Organization, slack: HTTPServer, deliverer: Deliverer) -> None:
    answers(slack, posted("1.1"))
    channel = slack_channel(org)
    fire(org)
    deliverer.drain(channel.pk)
    now = timezone.now()
    delete_old_deliveries(now + timedelta(days=29))
    assert ThreadStart.objects.get().message_id == "1.1"
    delete_old_deliveries(now + timedelta(days=31))
    assert not ThreadStart.objects.exists()


@pytest.mark.parametrize(
    ("error", "is_permanent", "is_gone"),
    [
        ("account_inactive", True, True),
        ("token_revoked", True, True),
        ("is_archived", True, True),
        ("msg_too_long", True, False),
        ("invalid_blocks", True, False),
        ("invalid_auth", False, False),
        ("channel_not_found", False, False),
        ("ratelimited", False, False),
        ("internal_error", False, False),
    ],
)
def test_errors_are_for_good_or_for_now(slack: HTTPServer, error: str, *, is_permanent: bool, is_gone: bool) -> None:
    answers(slack, refused(error))
    with pytest.raises(DeliveryFailed) as caught:
        KINDS["slack_bot"].send(OPENED, "d-1", {"token": TOKEN, "channel": ROOM}, LOOPBACK_TOO)
    assert (caught.value.is_permanent, caught.value.is_gone) == (is_permanent, is_gone)
    assert error in caught.value.reason


def test_an_app_that_was_removed_switches_the_channel_off(
    org: Organization, slack: HTTPServer, deliverer: Deliverer
) -> None:
    answers(slack, refused("account_inactive"))
    channel = slack_channel(org)
    fire(org)
    deliverer.drain(channel.pk)
    channel.refresh_from_db()
    assert not channel.is_enabled
    assert "the app was removed" in channel.disabled_reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token": "xoxp-1234567890-abcdef"}, "has to begin with xoxb-"),
        ({"token": "xoxe.xoxb-1-Mi0yLTEyMzQ1"}, "switch token rotation off"),
        ({"channel": "#security"}, "the ID, not the name"),
        ({"channel": ""}, "is missing"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingRefused, match=words):
        KINDS["slack_bot"].check({"token": TOKEN, "channel": ROOM} | changes, LOOPBACK)


def test_the_token_is_sealed(org: Organization, slack: HTTPServer) -> None:
    channel = slack_channel(org)
    assert TOKEN not in channel.sealed_settings
    assert slack.log == []


def test_telegram_replies_to_what_came_first(org: Organization, telegram: HTTPServer, deliverer: Deliverer) -> None:
    def answer(number: int, **more: Any) -> None:
        result = {"message_id": number, "text": "x" * 20_000, **more}
        telegram.expect_ordered_request("/bot123456:AAbbccddeeffgghhiijj/sendMessage").respond_with_json(
            {"ok": True, "result": result}
        )

    answer(7)
    answer(8, reply_to_message={"message_id": 7})
    answer(9)  # somebody deleted the first: Telegram sent it all the same, replying to nothing
    answer(10, reply_to_message={"message_id": 9})
    settings = {"token": "123456:AAbbccddeeffgghhiijj", "chat": "-1001"}
    channel = add_channel(org, kind="telegram", name="Group", settings=settings, who=WHO)
    Route.objects.filter(channel=channel).update(min_severity="low")
    fire(org, severity=AlertSeverity.LOW)
    for step, severity in enumerate((AlertSeverity.MEDIUM, AlertSeverity.HIGH, AlertSeverity.CRITICAL), 1):
        fire(org, severity=severity, last_seen_ms=NOW_MS + step * 1_000)
    deliverer.drain(channel.pk)
    assert Alert.objects.filter(org=org).count() == 1
    replies = [request.json.get("reply_parameters") for request, _ in telegram.log]
    assert replies[0] is None
    assert replies[1:] == [{"message_id": number, "allow_sending_without_reply": True} for number in (7, 7, 9)]
