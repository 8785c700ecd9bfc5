"""What changes an organisation itself."""

from collections.abc import Mapping

from django.db import transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_assignment import decided, record_decisions
from litesoc_server.pipeline.normalise.text import clean_text

NAME_LENGTH_MAX = 150  # characters


class OrganizationRefused(Exception):
    """An organisation cannot be changed like this; the text is a sentence for people."""


@transaction.atomic
def rename_organization(org: Organization, name: str, *, by: By) -> None:
    """Call an organisation ``name`` from now on; addresses and ids stay. Raises OrganizationRefused."""
    name = clean_text(" ".join(name.split()))
    if not name:
        raise OrganizationRefused("The organisation needs a name.")
    if len(name) > NAME_LENGTH_MAX:
        msg = f"A name has at most {NAME_LENGTH_MAX} characters."
        raise OrganizationRefused(msg)
    before = Organization.objects.select_for_update().get(pk=org.pk).name
    org.name = name
    if name == before:
        return
    org.save(update_fields=["name"])
    _record(org, Action.SETTINGS_UPDATED, {"name": (before, name)}, by)


@transaction.atomic
def save_for_operator(org: Organization, *, by: By) -> None:
    """Save a new organisation, or one of which a form changed name, slug, plan, limits or suspension, and record that."""
    before = Organization.objects.select_for_update().filter(pk=org.pk).first()
    org.save()
    if before is None:
        _record(org, Action.ORGANIZATION_CREATED, {}, by)
        return
    names = {field: (getattr(before, field), getattr(org, field)) for field in ("name", "slug")}
    if changed := {field: values for field, values in names.items() if values[0] != values[1]}:
        _record(org, Action.SETTINGS_UPDATED, changed, by)
    record_decisions(org, decided(before), by=by)


def _record(org: Organization, action: Action, changes: Mapping[str, tuple[object, object]], by: By) -> None:
    target = Target(kind="organization", id=str(org.pk), name=org.name)
    record(org_id=org.pk, action=action, by=by, target=target, changes=changes)
