"""Forgetting keys that ended long ago. The audit log keeps what was done with them."""

from datetime import datetime

from django.db.models import Q

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.orgs.models import Organization

# As long as somebody may still ask which key it was: events are kept for 400 days at most, unless the operator says more.
KEPT_DAYS_MIN = 400


def purge_ended_keys(org: Organization, *, ended_before: datetime) -> int:
    """Delete the keys of an organisation that were revoked or expired before a moment; return how many."""
    ended = Q(revoked_at__lt=ended_before) | Q(expires_at__lt=ended_before)
    _, deleted = ApiKey.objects.filter(ended, org=org).delete()
    return deleted.get(ApiKey._meta.label, 0)  # noqa: SLF001 # Django's own interface
