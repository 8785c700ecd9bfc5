"""Digests, escalation, quiet hours and what many waiting messages become."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from control_factories import NOW_MS, make_alert
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe, reopen
from litesoc_server.alerts.models import Alert, AlertDetection
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.notify import outbox, sum_up
from litesoc_server.notify.channel_changes import add_channel
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.digests import SETTLES_WITHIN, send_due_digests
from litesoc_server.notify.escalate import escalate_overdue
from litesoc_server.notify.models import Channel, Delivery, Digest, EscalationRule, Notification, Route
from litesoc_server.notify.route_changes import add_rule, mute_channel
from litesoc_server.orgs.models import Organization
from notify_factories import WHO, fire, make_channel
from webhook_receiver import receiving

MORNING = datetime(2026, 5, 29, 8, tzinfo=UTC)
SENT = MORNING + SETTLES_WITHIN  # when the digest of the morning is


def alert_at(org: Organization, at: datetime, **changes: Any) -> Alert:
    alert = make_alert(org, **changes)
    Alert.objects.filter(pk=alert.pk).update(created_at=at)
    AlertDetection.objects.filter(alert=alert).update(applied_at=at)
    return alert


def grow(alert: Alert, at: datetime, **changes: Any) -> None:
    """Let one more detection come to ``alert``."""
    fire(alert.org, incident_key=alert.incident_key, **changes)
    AlertDetection.objects.filter(pk=AlertDetection.objects.latest("pk").pk).update(applied_at=at)


def settle(alert: Alert, at: datetime, *, until: datetime) -> None:
    """Mark ``alert`` as safe, and open it again."""
    reopen(mark_safe(alert, who=WHO), who=WHO)
    for transition, moment in zip(alert.transitions.order_by("-revision")[:2], (until, at), strict=True):
        transition.at = moment
        transition.save(update_fields=["at"])


def digest_of(channel: Channel) -> dict[str, Any]:
    message: dict[str, Any] = Delivery.objects.get(channel=channel).notification.message
    return message


def keep_quiet(org: Organization) -> datetime:
    """Let it be night for all channels; return when it ends."""
    ends = timezone.now() + timedelta(hours=1)
    Route.objects.filter(org=org).update(quiet_from=(ends - timedelta(hours=2)).time(), quiet_until=ends.time())
    return ends


@pytest.fixture
def daily(org: Organization) -> Channel:
    """Return a channel that gets a digest at 8 o'clock UTC."""
    channel = make_channel(org)
    Route.objects.filter(channel=channel).update(digest=Digest.DAILY, digested_until=MORNING - timedelta(days=1))
    return channel


def test_a_digest_has_figures_of_its_period_beside_the_one_before(org: Organization, daily: Channel) -> None:
    for hours, severity in (
        (1, AlertSeverity.HIGH),
        (2, AlertSeverity.MEDIUM),
        (2, AlertSeverity.LOW),
        (30, AlertSeverity.HIGH),
    ):
        alert_at(org, MORNING - timedelta(hours=hours), severity=severity)
    settled = alert_at(org, MORNING - timedelta(hours=23), severity=AlertSeverity.HIGH, title="Settled already")
    mark_safe(settled, who=WHO)
    alert_at(org, MORNING, severity=AlertSeverity.HIGH)  # belongs to the next
    assert not Delivery.objects.exists()
    assert send_due_digests(SENT - timedelta(seconds=1)) == 0  # what was made in the last moment may not be seen yet
    assert send_due_digests(SENT) == 1
    assert send_due_digests(MORNING + timedelta(hours=23)) == 0
    message = digest_of(daily)
    assert message["title"] == "3 alerts in the last day"
    assert message["summary"] == "3 alerts, 2 more than in the day before; 2 not settled yet."
    figures = {one["label"]: (one["value"], one["before"]) for one in message["figures"]}
    assert figures == {"Alerts": (3, 1), "High": (2, 1), "Medium": (1, 0), "Not settled": (2, None)}
    assert sum(one["value"] for one in message["bars"]) == 3
    assert [one["label"] for one in message["bars"] if one["value"]] == ["09", "06", "07"]
    assert "Settled already" in [one["title"] for one in message["lines"]]


def test_nothing_happened_and_nothing_is_said(daily: Channel) -> None:
    assert send_due_digests(SENT) == 0
    assert Route.objects.get(channel=daily).digested_until == MORNING


def test_after_a_time_without_a_server_the_digest_begins_where_the_last_ended(org: Organization, daily: Channel) -> None:
    alert_at(org, MORNING + timedelta(hours=1))
    assert send_due_digests(MORNING + timedelta(days=3)) == 1
    assert digest_of(daily)["figures"][0]["value"] == 1


