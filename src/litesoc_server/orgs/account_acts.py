"""What happens to somebody's account, in the audit logs of the organisations that they belong to."""

from collections.abc import Mapping

from django.db import transaction

from litesoc_server.accounts.models import User
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.orgs.models import Membership


def record_account_act(
    user: User, action: Action, *, by: By, changes: Mapping[str, tuple[object, object]] | None = None
) -> None:
    """Record an act on the account of ``user`` where they are a member; of who is nowhere one, in the installation's log."""
    with transaction.atomic():
        # In one order for all, since each log is locked until the end.
        of_user = Membership.objects.filter(user=user).order_by("org_id").values_list("org_id", flat=True)
        for org_id in list(of_user) or [INSTALLATION]:
            record(
                org_id=org_id,
                action=action,
                by=by,
                target=Target(kind="account", id=str(user.id), name=user.email),
                changes=changes or {},
            )
