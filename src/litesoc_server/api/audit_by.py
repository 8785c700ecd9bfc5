"""Who calls the API, as the audit log records it."""

from litesoc_server.api.caller import ApiRequest
from litesoc_server.audit.by import By


def by_of(request: ApiRequest) -> By:
    """Return the key that the request came with, and where it came from."""
    return request.caller.by
