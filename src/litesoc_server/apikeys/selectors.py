"""What is asked about API keys."""

from collections.abc import Sequence

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.orgs.access import organization_for_operator


def keys_for_operator(org: str | None) -> Sequence[ApiKey]:
    """Return all keys of the named organisation (slug or id), or of all; for the operator's command line.

    Raises Organization.DoesNotExist with a text for people.
    """
    keys = ApiKey.objects.select_related("org").order_by("org__name", "created_at")
    return list(keys if org is None else keys.filter(org=organization_for_operator(org)))
