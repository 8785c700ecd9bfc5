"""Deletes alerts with everything of theirs once they are older than the retention."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from litesoc_server.alerts.models import Alert
from litesoc_server.orgs.models import Organization, SuppressionHit

AT_ONCE = 200  # alerts of one transaction, with what hangs on them


def expired_alerts_count(org: Organization, *, before: datetime) -> int:
    """Return how many alerts ended before a moment."""
    return Alert.objects.filter(org=org, last_seen_at__lt=before).count()


def delete_expired(org: Organization, *, before: datetime) -> int:
    """Delete the alerts that ended before a moment, with evidence, detections, comments and history; return how many.

    An attack that goes on is kept whole, as lists show it.
    """
    deleted = delete_alerts(Alert.objects.filter(org=org, last_seen_at__lt=before))
    SuppressionHit.objects.filter(org=org, at__lt=before).delete()
    return deleted


def delete_alerts(wanted: QuerySet[Alert]) -> int:
    """Delete alerts with everything of theirs; return how many. In steps: others wait for each of them only."""
    deleted = 0
    while ids := list(wanted.values_list("id", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Alert.objects.filter(id__in=ids).delete()
        deleted += len(ids)
    return deleted
