"""Deleting alerts for good: when they expire, when a test environment is emptied, when a person is erased."""

from django.db import transaction
from django.db.models import QuerySet

from litesoc_server.alerts.models import Alert

AT_ONCE = 200  # alerts of one transaction, with what hangs on them


def delete_alerts(wanted: QuerySet[Alert]) -> int:
    """Delete alerts with everything of theirs; return how many. In steps: others wait for each of them only."""
    deleted = 0
    while ids := list(wanted.values_list("id", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            Alert.objects.filter(id__in=ids).delete()
        deleted += len(ids)
    return deleted
