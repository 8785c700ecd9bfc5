"""The only doors to organisations."""

import uuid

from litesoc_server.orgs.models import Organization


def organization_for_operator(slug_or_id: str | None) -> Organization:
    """Return the named organisation, or the only one there is; for the operator's command line, which sees all.

    Raises Organization.DoesNotExist or Organization.MultipleObjectsReturned, with a text for people.
    """
    if slug_or_id is None:
        found = list(Organization.objects.all()[:2])
        if len(found) > 1:
            raise Organization.MultipleObjectsReturned("there are several organisations")
        if not found:
            raise Organization.DoesNotExist("there is no organisation yet")
        return found[0]
    try:
        return Organization.objects.get(id=uuid.UUID(slug_or_id))
    except (ValueError, Organization.DoesNotExist):
        organization = Organization.objects.filter(slug=slug_or_id).first()
    if organization is None:
        msg = f"there is no organisation {slug_or_id!r}"
        raise Organization.DoesNotExist(msg)
    return organization
