"""An alert that is opened again is told of like a new one, to those who heard that it was closed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from litesoc_server.alerts.bulk import start_bulk, step_bulk
from litesoc_server.alerts.bulk_undo import start_undo, step_undo
from litesoc_server.alerts.lifecycle import acknowledge, reopen, resolve
from litesoc_server.alerts.models import Action, Alert, Resolution, Status
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.deliver import Deliverer
from litesoc_server.notify.escalate import escalate_overdue
from litesoc_server.notify.models import Channel, Delivery, EscalationRule, Route
from litesoc_server.notify.route_changes import add_rule
from litesoc_server.orgs.models import Organization
from notify_factories import WHO, fire, make_channel
from webhook_receiver import Receiver, receiving

FEEDBACK: Any = None  # only marking as safe asks for it


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def occasions(channel: Channel) -> list[str]:
    of_channel = Delivery.objects.filter(channel=channel).order_by("created_at", "pk")
    return list(of_channel.values_list("notification__occasion", flat=True))


def closed(org: Organization, **changes: Any) -> Alert:
    return resolve(fire(org, **changes), resolution=Resolution.OTHER, who=WHO)


def reopen_many(alert: Alert) -> None:
    bulk = start_bulk(alert.org, Environment.LIVE, Action.REOPEN, [(alert.pk, alert.revision)], who=WHO)
    assert step_bulk(bulk, parts=FEEDBACK).changed_count == 1


def resolve_and_undo(alert: Alert) -> None:
    """Take back a decision that was made in the dashboard, where each is a bulk change."""
    alert = reopen(alert, who=WHO)
    targets = [(alert.pk, alert.revision)]
    bulk = start_bulk(alert.org, Environment.LIVE, Action.RESOLVE, targets, who=WHO, resolution=Resolution.OTHER)
    undone = step_undo(start_undo(step_bulk(bulk, parts=FEEDBACK)), who=WHO)
    assert undone.undone_count == 1


@pytest.mark.parametrize("way", [lambda alert: reopen(alert, who=WHO), reopen_many, resolve_and_undo])
def test_every_way_of_opening_it_again_is_told(
    org: Organization, receiver: Receiver, clock: ManualClock, way: Callable[[Alert], object]
) -> None:
    channel = make_channel(org, url=receiver.url)
    alert = closed(org)
    way(alert)
    deliverer = Deliverer(clock=clock)
    deliverer.drain(channel.pk)
    deliverer.close()
    bodies = [msgspec.json.decode(one.body) for one in receiver.received]
    assert [one["type"] for one in bodies[:3]] == ["alert.created", "alert.closed", "alert.reopened"]
    assert (bodies[-1]["type"], bodies[-1]["id"], bodies[-1]["status"]) == ("alert.reopened", str(alert.pk), "open")
    assert bodies[-1]["summary"].startswith("Reopened by ops@shop.example. ")


def test_undoing_a_reopening_tells_of_the_end_again(org: Organization) -> None:
    channel = make_channel(org)
    alert = closed(org)
    bulk = start_bulk(org, Environment.LIVE, Action.REOPEN, [(alert.pk, alert.revision)], who=WHO)
    step_undo(start_undo(step_bulk(bulk, parts=FEEDBACK)), who=WHO)
    assert occasions(channel) == ["alert.created", "alert.closed", "alert.reopened", "alert.closed"]


def test_opened_again_as_somebodys_it_pages_and_says_so(org: Organization) -> None:
    channel = make_channel(org)
    alert = acknowledge(fire(org), who=WHO)
    targets = [(alert.pk, alert.revision)]
    bulk = start_bulk(org, Environment.LIVE, Action.RESOLVE, targets, who=WHO, resolution=Resolution.OTHER)
    step_undo(start_undo(step_bulk(bulk, parts=FEEDBACK)), who=WHO)
    assert Alert.objects.get(pk=alert.pk).status == Status.ACKNOWLEDGED
    assert occasions(channel)[2:] == ["alert.closed", "alert.reopened", "alert.acknowledged"]


def test_who_never_heard_of_the_end_hears_nothing_of_the_beginning(org: Organization) -> None:
    channel = make_channel(org)
    Route.objects.filter(channel=channel).update(tells_settled=False)
    reopen(closed(org), who=WHO)
    assert occasions(channel) == ["alert.created"]


def test_what_was_settled_before_anybody_was_told_is_told_when_it_is_open_again(org: Organization) -> None:
    channel, now = make_channel(org), timezone.now()
    Route.objects.filter(channel=channel).update(
        quiet_from=(now - timedelta(hours=1)).time(), quiet_until=(now + timedelta(hours=1)).time()
    )
    reopen(closed(org), who=WHO)
    told = Delivery.objects.filter(channel=channel, status="pending").get()
    assert told.notification.occasion == "alert.reopened"
    assert told.due_at > now + timedelta(minutes=59)


def test_a_critical_one_does_not_wait_for_the_morning(org: Organization) -> None:
    channel, now = make_channel(org), timezone.now()
    Route.objects.filter(channel=channel).update(
        quiet_from=(now - timedelta(hours=1)).time(), quiet_until=(now + timedelta(hours=1)).time()
    )
    reopen(closed(org, severity=AlertSeverity.CRITICAL), who=WHO)
    told = Delivery.objects.get(channel=channel, notification__occasion="alert.reopened")
    assert told.due_at <= timezone.now()


def test_escalation_counts_from_then_and_speaks_again(org: Organization) -> None:
    boss = make_channel(org, name="Boss")
    Route.objects.filter(channel=boss).delete()
    rule = add_rule(boss, min_severity=AlertSeverity.HIGH, after_minutes=15, who=WHO)
    now = timezone.now()
    EscalationRule.objects.filter(pk=rule.pk).update(created_at=now - timedelta(days=9))
    alert = fire(org, severity=AlertSeverity.HIGH)
    Alert.objects.filter(pk=alert.pk).update(created_at=now - timedelta(days=5))  # older than what is escalated late
    resolve(alert, resolution=Resolution.OTHER, who=WHO)
    reopen(alert, who=WHO)
    assert escalate_overdue(now + timedelta(minutes=14)) == 0
    assert escalate_overdue(now + timedelta(minutes=16)) == 1
    assert escalate_overdue(now + timedelta(minutes=17)) == 0
    resolve(alert, resolution=Resolution.OTHER, who=WHO)
    reopen(alert, who=WHO)
    assert escalate_overdue(timezone.now() + timedelta(minutes=16)) == 1
    assert occasions(boss) == ["alert.escalated"] * 2
