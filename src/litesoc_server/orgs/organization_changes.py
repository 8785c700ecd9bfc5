"""What changes an organisation itself."""

from django.db import transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization
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
    target = Target(kind="organization", id=str(org.pk), name=name)
    record(org_id=org.pk, action=Action.SETTINGS_UPDATED, by=by, target=target, changes={"name": (before, name)})
