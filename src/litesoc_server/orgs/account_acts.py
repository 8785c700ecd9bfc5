"""What happens to somebody's account, in the audit logs of the organisations that they belong to."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.audit.access import count_acts
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.orgs.models import Membership


def record_account_act(
    user: User, action: Action, *, by: By, changes: Mapping[str, tuple[object, object]] | None = None
) -> None:
    """Record an act on the account of ``user`` where they are a member; of who is nowhere one, in the installation's log."""
    with transaction.atomic():
        for org_id in _logs_of(user):
            record(
                org_id=org_id,
                action=action,
                by=by,
                target=Target(kind="account", id=str(user.id), name=user.email),
                changes=changes or {},
            )


def record_failed_sign_in(user: User, *, by: By) -> None:
    """Record that somebody could not sign in; with the failure after which the account has to wait, that, too."""
    since = timezone.now() - timedelta(seconds=settings.SIGN_IN_FAILURES_WITHIN_S)
    with transaction.atomic():
        record_account_act(user, Action.LOGIN_FAILED, by=by)
        failures = count_acts(_logs_of(user)[0], Action.LOGIN_FAILED, target_id=str(user.id), since=since)
        if failures >= settings.SIGN_IN_FAILURES_MAX:
            record_account_act(user, Action.LOCKED_OUT, by=by)


def _logs_of(user: User) -> list[uuid.UUID]:
    """Return whose logs are meant: in one order for all, since each log is locked until the end."""
    of_user = Membership.objects.filter(user=user).order_by("org_id").values_list("org_id", flat=True)
    return list(of_user) or [INSTALLATION]
