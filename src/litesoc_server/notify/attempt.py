"""One attempt of one delivery: put together what is said, send it, and write down what came of it."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.database import release_connection
from litesoc_server.notify.channel_settings import read_settings
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.registry import KINDS
from litesoc_server.notify.disable import disable_channel
from litesoc_server.notify.kept_message import message_to_send
from litesoc_server.notify.message import Message
from litesoc_server.notify.models import REASON_LENGTH_MAX, Channel, Delivery, DeliveryAttempt, DeliveryStatus
from litesoc_server.notify.schedule import GIVEN_UP_AFTER, REFUSED_MAX, next_attempt_at
from litesoc_server.notify.threads import note_told, with_answering
from litesoc_server.telemetry import DELIVERIES, DELIVERY_ATTEMPTS_FAILED, DELIVERY_LAG_SECONDS, DELIVERY_SECONDS

log = logging.getLogger(__name__)

REQUEST_LENGTH_MAX = 40_000  # characters kept of a request
ANSWER_LENGTH_MAX = 4_096  # characters kept of an answer
GONE_MEMBER = "The member cannot sign in any more."
NO_SENT = Sent(request="")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one attempt."""

    delivery: Delivery
    at: datetime
    duration_ms: int
    sent: Sent
    failure: DeliveryFailed | None
    is_once: bool = False  # a test: it is not repeated, and says nothing about how the channel is


def attempt(delivery: Delivery, now: datetime) -> DeliveryAttempt | None:
    """Try ``delivery`` once and return what is in the log of it then; None if it needs no attempt (any more).

    ``delivery`` comes with its channel and notification. Blocks while the other side answers, outside of any transaction.
    Raises django.db.Error.
    """
    channel = delivery.channel
    if channel.membership is not None and not channel.membership.user.is_active:
        _finish_unattempted(delivery, GONE_MEMBER, now)
        return None
    return record(sent_once(delivery, now))


def sent_once(delivery: Delivery, now: datetime, *, is_once: bool = False) -> Outcome:
    """Send ``delivery`` and return what came of it, to be recorded. ``is_once``: it is not tried again.

    Raises django.db.Error; a test asks the database for nothing.
    """
    started = time.monotonic()
    sent, failure = NO_SENT, None
    try:
        sent = _send(delivery, with_answering(delivery, message_to_send(delivery.notification)))
    except DeliveryFailed as failed:
        sent, failure = failed.sent or NO_SENT, failed
    duration_ms = round((time.monotonic() - started) * 1_000)
    DELIVERY_SECONDS.labels(delivery.channel.kind).observe(duration_ms / 1_000)
    return Outcome(delivery=delivery, at=now, duration_ms=duration_ms, sent=sent, failure=failure, is_once=is_once)


def _send(delivery: Delivery, message: Message) -> Sent:
    channel = delivery.channel
    kind = KINDS.get(channel.kind)
    if kind is None:
        msg = f"This server has no channels of the kind {channel.kind}."
        raise DeliveryFailed(msg, is_permanent=True)
    try:
        values = read_settings(channel)
    except (SecretUnreadable, KeysUnusable) as error:
        raise DeliveryFailed("The channel's settings cannot be decrypted: enter them again.") from error
    release_connection()  # others need it while this thread waits for the other side
    try:
        return kind.send(message, str(delivery.pk), values, settings.EGRESS_POLICY)
    except DeliveryFailed:
        raise
    except Exception as error:  # the edge to a kind and its library: a bug there fails one attempt, and shows
        log.exception("delivery %s: a channel of kind %s raised", delivery.pk, channel.kind)
        msg = f"An error of this server ({type(error).__name__}); its log says more."
        raise DeliveryFailed(msg) from error


def record(outcome: Outcome) -> DeliveryAttempt | None:
    """Write down what came of an attempt, in one transaction; None if somebody else finished the delivery meanwhile."""
    delivery, failure = outcome.delivery, outcome.failure
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=delivery.channel_id)
        unchanged = Delivery.objects.filter(pk=delivery.pk, status=delivery.status, attempts_count=delivery.attempts_count)
        if unchanged.update(**_changes(outcome), attempts_count=F("attempts_count") + 1) == 0:
            return None
        row = DeliveryAttempt.objects.create(
            delivery_id=delivery.pk,
            at=outcome.at,
            duration_ms=outcome.duration_ms,
            is_success=failure is None,
            status=outcome.sent.status,
            request=outcome.sent.request[:REQUEST_LENGTH_MAX],
            answer=outcome.sent.answer[:ANSWER_LENGTH_MAX],
            error="" if failure is None else failure.reason[:REASON_LENGTH_MAX],
        )
        delivery.refresh_from_db(fields=["status", "reason", "due_at", "attempts_count", "first_attempt_at", "finished_at"])
        if failure is None:
            note_told(delivery, outcome.sent, outcome.at)
        _note_health(channel, delivery, outcome)
    _count(outcome)
    return row