@pytest.mark.parametrize(
    ("environments", "label", "page"),
    [(["live"], "live", "live"), (["test"], "test", "test"), (["live", "test"], "live and test", "live")],
)
def test_a_digest_says_which_environment_its_alerts_are_of(
    org: Organization, daily: Channel, settings: Any, environments: list[str], label: str, page: str
) -> None:
    settings.PUBLIC_URL = "https://soc.example.com"
    Route.objects.filter(channel=daily).update(includes_test=True)
    for environment in environments:
        alert_at(org, MORNING - timedelta(hours=1), environment=environment, title=f"Of {environment}")
    assert send_due_digests(SENT) == 1
    message = digest_of(daily)
    assert message["environment"] == label
    assert message["url"].endswith(f"/{page}/alerts/")
    assert {one["title"] for one in message["lines"]} == {
        {"live": "Of live", "test": "Of test (test)"}[e] for e in environments
    }


def test_digests_wait_for_quiet_hours_to_end_and_hold_what_came_in_them(org: Organization, daily: Channel) -> None:
    routes = Route.objects.filter(channel=daily)
    routes.update(digest=Digest.HOURLY, quiet_from=time(22), quiet_until=time(7), time_zone="Europe/Berlin")
    night = datetime(2026, 10, 24, 19, tzinfo=UTC)  # 21:00, of the night in which the clock is put back
    routes.update(digested_until=night)
    for hour in (0.5, 2, 5, 8, 10.5):
        alert_at(org, night + timedelta(hours=hour))
    assert send_due_digests(night + timedelta(minutes=59)) == 0  # 21:59: the hour is not over
    assert [send_due_digests(night + timedelta(minutes=minutes)) for minutes in range(60, 11 * 60, 30)] == [0] * 20
    assert send_due_digests(night + timedelta(hours=11)) == 0  # 07:00
    assert send_due_digests(night + timedelta(hours=11) + SETTLES_WITHIN) == 1
    message = digest_of(daily)
    assert message["title"] == "5 alerts since 2026-10-24 21:00"
    assert message["summary"] == "5 alerts, 5 more than in the time before; 5 not settled yet."
    assert sum(one["value"] for one in message["bars"]) == 5


def told_in_digests(*mornings: datetime) -> list[list[str]]:
    """Return the titles in the digest of each of ``mornings``, sorted."""
    told = []
    for morning in mornings:
        known = list(Notification.objects.values_list("pk", flat=True))
        send_due_digests(morning + SETTLES_WITHIN)
        messages = Notification.objects.exclude(pk__in=known).values_list("message", flat=True)
        told.append(sorted(line["title"] for message in messages for line in message["lines"]))
    return told


def test_an_alert_is_in_the_digest_of_the_time_in_which_it_became_one_for_the_route(
    org: Organization, daily: Channel
) -> None:
    day = timedelta(days=1)
    routes = Route.objects.filter(channel=daily)
    routes.update(min_severity="high", detectors=["password_spray"])
    early, late = MORNING - timedelta(hours=20), MORNING + timedelta(hours=20)
    watched = {"detector": "password_spray", "severity": AlertSeverity.HIGH}
    alert_at(org, early, title="At once", **watched)
    grown = alert_at(org, early, title="Was mild", detector="password_spray")
    joined = alert_at(org, early, title="Joined", severity=AlertSeverity.HIGH)
    grow(grown, late, title="Severe", **watched)
    grow(grown, late + timedelta(hours=1), title="Severe", **watched)
    grow(grown, MORNING + 2 * day, title="Severe", **watched)
    grow(joined, late, title="Joined", **watched)
    grow(alert_at(org, early, title="Other"), late, title="Never watched", severity=AlertSeverity.HIGH)
    assert told_in_digests(MORNING, MORNING + day, MORNING + 2 * day, MORNING + 3 * day) == [
        ["At once"],
        ["Joined", "Severe"],
        [],
        [],
    ]
    message = Notification.objects.latest("created_at").message
    assert message["figures"][0] == {"label": "Alerts", "value": 2, "before": 1}
    assert [(one["label"], one["value"]) for one in message["bars"] if one["value"]] == [("04", 2)]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [("impossible_travel", [[], ["Grown"]]), ("rate_limit_exceeded", [["Grown"], []])],  # of which no detector is
)
def test_an_alert_becomes_one_of_the_types_of_a_route(
    org: Organization, daily: Channel, wanted: str, told: list[list[str]]
) -> None:
    Route.objects.filter(channel=daily).update(alert_types=[wanted])
    alert = alert_at(org, MORNING - timedelta(hours=1))
    found = {"detector": wanted, "alert_type": AlertType(wanted), "severity": AlertSeverity.HIGH}
    grow(alert, MORNING + timedelta(hours=1), title="Grown", **found)
    assert told_in_digests(MORNING, MORNING + timedelta(days=1)) == told


