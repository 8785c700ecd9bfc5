"""What waits for people in very large numbers is summed up: after an outage nobody reads hundreds of messages."""

import uuid
from collections import Counter
from datetime import datetime

from django.db import transaction

from litesoc_server.alerts.models import Alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.channels.registry import FOR_MACHINES
from litesoc_server.notify.digests import alerts_url, environments_of, lines_of
from litesoc_server.notify.kept_message import keep_message
from litesoc_server.notify.message import Figure, Message, Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus, Notification
from litesoc_server.notify.outbox import Addressed, put

SUMMED_UP_FROM = 100  # deliveries that are due at once through a channel for people
SUMMED_UP = "Summed up in one message, because many waited."
_SUMMED = (
    *(Occasion.ALERT_CREATED.value, Occasion.ALERT_UPDATED.value),
    *(Occasion.ALERT_CLOSED.value, Occasion.ALERT_REOPENED.value),
)


def sum_up_if_many(channel_id: uuid.UUID, now: datetime) -> bool:
    """Put one summary in place of what is due through a channel, where that is very much. Returns whether it was.

    Machines get everything. Raises django.db.Error.
    """
    waiting = Delivery.objects.filter(
        channel=channel_id, status=DeliveryStatus.PENDING, due_at__lte=now, notification__occasion__in=_SUMMED
    )
    if waiting.count() < SUMMED_UP_FROM:
        return False
    channel = Channel.objects.select_related("org").get(pk=channel_id)
    if channel.kind in FOR_MACHINES:
        return False
    with transaction.atomic():
        summed = list(waiting.order_by("created_at").values_list("pk", "notification__alert"))
        notification = Notification(id=uuid.uuid4(), org=channel.org, occasion=Occasion.DIGEST.value)
        notification.thread = f"summary-{notification.pk}"
        alerts = {alert_id for _, alert_id in summed if alert_id is not None}
        keep_message(notification, _message(channel, alerts, notification.thread, now))
        pending = Delivery.objects.filter(pk__in=[pk for pk, _ in summed], status=DeliveryStatus.PENDING)
        pending.update(status=DeliveryStatus.CANCELLED, reason=SUMMED_UP, finished_at=now)
        put(notification, [Addressed(channel=channel, due_at=now)])
    return True


def _message(channel: Channel, alert_ids: set[uuid.UUID], thread: str, now: datetime) -> Message:
    alerts = Alert.objects.filter(pk__in=alert_ids)
    counts = Counter(alerts.order_by().values_list("severity", flat=True))
    environment = environments_of(alerts)
    return Message(
        occasion=Occasion.DIGEST,
        title=f"{len(alert_ids):,} alerts waited for this channel",
        at=now,
        org_name=channel.org.name,
        environment=environment,
        severity=next((one for one in reversed(AlertSeverity) if counts[one.value]), None),
        summary="So many messages could not be delivered in time that this one stands for them.",
        figures=tuple(
            Figure(one.value.capitalize(), counts[one.value]) for one in reversed(AlertSeverity) if counts[one.value]
        ),
        lines=tuple(lines_of(alerts)),
        url=alerts_url(channel.org, environment),
        thread=thread,
    )
