"""The delivery log is kept for a while and up to a length, then deleted."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from litesoc_server.alerts.models import UNSETTLED, Alert
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus, Notification, ThreadStart

KEPT_FOR = timedelta(days=30)
KEPT_MAX = 10_000  # deliveries of one channel, some 10 KB each: whoever can cause alerts does not fill the disk
AT_ONCE = 500  # rows of one transaction, with what hangs on them
_DELIVERED = Delivery.objects.filter(status=DeliveryStatus.DELIVERED)
_LATER = _DELIVERED.filter(
    channel=OuterRef("channel"), thread=OuterRef("thread"), created_at__gt=OuterRef("created_at")
).order_by()
_UNSETTLED = Alert.objects.filter(pk=OuterRef("notification__alert"), status__in=UNSETTLED).order_by()
_ATTEMPTS = DeliveryAttempt.objects.filter(delivery=OuterRef("pk")).order_by()


def delete_old_deliveries(now: datetime) -> int:
    """Delete what came to an end more than KEPT_FOR ago, or has KEPT_MAX after it; return how many deliveries.

    Of an alert that is not settled each channel keeps the last that reached it, without its attempts: by that it is known
    who is to hear of the end. These are no more than alerts that are kept. Threads of which nothing was told for KEPT_FOR
    are deleted as well: what is told of such an alert then begins another one.
    """
    before = now - KEPT_FOR
    ThreadStart.objects.filter(told_at__lt=before).delete()
    deleted = 0
    for channel_id in Channel.objects.values_list("pk", flat=True):
        log = Delivery.objects.filter(channel=channel_id)
        beyond = list(log.order_by("-created_at", "-id").values_list("created_at", flat=True)[KEPT_MAX : KEPT_MAX + 1])
        deleted += _delete(log.filter(created_at__lte=max([before, *beyond])))
    unsaid = Notification.objects.filter(created_at__lt=before, deliveries__isnull=True)
    while ids := list(unsaid.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Notification.objects.filter(pk__in=ids).delete()
    return deleted


def _delete(log: QuerySet[Delivery]) -> int:
    """Delete what of ``log`` came to an end, and notifications that no channel knows any more; return how many.

    Each transaction begins where the last one ended: what is kept, without attempts, is passed over once.
    """
    is_kept = Q(status=DeliveryStatus.DELIVERED) & Exists(_UNSETTLED) & ~Exists(_LATER)
    finished = log.exclude(status=DeliveryStatus.PENDING).annotate(is_kept=is_kept).order_by("created_at")
    rows = finished.filter(Q(is_kept=False) | Exists(_ATTEMPTS)).values_list(
        "pk", "notification_id", "created_at", "is_kept"
    )
    deleted, found = 0, list(rows[:AT_ONCE])
    while found:
        ended = {pk: notification_id for pk, notification_id, _, is_kept in found if not is_kept}
        with transaction.atomic():
            DeliveryAttempt.objects.filter(delivery__in=[pk for pk, *_ in found]).delete()
            Delivery.objects.filter(pk__in=ended).delete()
            Notification.objects.filter(pk__in=set(ended.values()), deliveries__isnull=True).delete()
        deleted += len(ended)
        found = list(rows.filter(created_at__gte=found[-1][2])[:AT_ONCE])
    return deleted
