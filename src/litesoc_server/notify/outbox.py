"""News of alerts become deliveries, in the transaction of the news: what is committed is told, and nothing else."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils import timezone

from litesoc_server.alerts.announcing import News
from litesoc_server.alerts.models import UNSETTLED, Alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.channel_changes import count_left_out
from litesoc_server.notify.channels.registry import FOR_MACHINES
from litesoc_server.notify.compose import thread_of
from litesoc_server.notify.kept_message import compose_if_possible
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus, Notification, Route
from litesoc_server.notify.personal import give_owners_channels
from litesoc_server.notify.routing import Told, due_at, is_muted, quiet_until
from litesoc_server.notify.wake import wake_after_commit
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_rows import plan_of, plans_in_force
from litesoc_server.orgs.plans import Feature
from litesoc_server.telemetry import NOTIFICATIONS_LEFT_OUT

log = logging.getLogger(__name__)

PENDING_MAX = 2_000  # deliveries that wait for one channel; more are counted and shown, not kept
SUPERSEDED = "A later message of the same alert is sent instead."
SETTLED = "The alert was settled before anybody was told."
_IDS = uuid.UUID("5a0f3b1e-9f0b-5d52-9c36-8f1f2f6f7f10")  # drawn once: what ids of notifications are made within


@dataclass(frozen=True, kw_only=True)
class Addressed:
    """One channel, and when something is to be told through it."""

    channel: Channel
    due_at: datetime


def on_news(alerts: Sequence[Alert], news: News) -> None:
    """Put into the outbox what routes let channels hear of ``alerts``. In the transaction of the news."""
    by_org: dict[uuid.UUID, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_org[alert.org_id].append(alert)
    for org_id, of_org in by_org.items():
        if news is News.SETTLED:
            _tell_settled(org_id, of_org)
        elif news is News.ACKNOWLEDGED:
            _tell_acknowledged(org_id, of_org)
        elif news is News.REOPENED:
            _tell_reopened(of_org)
        else:
            for alert in of_org:
                _tell(alert, news)


def notification_of(alert: Alert, occasion: Occasion, key: str) -> Notification:
    """Return, not saved, what is to be said of ``alert``. The same ``key`` gives the same id."""
    return Notification(
        id=uuid.uuid5(_IDS, f"{alert.pk}:{occasion.value}:{key}"),
        org_id=alert.org_id,
        occasion=occasion.value,
        alert=alert,
        thread=thread_of(alert),
        severity=alert.severity,
    )


def put(notification: Notification, addressed: Iterable[Addressed]) -> list[Delivery]:
    """Save a notification with its deliveries, in a transaction; return them. What is there already stays as it is.

    What waits in the same thread for quiet hours to end is cancelled: this one says it. An acknowledgement does not.
    Where a channel is told at once the words are put together here, so that delivering it is one write less. Else they say
    how things are when the first channel is told. All channels are told the same.
    Channels for which PENDING_MAX wait already are left out, and counted.
    """
    wanted = {one.channel.pk: one for one in addressed}
    if not wanted:
        return []
    counts = dict(
        Delivery.objects.filter(channel__in=wanted, status=DeliveryStatus.PENDING)
        .values_list("channel")
        .annotate(count=Count("pk"))
    )
    deliveries = []
    for channel_id, one in wanted.items():
        if counts.get(channel_id, 0) >= PENDING_MAX:
            count_left_out(one.channel, 1)
            NOTIFICATIONS_LEFT_OUT.inc()
            log.warning("a notification is left out: %d wait for channel %s", PENDING_MAX, channel_id)
            continue
        deliveries.append(_delivery(notification, one))
    if deliveries:
        if notification.occasion != Occasion.ALERT_ACKNOWLEDGED:
            superseded = held_back(notification.thread, [one.channel_id for one in deliveries])
            superseded.exclude(notification=notification.pk).update(
                status=DeliveryStatus.CANCELLED, reason=SUPERSEDED, finished_at=timezone.now()
            )
        if any(one.due_at <= timezone.now() for one in deliveries):
            compose_if_possible(notification)
        Notification.objects.bulk_create([notification], ignore_conflicts=True)
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        wake_after_commit()
    return deliveries


def held_back(thread: str, channels: Collection[uuid.UUID]) -> QuerySet[Delivery]:
    """Return what of a thread waits for quiet hours to end: nobody has tried it, and nobody is to yet."""
    waiting = Delivery.objects.filter(channel__in=channels, thread=thread, status=DeliveryStatus.PENDING)
    return waiting.filter(attempts_count=0, due_at__gt=timezone.now())


def _delivery(notification: Notification, addressed: Addressed) -> Delivery:
    return Delivery(
        id=uuid.uuid5(notification.pk, str(addressed.channel.pk)),
        org_id=notification.org_id,
        channel=addressed.channel,
        notification=notification,
        thread=notification.thread,
        due_at=addressed.due_at,
    )


def _tell(alert: Alert, news: News) -> None:
    """Tell of a new alert, or of what is new about it; a channel that knows nothing of it hears of a new one either way."""
    told = told_of(alert)
    if told.is_critical and not told.is_test:
        give_owners_channels(alert.org_id)
    addressed = addressed_by(alert.org_id, told, timezone.now())
    # Both only grow, so each step of the two is told once. Both being what they were, it was told before.
    key = f"{told.severity.rank}:{len(alert.incident.findings)}" if news is not News.OPENED else ""
    created = notification_of(alert, Occasion.ALERT_CREATED, key)
    knowing = _knowing_of(created, [one.channel.pk for one in addressed]) if news is not News.OPENED else set()
    put(created, [one for one in addressed if one.channel.pk not in knowing])
    put(notification_of(alert, Occasion.ALERT_UPDATED, key), [one for one in addressed if one.channel.pk in knowing])


def _knowing_of(notification: Notification, channels: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of ``channels`` were told something else of the alert, or are being told it now."""
    told = Delivery.objects.filter(
        channel__in=channels, thread=notification.thread, status__in=(DeliveryStatus.PENDING, DeliveryStatus.DELIVERED)
    ).exclude(notification=notification.pk)
    untold_yet = held_back(notification.thread, channels).values("pk")
    return set(told.exclude(pk__in=untold_yet).order_by().values_list("channel", flat=True))