def _changes(outcome: Outcome) -> dict[str, object]:
    delivery, failure, now = outcome.delivery, outcome.failure, outcome.at
    first_at = delivery.first_attempt_at or now
    changes: dict[str, object] = {"first_attempt_at": first_at}
    if failure is None:
        return {**changes, "status": DeliveryStatus.DELIVERED, "reason": "", "finished_at": now}
    changes["reason"] = failure.reason[:REASON_LENGTH_MAX]
    attempts = delivery.attempts_count + 1
    again_at = (
        None
        if failure.is_permanent or failure.is_gone or outcome.is_once or _is_refused_for_good(outcome, first_at)
        else next_attempt_at(attempts, first_at=first_at, now=now, retry_after_s=failure.retry_after_s)
    )
    if again_at is None:
        return {**changes, "status": DeliveryStatus.FAILED, "finished_at": now}
    return {**changes, "due_at": again_at}


def _is_refused_for_good(outcome: Outcome, first_at: datetime) -> bool:
    """Return whether the other side said often enough, in one and the same way, that it does not take what is in it."""
    if outcome.failure is None or not outcome.failure.is_refused:
        return False
    said = DeliveryAttempt.objects.filter(delivery=outcome.delivery.pk, at__gte=first_at, status=outcome.sent.status)
    return said.count() + 1 >= REFUSED_MAX


def _note_health(channel: Channel, delivery: Delivery, outcome: Outcome) -> None:
    """Note how the channel is, and switch it off when it is of no use any more. In the transaction, which locks it."""
    failure, now = outcome.failure, outcome.at
    if failure is None:
        failing_since = channel.failing_since
        channel.last_success_at, channel.failing_since, channel.failures_count = now, None, 0
        channel.paused_until = None
        channel.save(update_fields=["last_success_at", "failing_since", "failures_count", "paused_until"])
        if failing_since is not None:  # it is back: what failed meanwhile need not wait for its next turn
            # But for what failed before, while others arrived: the channel is not why, and it goes on in its own steps.
            failed = Delivery.objects.filter(
                channel=channel, status=DeliveryStatus.PENDING, first_attempt_at__gte=failing_since
            )
            failed.filter(due_at__gt=now).update(due_at=now)
        return
    channel.last_failure_at, channel.last_failure = now, failure.reason[:REASON_LENGTH_MAX]
    if outcome.is_once:
        channel.save(update_fields=["last_failure_at", "last_failure"])
        return
    channel.failing_since = channel.failing_since or now
    channel.failures_count += 1
    fields = ["last_failure_at", "last_failure", "failing_since", "failures_count"]
    if failure.retry_after_s:
        channel.paused_until = now + timedelta(seconds=failure.retry_after_s)
        fields.append("paused_until")
    channel.save(update_fields=fields)
    if failure.is_gone:
        disable_channel(channel, failure.reason, now)
    elif delivery.status == DeliveryStatus.FAILED and now - channel.failing_since >= GIVEN_UP_AFTER:
        disable_channel(channel, f"It failed for {GIVEN_UP_AFTER.days} days; the last time: {failure.reason}", now)


def _finish_unattempted(delivery: Delivery, reason: str, now: datetime) -> None:
    pending = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.PENDING)
    pending.update(status=DeliveryStatus.CANCELLED, reason=reason, finished_at=now)


def _count(outcome: Outcome) -> None:
    kind = outcome.delivery.channel.kind
    if outcome.failure is not None:
        DELIVERY_ATTEMPTS_FAILED.labels(kind).inc()
        if outcome.delivery.status == DeliveryStatus.FAILED:
            DELIVERIES.labels(kind, "failed").inc()
        return
    DELIVERIES.labels(kind, "delivered").inc()
    lag_s = outcome.duration_ms / 1_000 + max(0.0, (outcome.at - outcome.delivery.due_at).total_seconds())
    DELIVERY_LAG_SECONDS.observe(lag_s)