def test_what_was_settled_in_an_earlier_time_and_is_open_again_comes_up_again(org: Organization, daily: Channel) -> None:
    day, hour = timedelta(days=1), timedelta(hours=1)
    early = MORNING - timedelta(hours=20)
    settle(alert_at(org, early, title="Missed"), early + hour, until=MORNING + hour)
    settle(alert_at(org, early, title="A slip"), MORNING + hour, until=MORNING + 2 * hour)
    settle(alert_at(org, early, title="A slip of the first day"), early + hour, until=early + 2 * hour)
    first = ["A slip", "A slip of the first day", "Missed"]
    assert told_in_digests(MORNING, MORNING + day, MORNING + 2 * day) == [first, ["Missed"], []]


def test_the_first_digest_after_a_change_begins_there(org: Organization, daily: Channel) -> None:
    Route.objects.filter(channel=daily).update(digested_until=MORNING - timedelta(hours=3))
    alert_at(org, MORNING - timedelta(hours=4))  # was told before
    alert_at(org, MORNING - timedelta(hours=2))
    assert send_due_digests(SENT) == 1
    assert digest_of(daily)["title"] == "1 alert since 2026-05-29 05:00"


def test_critical_alerts_do_not_wait_for_the_digest(org: Organization, daily: Channel) -> None:
    fire(org, severity=AlertSeverity.CRITICAL)
    assert Delivery.objects.get(channel=daily).notification.occasion == "alert.created"


def test_nobody_acknowledges_so_another_channel_is_told_once(org: Organization) -> None:
    channel, boss = make_channel(org), make_channel(org, name="Boss")
    Route.objects.filter(channel=boss).delete()
    add_rule(boss, min_severity=AlertSeverity.HIGH, after_minutes=15, who=WHO)
    seen = fire(org, severity=AlertSeverity.HIGH, incident_key="account|actor:usr_1")
    unseen = fire(org, severity=AlertSeverity.HIGH, incident_key="account|actor:usr_2")
    fire(org, severity=AlertSeverity.MEDIUM, incident_key="account|actor:usr_3")
    acknowledge(seen, who=WHO)
    now = timezone.now()
    assert escalate_overdue(now + timedelta(minutes=14)) == 0
    assert escalate_overdue(now + timedelta(minutes=16)) == 1
    assert escalate_overdue(now + timedelta(minutes=17)) == 0
    told = Delivery.objects.get(channel=boss)
    assert (told.notification.occasion, told.notification.alert) == ("alert.escalated", unseen)
    assert told.notification.note == "Nobody acknowledged it within 15 minutes."
    created = Delivery.objects.filter(channel=channel, notification__occasion="alert.created")
    assert created.count() == 3


def test_the_minutes_begin_when_it_is_as_severe_as_the_rule_says(org: Organization) -> None:
    boss = make_channel(org, name="Boss")
    rule = add_rule(boss, min_severity=AlertSeverity.HIGH, after_minutes=15, who=WHO)
    now = timezone.now()
    EscalationRule.objects.filter(pk=rule.pk).update(created_at=now - timedelta(days=9))
    alert = alert_at(org, now - timedelta(hours=26))
    assert escalate_overdue(now) == 0
    grow(alert, now, severity=AlertSeverity.HIGH)
    grow(alert, now + timedelta(minutes=10), severity=AlertSeverity.CRITICAL)
    assert escalate_overdue(now + timedelta(minutes=14)) == 0
    assert escalate_overdue(now + timedelta(minutes=16)) == 1
    assert escalate_overdue(now + timedelta(minutes=40)) == 0


def test_what_a_full_channel_leaves_out_is_counted_once(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "PENDING_MAX", 0)
    boss = make_channel(org, name="Boss")
    Route.objects.filter(channel=boss).delete()
    add_rule(boss, min_severity=AlertSeverity.HIGH, after_minutes=15, who=WHO)
    fire(org, severity=AlertSeverity.HIGH)
    later = timezone.now() + timedelta(minutes=16)
    assert [escalate_overdue(later + timedelta(seconds=5 * number)) for number in range(3)] == [0, 0, 0]
    boss.refresh_from_db()
    assert boss.left_out_count == 1