def told_of(alert: Alert) -> Told:
    """Return what routes go by."""
    return Told(
        severity=AlertSeverity(alert.severity),
        alert_type=alert.alert_type,
        detectors=[finding.detector for finding in alert.incident.findings],
        is_test=alert.environment == Environment.TEST.value,
    )


def addressed_by(org_id: uuid.UUID, told: Told, now: datetime) -> list[Addressed]:
    """Return the channels that routes let hear of it by itself; of several routes the first to speak decides.

    Where the plan has no notifications, critical alerts are told all the same.
    """
    routes = Route.objects.filter(org_id=org_id, is_enabled=True, channel__is_enabled=True).select_related("channel")
    found: dict[uuid.UUID, Addressed] = {}
    for route in routes:
        at = due_at(route, told, now)
        known = found.get(route.channel_id)
        if at is not None and (known is None or at < known.due_at):
            found[route.channel_id] = Addressed(channel=route.channel, due_at=at)
    if found and not told.is_critical and not includes_notifications(org_id):
        return []
    return list(found.values())


def includes_notifications(org_id: uuid.UUID) -> bool:
    """Return whether the organisation's plan has notifications of all severities."""
    plan = plan_of(Organization.objects.get(pk=org_id), plans_in_force())
    return Feature.NOTIFICATIONS in plan.features


def _tell_settled(org_id: uuid.UUID, alerts: Sequence[Alert]) -> None:
    """Tell those channels that were told of an alert, and want to hear of its end."""
    told = _channels_told_of(alerts)
    wanting = _wanting_decisions(org_id) if told else {}
    for alert, channel_ids in told:
        untold = _never_told(thread_of(alert), channel_ids)
        put(
            notification_of(alert, Occasion.ALERT_CLOSED, str(alert.revision)),
            [wanting[one] for one in (channel_ids & wanting.keys()) - untold],
        )


