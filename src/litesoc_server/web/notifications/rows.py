"""Channels, routes and deliveries as lists show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litesoc_server.alerts.models import Alert
from litesoc_server.notify.access import visible_deliveries
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus, Route
from litesoc_server.web.member import Member
from litesoc_server.web.notifications.kinds import kind_icon, kind_title
from litesoc_server.web.notifications.sentences import route_words

TOLD_MAX = 12  # deliveries that an alert's page shows
_HEALTH = {  # words, badge, icon
    "off": ("Switched off", "", "pause"),
    "failing": ("Failing", "warning", "high"),
    "working": ("Working", "good", "good"),
    "unused": ("Not used yet", "", "todo"),
}
_STATUS = {
    DeliveryStatus.DELIVERED: ("good", "good"),
    DeliveryStatus.PENDING: ("", "clock"),
    DeliveryStatus.FAILED: ("warning", "high"),
    DeliveryStatus.CANCELLED: ("", "close"),
}
_OCCASIONS = {
    Occasion.ALERT_CREATED: "New alert",
    Occasion.ALERT_UPDATED: "Update",
    Occasion.ALERT_ESCALATED: "Escalation",
    Occasion.ALERT_ACKNOWLEDGED: "Acknowledged",
    Occasion.ALERT_CLOSED: "Closed",
    Occasion.ALERT_REOPENED: "Reopened",
    Occasion.DIGEST: "Digest",
    Occasion.TEST: "Test",
    Occasion.CHANNEL_DISABLED: "Channel switched off",
}


@dataclass(frozen=True)
class ChannelRow:
    """One channel in the list."""

    channel: Channel
    kind: str
    icon: str
    health: tuple[str, str, str]
    waiting: int
    sentences: Sequence[Sequence[str]]  # of the routes in force


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery in the log."""

    delivery: Delivery
    kind: str
    icon: str
    status: tuple[str, str]  # badge, icon
    occasion: str
    title: str  # may hold personal data


def channel_rows(channels: Iterable[Channel], routes: Iterable[Route], waiting: Mapping[Any, int]) -> list[ChannelRow]:
    """Return the rows; ``routes`` are those of all of them."""
    of_channel: dict[Any, list[Route]] = {}
    for route in routes:
        if route.is_enabled:
            of_channel.setdefault(route.channel_id, []).append(route)
    return [
        ChannelRow(
            channel,
            kind_title(channel.kind),
            kind_icon(channel.kind),
            health_of(channel),
            waiting.get(channel.pk, 0),
            [route_words(route) for route in of_channel.get(channel.pk, [])],
        )
        for channel in channels
    ]


def health_of(channel: Channel) -> tuple[str, str, str]:
    """Return how a channel is: words, badge, icon. One that nobody switched off, but failure did, says so."""
    words = _HEALTH[channel.health]
    return ("Switched off after failures", "warning", "high") if channel.disabled_reason else words


def told_about(alert: Alert, member: Member) -> list[DeliveryRow]:
    """Return who was told of an alert, newest first."""
    deliveries = visible_deliveries(member.org).filter(notification__alert=alert)
    return delivery_rows(deliveries.select_related("notification__alert")[:TOLD_MAX])


def delivery_rows(deliveries: Iterable[Delivery]) -> list[DeliveryRow]:
    """Return the rows."""
    return [delivery_row(one) for one in deliveries]


def delivery_row(delivery: Delivery) -> DeliveryRow:
    """Return one row. Before it is tried first, the alert's title stands for the message's."""
    notification = delivery.notification
    kept = notification.message or {}
    title = str(kept.get("title", "")) or ("" if notification.alert is None else notification.alert.title)
    return DeliveryRow(
        delivery,
        kind_title(delivery.channel.kind),
        kind_icon(delivery.channel.kind),
        _STATUS[DeliveryStatus(delivery.status)],
        _OCCASIONS.get(Occasion(notification.occasion), notification.occasion),
        title,
    )
