"""Who calls the API, as the audit log records it."""

from litesoc_server.accounts.request_client import address_of, user_agent_of
from litesoc_server.api.caller import ApiRequest
from litesoc_server.audit.by import By
from litesoc_server.orgs.principals import KEY_PREFIX


def by_of(request: ApiRequest) -> By:
    """Return the key that the request came with, and where it came from."""
    record = request.caller.record
    return By(
        principal=f"{KEY_PREFIX}{record.key_id}",
        name=record.key_name,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
