"""The delivery log is kept for a while, then deleted."""

from datetime import datetime, timedelta

from django.db import transaction

from litesoc_server.notify.models import Delivery, DeliveryStatus, Notification, ThreadStart

KEPT_FOR = timedelta(days=30)
AT_ONCE = 500  # rows of one transaction, with what hangs on them


def delete_old_deliveries(now: datetime) -> int:
    """Delete what came to an end more than KEPT_FOR ago, of all organisations; return how many deliveries.

    So are threads of which nothing was told for so long: what is told of such an alert then begins another one.
    """
    before, deleted = now - KEPT_FOR, 0
    ThreadStart.objects.filter(told_at__lt=before).delete()
    old = Delivery.objects.filter(created_at__lt=before).exclude(status=DeliveryStatus.PENDING)
    while ids := list(old.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Delivery.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    unsaid = Notification.objects.filter(created_at__lt=before, deliveries__isnull=True)
    while ids := list(unsaid.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Notification.objects.filter(pk__in=ids).delete()
    return deleted
