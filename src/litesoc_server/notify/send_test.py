"""The test button: one message through one channel, now, and what came of it.

A request of a page or of the API has a thread of few, and a receiver may take 15 seconds. So it is sent in another thread,
whoever asked waits for a moment, and what comes later is in the log.
"""

import logging
import threading
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from django.db import Error, transaction
from django.utils import timezone

from litesoc_server.database import fresh_connections, release_connection
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.attempt import Outcome, record, sent_once
from litesoc_server.notify.compose import compose_test
from litesoc_server.notify.kept_message import keep_message
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus, Notification
from litesoc_server.notify.refusals import NotifyRefused

log = logging.getLogger(__name__)

NOT_REPEATED = "It waits for an answer; a test is not repeated."
TESTS_PER_MINUTE_MAX = 10  # through one channel: each reaches people
TESTS_AT_ONCE = 8  # of this process, of all organisations
ANSWERED_AFTER = timedelta(seconds=60)  # no attempt takes so long: without a result the server was stopped meanwhile
_THREADS = ThreadPoolExecutor(TESTS_AT_ONCE, thread_name_prefix="channel-test")
_FREE = threading.BoundedSemaphore(TESTS_AT_ONCE)


def send_test(channel: Channel, *, environment: Environment = Environment.LIVE) -> DeliveryAttempt:
    """Send a test message through ``channel``, also one that is switched off; return the try, successful or not.

    Blocks while the other side answers, for 15 s at most. It is in the log like others, and tried once only.
    """
    delivery = _noted(channel, environment)
    return _recorded(sent_once(delivery, delivery.due_at, is_once=True))


def start_test(channel: Channel, *, within_s: float, environment: Environment = Environment.LIVE) -> Delivery:
    """Do the same in another thread; return the test's delivery, with its try if that took less than ``within_s``.

    Raises NotifyRefused where a channel, or all of them together, are tested too often.
    """
    just_now = Delivery.objects.filter(channel=channel, created_at__gte=timezone.now() - timedelta(minutes=1))
    if just_now.filter(notification__occasion=Occasion.TEST.value).count() >= TESTS_PER_MINUTE_MAX:
        raise NotifyRefused("channel", "It was tested often just now: wait a minute.")
    if not _FREE.acquire(blocking=False):
        raise NotifyRefused("channel", "Many channels are tested just now: wait a moment.")
    try:
        delivery = _noted(channel, environment)
        sending = _THREADS.submit(sent_once, delivery, delivery.due_at, is_once=True)
    except BaseException:  # whatever it was: else there would be one place less for good
        _FREE.release()
        raise
    sending.add_done_callback(lambda _: _FREE.release())
    release_connection()  # others need it while this thread waits
    try:
        _recorded(sending.result(timeout=within_s))
    except TimeoutError:
        sending.add_done_callback(_record_late)
    return delivery


def _noted(channel: Channel, environment: Environment) -> Delivery:
    now = timezone.now()
    notification = Notification(id=uuid.uuid4(), org=channel.org, occasion=Occasion.TEST.value)
    notification.thread = f"test-{notification.pk}"
    keep_message(notification, compose_test(channel.org, channel.name, environment=environment.value, at=now))
    # Never pending: no worker takes it from here, and whoever dies here leaves nothing behind to be sent.
    delivery = Delivery(
        id=uuid.uuid4(), org=channel.org, channel=channel, notification=notification, thread=notification.thread, due_at=now
    )
    delivery.status, delivery.reason = DeliveryStatus.CANCELLED, NOT_REPEATED
    with transaction.atomic():
        notification.save(force_insert=True)
        delivery.save(force_insert=True)
    return delivery


def _recorded(outcome: Outcome) -> DeliveryAttempt:
    row = record(outcome)
    assert row is not None, "nobody else finishes a test"
    return row


def _record_late(sending: Future[Outcome]) -> None:
    """Write down what came when nobody waited for it any more; in the thread that sent."""
    outcome = sending.result()
    try:
        with fresh_connections():
            record(outcome)
    except Error as error:
        log.warning("the test %s is not in the log: %s", outcome.delivery.pk, type(error).__name__)
