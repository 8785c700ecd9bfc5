"""The only doors to single API keys."""

import uuid

from litesoc_server.apikeys.models import ApiKey


def key_for_operator(key_id: str) -> ApiKey:
    """Return one key of any organisation; for the operator's command line. Raises ApiKey.DoesNotExist."""
    try:
        parsed = uuid.UUID(key_id)
    except ValueError as error:
        raise ApiKey.DoesNotExist("not an id") from error
    return ApiKey.objects.select_related("org").get(id=parsed)
