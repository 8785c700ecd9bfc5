"""Deletes alerts with everything of theirs once they are older than the retention."""

from datetime import datetime

from litesoc_server.alerts.deletion import delete_alerts
from litesoc_server.alerts.models import Alert
from litesoc_server.orgs.models import Organization, SuppressionHit


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
