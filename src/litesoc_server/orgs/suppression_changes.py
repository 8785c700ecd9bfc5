"""What changes a suppression after it was made: another expiry, or taking its end back."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.orgs.models import Suppression
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.suppressions import expiry_problems, record_suppression, require_room

UNDO_FOR = timedelta(minutes=15)  # after that its detections have been alerts for a while: a new one says so


class SuppressionChanged(Exception):
    """Somebody else has changed the suppression meanwhile, or time has; the text is for people."""


def set_expiry(suppression: Suppression, expires_at: datetime, *, was: datetime, who: Who) -> Suppression:
    """Let ``suppression`` hold until ``expires_at`` instead of ``was``, the expiry that somebody saw.

    Raises PolicyInvalid for a moment that cannot be, SuppressionChanged when it is no longer in force or has another expiry.
    """
    problems = expiry_problems(expires_at)
    if problems:
        raise PolicyInvalid(tuple(problems))
    now = timezone.now()
    unchanged = Suppression.objects.filter(pk=suppression.pk, ended_at__isnull=True, expires_at__gt=now)
    changes = {"expires_at": expires_at, "changed_at": now, "changed_by": who.principal}
    with transaction.atomic():
        if unchanged.filter(expires_at=was).update(**changes) == 0:
            raise SuppressionChanged("this suppression has ended, or somebody else has changed its expiry meanwhile")
        record_suppression(suppression, Action.SUPPRESSION_CHANGED, who, {"expires_at": (was, expires_at)})
    suppression.refresh_from_db()
    return suppression


def take_end_back(suppression: Suppression, *, who: Who) -> Suppression:
    """Let a suppression that was ended within UNDO_FOR hold again; one that holds is left as it is.

    Raises SuppressionChanged when that is too late, PolicyInvalid when there are as many in force as there may be.
    """
    now = timezone.now()
    with transaction.atomic():
        require_room(suppression.org)
        ended = Suppression.objects.filter(pk=suppression.pk, ended_at__gt=now - UNDO_FOR, expires_at__gt=now)
        changed = ended.update(ended_at=None, ended_by=None, changed_at=now, changed_by=who.principal)
        if changed:
            record_suppression(suppression, Action.SUPPRESSION_CHANGED, who, {"ended_at": (suppression.ended_at, None)})
    suppression.refresh_from_db()
    if changed == 0 and suppression.state != "active":
        raise SuppressionChanged("it is too late to take the end back: suppress the same again instead")
    return suppression


def can_take_end_back(suppression: Suppression) -> bool:
    """Return whether `take_end_back` would do so now."""
    now = timezone.now()
    return suppression.ended_at is not None and suppression.ended_at > now - UNDO_FOR and suppression.expires_at > now
