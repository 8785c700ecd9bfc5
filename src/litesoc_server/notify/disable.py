"""The end of a channel that is of no use any more: it is switched off, and whoever can mend it hears of it."""

import uuid
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from litesoc_server.accounts.outbox import outbox
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.kept_message import keep_message
from litesoc_server.notify.message import Message, Occasion
from litesoc_server.notify.models import REASON_LENGTH_MAX, Channel, Delivery, DeliveryStatus, Notification
from litesoc_server.notify.outbox import Addressed, put
from litesoc_server.orgs.access import owners_of
from litesoc_server.telemetry import CHANNELS_DISABLED

FAILED_WITH_IT = "The channel was switched off after failures: mend it, switch it on, and send this again."


def disable_channel(channel: Channel, reason: str, now: datetime) -> None:
    """Switch ``channel`` off for ``reason``; in the transaction of the failure, as its last step.

    What waits for it fails, and can be replayed. The organisation's other channels and the owners are told.
    """
    channel.is_enabled, channel.disabled_reason = False, reason[:REASON_LENGTH_MAX]
    channel.save(update_fields=["is_enabled", "disabled_reason"])
    waiting = Delivery.objects.filter(channel=channel, status=DeliveryStatus.PENDING)
    waiting.update(status=DeliveryStatus.FAILED, reason=FAILED_WITH_IT, finished_at=now)
    _tell_others(channel, now)
    if settings.IS_MAIL_POSSIBLE and channel.membership_id is None:
        for mail in _mails(channel):
            transaction.on_commit(partial(outbox.put, mail.send))
    CHANNELS_DISABLED.inc()
    target = Target(kind="channel", id=str(channel.pk), name=channel.name)
    record(org_id=channel.org_id, action=Action.CHANNEL_DISABLED, by=By.system(), target=target, note=reason)


def _tell_others(channel: Channel, now: datetime) -> None:
    others = Channel.objects.filter(org=channel.org, is_enabled=True, membership__isnull=True, failing_since__isnull=True)
    notification = Notification(
        id=uuid.uuid4(), org=channel.org, occasion=Occasion.CHANNEL_DISABLED.value, thread=f"channel-{channel.pk}"
    )
    keep_message(notification, _message(channel, notification.thread, now))
    put(notification, [Addressed(channel=one, due_at=now) for one in others])


def _message(channel: Channel, thread: str, now: datetime) -> Message:
    return Message(
        occasion=Occasion.CHANNEL_DISABLED,
        title=f"The channel “{channel.name}” was switched off",
        at=now,
        org_name=channel.org.name,
        environment=Environment.LIVE.value,
        summary=f"No alerts reach it any more. {channel.disabled_reason}",
        actions=("Mend its settings, test it, switch it on again, and send again what failed.",),
        thread=thread,
    )


def _mails(channel: Channel) -> list[EmailMessage]:
    name = "".join(filter(str.isprintable, channel.name))
    facts = {"org": channel.org.name, "channel": channel, "link": settings.PUBLIC_URL}
    body = render_to_string("notify/mail/channel_disabled.txt", facts)
    subject = f"The channel {name} was switched off"
    owners = owners_of(channel.org).filter(user__is_active=True)
    return [EmailMessage(subject=subject, body=body, to=[one.user.email]) for one in owners]
