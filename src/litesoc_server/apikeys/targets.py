"""A key as the audit log names it."""

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.audit.by import Target


def target_of(key: ApiKey) -> Target:
    """Return the key as what was acted on."""
    return Target(kind="api_key", id=str(key.id), name=f"{key.name} ({key.prefix}…)")
