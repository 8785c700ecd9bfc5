"""Emptying an organisation's test environment: asked for by somebody, carried out by `runtime.environment_emptying`.

What was asked for stands in the organisation's row until nothing is left, so that a worker that dies in between is followed
by one that goes on. Live events, keys, settings and what was counted for the quota stay.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization


@transaction.atomic
def ask_to_empty(org: Organization, *, by: By) -> datetime:
    """Have all removed that was sent with test keys. Returns since when that is asked for; again, it changes nothing."""
    now_is = Organization.objects.select_for_update().get(pk=org.pk)
    if now_is.emptying_asked_at is None:
        now_is.emptying_asked_at = timezone.now()
        now_is.save(update_fields=["emptying_asked_at"])
        record(org_id=org.pk, action=Action.TEST_EVENTS_DELETION_ASKED, by=by, target=_TARGET)
    org.emptying_asked_at = now_is.emptying_asked_at
    return now_is.emptying_asked_at


def to_be_emptied() -> list[Organization]:
    """Return the organisations whose test environment is still to be emptied."""
    return list(Organization.objects.filter(emptying_asked_at__isnull=False).order_by("emptying_asked_at"))


@transaction.atomic
def note_emptied(org: Organization) -> None:
    """Record that nothing is left; of several workers that say so only the first is heard."""
    asked = Organization.objects.filter(pk=org.pk, emptying_asked_at=org.emptying_asked_at)
    if asked.update(emptying_asked_at=None):
        record(org_id=org.pk, action=Action.TEST_EVENTS_DELETED, by=By.system(), target=_TARGET)


_TARGET = Target(kind="environment", id="test")