def test_what_quiet_hours_hold_back_is_said_once_as_it_is_then(org: Organization) -> None:
    make_channel(org)
    keep_quiet(org)
    fire(org)
    worse = fire(org, severity=AlertSeverity.HIGH)
    assert [one.status for one in Delivery.objects.order_by("created_at")] == ["cancelled", "pending"]
    fire(org, severity=AlertSeverity.CRITICAL)
    assert [one.status for one in Delivery.objects.order_by("created_at")] == ["cancelled", "cancelled", "pending"]
    assert {one.notification.occasion for one in Delivery.objects.all()} == {"alert.created"}, "the first word"
    assert Delivery.objects.latest("created_at").due_at <= timezone.now()
    settled = fire(org, incident_key="account|actor:usr_1")
    mark_safe(settled, who=WHO)
    of_settled = Delivery.objects.filter(notification__alert=settled)
    assert [(one.status, one.notification.occasion) for one in of_settled] == [("cancelled", "alert.created")]
    assert worse != settled


def test_who_was_paged_by_night_is_called_off_by_night(org: Organization) -> None:
    hook = make_channel(org)
    push = add_channel(org, kind="ntfy", name="Push", settings={"server": "http://127.0.0.1:9", "topic": "x"}, who=WHO)
    night_ends = keep_quiet(org)
    paged = fire(org, severity=AlertSeverity.CRITICAL)
    fire(org, detector="password_spray", last_seen_ms=NOW_MS + 1_000)
    acknowledge(paged, who=WHO)
    mark_safe(paged, who=WHO)
    due = {
        (one.channel, one.notification.occasion): one.due_at
        for one in Delivery.objects.exclude(notification__occasion="alert.created")
    }
    assert due[hook, "alert.acknowledged"] <= timezone.now()
    assert due[hook, "alert.closed"] <= timezone.now()
    assert due[push, "alert.closed"] == night_ends


def test_an_acknowledgement_comes_behind_an_alert_that_waits(org: Organization) -> None:
    channel = make_channel(org)
    night_ends = keep_quiet(org)
    alert = acknowledge(fire(org), who=WHO)
    waiting = Delivery.objects.filter(channel=channel, status="pending").order_by("due_at", "created_at")
    assert [one.notification.occasion for one in waiting] == ["alert.created", "alert.acknowledged"]
    assert {one.due_at for one in waiting} == {night_ends}
    mark_safe(alert, who=WHO)
    assert [one.status for one in Delivery.objects.all()] == ["cancelled"] * 2


def test_a_muted_channel_hears_nothing_new_until_then_but_escalations(org: Organization) -> None:
    channel = make_channel(org)
    add_rule(channel, min_severity=AlertSeverity.CRITICAL, after_minutes=15, who=WHO)
    mute_channel(channel, timezone.now() + timedelta(hours=1), who=WHO)
    fire(org, severity=AlertSeverity.CRITICAL)
    assert not Delivery.objects.exists()
    assert escalate_overdue(timezone.now() + timedelta(minutes=16)) == 1
    Delivery.objects.all().delete()
    mute_channel(channel, None, who=WHO)
    fire(org, incident_key="account|actor:usr_1")
    assert Delivery.objects.count() == 1


def test_very_many_that_wait_for_people_are_summed_up(
    org: Organization, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sum_up, "SUMMED_UP_FROM", 3)
    with receiving() as receiver:
        channel = make_channel(org, url=receiver.url)
        for number in range(4):
            fire(org, incident_key=f"account|actor:usr_{number}")
        assert not sum_up.sum_up_if_many(channel.pk, datetime.fromtimestamp(clock.now_ms() / 1_000, UTC)), "machines get all"
        monkeypatch.setattr(sum_up, "FOR_MACHINES", frozenset())
        deliverer = Deliverer(clock=clock)
        assert deliverer.drain(channel.pk) == 1
        deliverer.close()
        body = msgspec.json.decode(receiver.received[0].body)
    assert (body["type"], body["title"]) == ("digest", "4 alerts waited for this channel")
    assert len(body["alerts"]) == 4
    assert Delivery.objects.filter(status="cancelled", reason=sum_up.SUMMED_UP).count() == 4
    assert Notification.objects.filter(occasion="digest").count() == 1


def test_quiet_hours_are_local(org: Organization) -> None:
    channel = make_channel(org)
    Route.objects.filter(channel=channel).update(
        quiet_from=time(0), quiet_until=time(23, 59, 59, 999_999), time_zone="Pacific/Kiritimati"
    )
    fire(org)
    assert Delivery.objects.get().due_at > timezone.now()
