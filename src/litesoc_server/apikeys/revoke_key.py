"""Making a key unusable for good."""

from django.db import transaction
from django.utils import timezone

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.targets import target_of
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record


def revoke_key(key: ApiKey, *, by: By) -> None:
    """Make ``key`` unusable within 5 seconds on every server. Revoking twice keeps the first time and is recorded once."""
    with transaction.atomic():
        changed = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        key.refresh_from_db(fields=["revoked_at"])
        if changed:
            record(org_id=key.org_id, action=Action.KEY_REVOKED, by=by, target=target_of(key))
