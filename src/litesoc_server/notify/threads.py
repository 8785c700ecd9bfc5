"""One alert is one thread: what is told of it later answers what was told first, where the other side lets it."""

from datetime import datetime

import msgspec

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.channels.base import Sent
from litesoc_server.notify.channels.registry import ANSWERING
from litesoc_server.notify.message import Answering, Message, Occasion
from litesoc_server.notify.models import Channel, Delivery, ThreadStart

# What those who do not follow the thread can do without, unless the alert became more severe by it.
_IN_THREAD_ONLY = (Occasion.ALERT_UPDATED, Occasion.ALERT_ACKNOWLEDGED)


def with_answering(delivery: Delivery, message: Message) -> Message:
    """Return ``message`` with what it answers, if its channel told something of the alert before. Raises django.db.Error."""
    if not _is_of_thread(delivery):
        return message
    start = ThreadStart.objects.filter(channel=delivery.channel_id, thread=delivery.thread).first()
    if start is None:
        return message
    is_prominent = message.occasion not in _IN_THREAD_ONLY or _rank(message.severity) > _rank(start.severity)
    return msgspec.structs.replace(message, answering=Answering(to=start.message_id, is_prominent=is_prominent))


def note_told(delivery: Delivery, sent: Sent, now: datetime) -> None:
    """Note what later messages of the alert are to answer; in the transaction of what came of the attempt."""
    if not _is_of_thread(delivery):
        return
    told = {"severity": delivery.notification.severity, "told_at": now}
    if sent.message_id:
        told["message_id"] = sent.message_id
        ThreadStart.objects.update_or_create(channel_id=delivery.channel_id, thread=delivery.thread, defaults=told)
    else:
        ThreadStart.objects.filter(channel=delivery.channel_id, thread=delivery.thread).update(**told)


def forget_threads(channel: Channel) -> None:
    """Let every alert begin anew: the channel leads elsewhere now, where nobody knows what was told before."""
    ThreadStart.objects.filter(channel=channel).delete()


def _is_of_thread(delivery: Delivery) -> bool:
    """Return whether it tells of an alert, through a channel that can answer. Digests and tests stand alone."""
    return delivery.channel.kind in ANSWERING and delivery.notification.alert_id is not None


def _rank(severity: AlertSeverity | str | None) -> int:
    return AlertSeverity(severity).rank if severity else -1
