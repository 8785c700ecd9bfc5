"""The only doors to single API keys."""

import uuid

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.orgs.models import Organization


def get_key(org: Organization, key_id: str) -> ApiKey:
    """Return one key. Raises ApiKey.DoesNotExist when it is unknown, another organisation's, or not an id."""
    return ApiKey.objects.select_related("org", "created_by").get(id=_id(key_id), org=org)


def key_for_operator(key_id: str) -> ApiKey:
    """Return one key of any organisation; for the operator's command line. Raises ApiKey.DoesNotExist."""
    return ApiKey.objects.select_related("org").get(id=_id(key_id))


def _id(key_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(key_id)
    except ValueError as error:
        raise ApiKey.DoesNotExist("not an id") from error
