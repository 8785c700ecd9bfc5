"""What changes an organisation itself."""

from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.normalise.text import clean_text

NAME_LENGTH_MAX = 150  # characters


class OrganizationRefused(Exception):
    """An organisation cannot be changed like this; the text is a sentence for people."""


def rename_organization(org: Organization, name: str) -> None:
    """Call an organisation ``name`` from now on; addresses and ids stay. Raises OrganizationRefused."""
    name = clean_text(" ".join(name.split()))
    if not name:
        raise OrganizationRefused("The organisation needs a name.")
    if len(name) > NAME_LENGTH_MAX:
        msg = f"A name has at most {NAME_LENGTH_MAX} characters."
        raise OrganizationRefused(msg)
    org.name = name
    org.save(update_fields=["name"])
