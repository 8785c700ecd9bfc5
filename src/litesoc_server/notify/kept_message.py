"""What a notification says: put together when it is delivered first, kept, and the same at each attempt and replay."""

import logging

import msgspec
from django.db import Error, transaction

from litesoc_server.alerts.models import Alert
from litesoc_server.events.structs import converter
from litesoc_server.notify.channels.base import DeliveryFailed
from litesoc_server.notify.compose import compose_alert
from litesoc_server.notify.message import Message, Occasion
from litesoc_server.notify.models import Notification

log = logging.getLogger(__name__)

NOT_COMPOSED = "The message could not be put together; the server's log says why."
_READ_MESSAGE = converter(Message)
_JSON = msgspec.json.Decoder(dict[str, object])


def message_to_send(notification: Notification) -> Message:
    """Return what is said, put together the first time and the same ever after. Raises DeliveryFailed."""
    if notification.message is None:
        with transaction.atomic():
            locked = (
                Notification.objects.select_for_update(of=("self",)).select_related("alert__org").get(pk=notification.pk)
            )
            if locked.message is None:
                _compose(locked)
        notification.message, notification.alert_body = locked.message, locked.alert_body
    message = _READ_MESSAGE(notification.message)
    body = b"" if notification.alert_body is None else msgspec.json.encode(notification.alert_body)
    return msgspec.structs.replace(message, alert_json=body)


def keep_message(notification: Notification, message: Message) -> None:
    """Put ``message`` into ``notification``, not saved."""
    kept = msgspec.to_builtins(msgspec.structs.replace(message, alert_json=b""))
    notification.message = {name: value for name, value in kept.items() if name not in {"alert_json", "answering"}}
    notification.alert_body = _JSON.decode(message.alert_json) if message.alert_json else None


def compose_if_possible(notification: Notification) -> None:
    """Put together what ``notification``, not saved, says of its alert. What fails is tried again when it is delivered.

    In a transaction of the alert's, which must not fail because of words.
    """
    if notification.message is not None or notification.alert is None:
        return
    try:
        with transaction.atomic():
            _keep_words(notification, notification.alert)
    except DeliveryFailed:
        return


def _compose(notification: Notification) -> None:
    if notification.alert is None:
        raise DeliveryFailed("There is nothing to say any more.", is_permanent=True)
    _keep_words(notification, notification.alert)
    notification.save(update_fields=["message", "alert_body"])


def _keep_words(notification: Notification, alert: Alert) -> None:
    try:
        keep_message(notification, compose_alert(alert, Occasion(notification.occasion), note=notification.note))
    except Error:
        raise
    except Exception as error:  # the edge to what words are made of: one message fails, not the line behind it
        log.exception("notification %s cannot be put together", notification.pk)
        raise DeliveryFailed(NOT_COMPOSED, is_permanent=True) from error
