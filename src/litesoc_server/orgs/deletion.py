"""The end of an organisation: said by an owner, taken back within a grace period, and then carried out row by row.

From the moment it is said its keys are refused. What other places hold of it (event store, state, dead letters) is removed
by `runtime.organization_removal` before the rows here, which are the record that it is still to be done.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.orgs.member_changes import Acting, lock, require
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.organization_changes import OrganizationRefused
from litesoc_server.orgs.roles import Permission

GRACE = timedelta(days=7)
ROWS_AT_ONCE = 500  # of one transaction, with what hangs on them


@transaction.atomic
def schedule_deletion(org: Organization, *, typed_name: str, acting: Acting, grace: timedelta = GRACE) -> datetime:
    """Refuse the organisation's keys from now on, and remove it after ``grace``. Returns when that is.

    ``typed_name`` is its name, typed by whoever is sure. Raises OrganizationRefused, MemberRefused.
    """
    require(org, acting, Permission.DELETE_ORG)
    now_is = lock(org)
    if " ".join(typed_name.split()) != " ".join(now_is.name.split()):
        raise OrganizationRefused("This is not the name of the organisation. Type it as it stands above.")
    if now_is.deletion_due_at is not None:
        raise OrganizationRefused("The organisation is about to be deleted already.")
    org.deletion_asked_at = timezone.now()
    org.deletion_due_at = org.deletion_asked_at + grace
    org.save(update_fields=["deletion_asked_at", "deletion_due_at"])
    changes = {"due_at": (None, org.deletion_due_at.isoformat())}
    record(org_id=org.pk, action=Action.DELETION_SCHEDULED, by=acting.by, target=_target(org), changes=changes)
    return org.deletion_due_at


@transaction.atomic
def cancel_deletion(org: Organization, *, acting: Acting) -> None:
    """Keep an organisation that was to be deleted; its keys work again. Raises OrganizationRefused, MemberRefused."""
    require(org, acting, Permission.DELETE_ORG)
    due_at = lock(org).deletion_due_at
    if due_at is None:
        raise OrganizationRefused("The organisation is not about to be deleted.")
    if due_at <= timezone.now():
        raise OrganizationRefused("It is too late: the organisation is being removed.")
    org.deletion_asked_at = org.deletion_due_at = None
    org.save(update_fields=["deletion_asked_at", "deletion_due_at"])
    record(org_id=org.pk, action=Action.DELETION_CANCELLED, by=acting.by, target=_target(org))


def due_for_removal(now: datetime) -> list[Organization]:
    """Return the organisations whose grace period is over."""
    return list(Organization.objects.filter(deletion_due_at__lte=now).order_by("deletion_due_at"))


def remove_rows(org: Organization) -> None:
    """Remove every row of every table that belongs to the organisation, itself last.

    In many transactions, so that none holds the database up. Interrupted it is called again; doing so changes nothing more.
    """
    for model, of_org in _tables_with(org.pk):
        while _remove_some(model, of_org):
            pass
    with transaction.atomic():
        # What was added meanwhile goes with it, and the audit log, to which the last step is no longer added.
        for model, of_org in _tables_with(org.pk):
            while _remove_some(model, of_org):
                pass
        Organization.objects.filter(pk=org.pk).delete()
        target = Target(kind="organization", id=str(org.pk))
        record(org_id=INSTALLATION, action=Action.ORGANIZATION_DELETED, by=By.system(), target=target)


def _tables_with(org_id: uuid.UUID) -> Iterator[tuple[type[models.Model], models.Q]]:
    """Yield every table whose rows say which organisation they belong to, whatever app it is of.

    Those that are declared last come first: they point at the others.
    """
    for model in reversed(list(apps.get_models())):
        if not model.__module__.startswith("litesoc_server.") or model is Organization:
            continue
        for field in model._meta.concrete_fields:  # noqa: SLF001 # Django's own interface
            points_at_it = isinstance(field, models.ForeignKey) and field.related_model is Organization
            if points_at_it or field.name == "org_id":
                yield model, models.Q(**{field.attname: org_id})


def _remove_some(model: type[models.Model], of_org: models.Q) -> bool:
    """Remove some rows with what hangs on them. Returns whether there were any."""
    manager = model._base_manager  # noqa: SLF001 # Django's own interface
    keys = list(manager.filter(of_org).values_list("pk", flat=True)[:ROWS_AT_ONCE])
    if not keys:
        return False
    rows: models.QuerySet[models.Model] = models.QuerySet(model).filter(pk__in=keys)
    with transaction.atomic():
        rows.delete()
    return True


def _target(org: Organization) -> Target:
    return Target(kind="organization", id=str(org.pk), name=org.name)
