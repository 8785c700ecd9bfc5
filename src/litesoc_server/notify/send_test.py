"""The test button: one message through one channel, now, and what came of it."""

import uuid

from django.db import transaction
from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.notify.attempt import attempt
from litesoc_server.notify.compose import compose_test
from litesoc_server.notify.kept_message import keep_message
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus, Notification

NOT_REPEATED = "A test is not repeated."


def send_test(channel: Channel, *, environment: Environment = Environment.LIVE) -> DeliveryAttempt:
    """Send a test message through ``channel``, also one that is switched off; return the try, successful or not.

    Blocks while the other side answers, for 15 s at most. It is in the log like others, and tried once only.
    """
    now = timezone.now()
    notification = Notification(id=uuid.uuid4(), org=channel.org, occasion=Occasion.TEST.value)
    notification.thread = f"test-{notification.pk}"
    keep_message(notification, compose_test(channel.org, channel.name, environment=environment.value, at=now))
    # Never pending: no worker takes it from here, and whoever dies here leaves nothing behind to be sent.
    delivery = Delivery(
        id=uuid.uuid4(), org=channel.org, channel=channel, notification=notification, thread=notification.thread, due_at=now
    )
    with transaction.atomic():
        notification.save(force_insert=True)
        delivery.status = DeliveryStatus.CANCELLED
        delivery.reason = NOT_REPEATED
        delivery.save(force_insert=True)
    row = attempt(delivery, now, is_once=True)
    assert row is not None
    return row
