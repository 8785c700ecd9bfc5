"""Sending again what was sent, or could not be: the same message with the same id, so that a repetition can be told."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.notify import channel_changes
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus
from litesoc_server.notify.outbox import PENDING_MAX, tell_ends
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.wake import wake_after_commit
from litesoc_server.orgs.principals import Who

ATTEMPTS_KEPT_MAX = 100  # of one delivery, some 10 KB each, when it is sent again
SWITCHED_OFF = "The channel is switched off: switch it on first."
_MISSED = (channel_changes.SWITCHED_OFF, channel_changes.REMOVED)


def replay(delivery: Delivery, *, who: Who) -> Delivery:
    """Deliver once more, from now on with all attempts. What waits already is tried at once. Raises NotifyRefused."""
    _require_enabled(delivery.channel)
    if delivery.notification.occasion == Occasion.TEST:
        raise NotifyRefused("delivery", "This was a test: test the channel again instead.")
    with transaction.atomic():
        _make_pending([delivery.pk])
        _record(delivery.channel, who, {"deliveries_count": (None, 1), "delivery": (None, str(delivery.pk))})
    delivery.refresh_from_db()
    return delivery


def replay_failed(channel: Channel, *, since: datetime, who: Who) -> int:
    """Deliver what failed or was missed since a moment, oldest first; return how much, at most PENDING_MAX at a time.

    Missed is what waited when the channel was switched off or removed; whatever else was cancelled is told by another
    message or by none. Alerts that were settled meanwhile are told to be so: who is paged late has to be called off.
    Raises NotifyRefused.
    """
    _require_enabled(channel)
    with transaction.atomic():
        missed = Q(status=DeliveryStatus.FAILED) | Q(status=DeliveryStatus.CANCELLED, reason__in=_MISSED)
        unsent = Delivery.objects.filter(missed, channel=channel, created_at__gte=since).exclude(
            notification__occasion=Occasion.TEST
        )
        in_order = unsent.order_by("created_at").values_list("pk", "notification__alert", "notification__occasion")
        said = list(in_order[:PENDING_MAX])
        count = _make_pending([pk for pk, _, _ in said])
        last_said = {alert_id: occasion for _, alert_id, occasion in said if alert_id is not None}
        tell_ends(channel, [one for one, occasion in last_said.items() if occasion != Occasion.ALERT_CLOSED])
        if count:
            _record(channel, who, {"deliveries_count": (None, count), "since": (None, since.isoformat())})
    return count


def _make_pending(ids: Sequence[uuid.UUID]) -> int:
    """Make deliveries due now. Of attempts from before, the newest stay in the log: nothing else bounds their number."""
    now = timezone.now()
    newest_first = Window(RowNumber(), partition_by="delivery", order_by=["-at", "-id"])
    attempts = DeliveryAttempt.objects.filter(delivery__in=ids).order_by().annotate(place=newest_first)
    DeliveryAttempt.objects.filter(
        pk__in=list(attempts.filter(place__gt=ATTEMPTS_KEPT_MAX).values_list("pk", flat=True))
    ).delete()
    count = Delivery.objects.filter(pk__in=ids).update(
        status=DeliveryStatus.PENDING,
        reason="",
        due_at=now,
        attempts_count=0,
        first_attempt_at=None,
        finished_at=None,
    )
    wake_after_commit()
    return count


def _require_enabled(channel: Channel) -> None:
    if not channel.is_enabled:
        raise NotifyRefused("channel", SWITCHED_OFF)


def _record(channel: Channel, who: Who, changes: dict[str, tuple[object, object]]) -> None:
    target = Target(kind="channel", id=str(channel.pk), name=channel.name)
    record(org_id=channel.org_id, action=Action.DELIVERIES_REPLAYED, by=who.audit_by, target=target, changes=changes)
