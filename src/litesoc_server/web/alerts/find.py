"""The alert that an address names."""

import uuid

from django.http import Http404

from litesoc_server.alerts.access import get_alert
from litesoc_server.alerts.models import Alert
from litesoc_server.web.member import Member


def find_alert(member: Member, alert_id: uuid.UUID) -> Alert:
    """Return an alert that ``member`` may see. Raises Http404."""
    try:
        return get_alert(
            org_id=member.org_id,
            environment=member.environment,
            alert_id=str(alert_id),
            not_before=member.not_before,
        )
    except Alert.DoesNotExist as error:
        raise Http404 from error