def _tell_acknowledged(org_id: uuid.UUID, alerts: Sequence[Alert]) -> None:
    """Tell machines that were told of an alert, so that they page nobody else; people see it on its page.

    To those for which all of it waits for quiet hours to end, this comes behind it.
    """
    told = _channels_told_of(alerts)
    wanting = _wanting_decisions(org_id) if told else {}
    for alert, channel_ids in told:
        machines = {one for one in channel_ids & wanting.keys() if wanting[one].channel.kind in FOR_MACHINES}
        acknowledged = notification_of(alert, Occasion.ALERT_ACKNOWLEDGED, str(alert.revision))
        waiting = held_back(acknowledged.thread, machines - _knowing_of(acknowledged, machines))
        told_at = dict(waiting.order_by("due_at").values_list("channel", "due_at"))
        put(acknowledged, [replace(wanting[one], due_at=told_at.get(one, wanting[one].due_at)) for one in machines])


def tell_ends(channel: Channel, alert_ids: Collection[uuid.UUID]) -> None:
    """Tell ``channel``, which hears of alerts late, which of them are settled by now, if it wants to hear of that.

    In the transaction in which what comes before is made to be told; without a ceiling of its own.
    """
    wanting = _wanting_decisions(channel.org_id).get(channel.pk)
    if wanting is None:
        return
    settled = Alert.objects.filter(pk__in=alert_ids).exclude(status__in=UNSETTLED).defer("incident_data")
    ends = [notification_of(one, Occasion.ALERT_CLOSED, f"late:{timezone.now().isoformat()}") for one in settled]
    Notification.objects.bulk_create(ends)
    Delivery.objects.bulk_create([_delivery(one, wanting) for one in ends])


def _tell_reopened(alerts: Sequence[Alert]) -> None:
    """Tell whom routes let hear of a new alert, critical ones at any hour; but nobody who never heard that it was closed."""
    for alert in alerts:
        told = Delivery.objects.filter(notification__alert=alert).exclude(status=DeliveryStatus.CANCELLED).order_by()
        closed = told.filter(notification__occasion=Occasion.ALERT_CLOSED.value)
        believing_it_open = set(told.values_list("channel", flat=True)) - set(closed.values_list("channel", flat=True))
        addressed = addressed_by(alert.org_id, told_of(alert), timezone.now())
        put(
            notification_of(alert, Occasion.ALERT_REOPENED, str(alert.revision)),
            [one for one in addressed if one.channel.pk not in believing_it_open],
        )


def _channels_told_of(alerts: Sequence[Alert]) -> list[tuple[Alert, set[uuid.UUID]]]:
    """Return which channels were told of which alert, or will be."""
    pairs = Delivery.objects.filter(notification__alert__in=alerts, channel__is_enabled=True).order_by()
    told: Mapping[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for alert_id, channel_id in pairs.values_list("notification__alert", "channel").distinct():
        told[alert_id].add(channel_id)
    return [(alert, told[alert.pk]) for alert in alerts if alert.pk in told]


def _wanting_decisions(org_id: uuid.UUID) -> dict[uuid.UUID, Addressed]:
    """Return the channels that want to hear what people decided, and when each may be told.

    Machines at any hour: it wakes nobody, and lets them stop paging somebody for what was critical.
    """
    now = timezone.now()
    wanting: dict[uuid.UUID, Addressed] = {}
    for route in Route.objects.filter(org_id=org_id, is_enabled=True, tells_settled=True).select_related("channel"):
        at = now if route.channel.kind in FOR_MACHINES else quiet_until(route, now) or now
        known = wanting.get(route.channel_id)
        if not is_muted(route, now) and (known is None or at < known.due_at):
            wanting[route.channel_id] = Addressed(channel=route.channel, due_at=at)
    return wanting


def _never_told(thread: str, channels: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Cancel what of a thread waits for quiet hours to end; return the channels to which nothing else of it went."""
    waiting = held_back(thread, channels)
    untold = set(waiting.values_list("channel", flat=True))
    if untold:
        others = Delivery.objects.filter(channel__in=untold, thread=thread).exclude(status=DeliveryStatus.CANCELLED)
        untold -= set(others.exclude(pk__in=waiting.values("pk")).values_list("channel", flat=True))
        waiting.update(status=DeliveryStatus.CANCELLED, reason=SETTLED, finished_at=timezone.now())
    return untold
