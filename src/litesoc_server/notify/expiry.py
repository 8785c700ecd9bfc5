"""The delivery log is kept for a while and up to a length, then deleted."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from litesoc_server.notify.models import Channel, Delivery, DeliveryStatus, Notification, ThreadStart

KEPT_FOR = timedelta(days=30)
KEPT_MAX = 10_000  # deliveries of one channel, some 10 KB each: whoever can cause alerts does not fill the disk
AT_ONCE = 500  # rows of one transaction, with what hangs on them


def delete_old_deliveries(now: datetime) -> int:
    """Delete what came to an end more than KEPT_FOR ago, or has KEPT_MAX after it; return how many deliveries.

    So are threads of which nothing was told for so long: what is told of such an alert then begins another one.
    """
    before = now - KEPT_FOR
    ThreadStart.objects.filter(told_at__lt=before).delete()
    deleted = _delete(Delivery.objects.filter(created_at__lt=before))
    for channel_id in Channel.objects.values_list("pk", flat=True):
        log = Delivery.objects.filter(channel=channel_id)
        beyond = list(log.order_by("-created_at", "-id").values_list("created_at", flat=True)[KEPT_MAX : KEPT_MAX + 1])
        if beyond:
            deleted += _delete(log.filter(created_at__lte=beyond[0]))
    unsaid = Notification.objects.filter(created_at__lt=before, deliveries__isnull=True)
    while ids := list(unsaid.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Notification.objects.filter(pk__in=ids).delete()
    return deleted


def _delete(deliveries: QuerySet[Delivery]) -> int:
    """Delete what of ``deliveries`` came to an end, and notifications that no channel knows any more; return how many."""
    deleted, finished = 0, deliveries.exclude(status=DeliveryStatus.PENDING).order_by()
    while found := list(finished.values_list("pk", "notification_id")[:AT_ONCE]):
        with transaction.atomic():
            Delivery.objects.filter(pk__in=[pk for pk, _ in found]).delete()
            told = {notification_id for _, notification_id in found}
            Notification.objects.filter(pk__in=told, deliveries__isnull=True).delete()
        deleted += len(found)
    return deleted
