"""Changing what a key is called, what it may do, how long and how much."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.targets import target_of
from litesoc_server.apikeys.values import (
    KeyEnded,
    checked_expiry,
    checked_name,
    checked_rate_limit,
    checked_scopes,
    require_within,
)
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record
from litesoc_server.ingest.keys import Scope


@dataclass(frozen=True, kw_only=True)
class KeyValues:
    """Everything about a key that can be changed, but for its allow-list."""

    name: str
    scopes: AbstractSet[Scope]
    expires_at: datetime | None
    rate_limit_per_minute: int | None


def values_of(key: ApiKey) -> KeyValues:
    """Return a key's values as they are."""
    return KeyValues(
        name=key.name,
        scopes=frozenset(Scope(scope) for scope in key.scopes),
        expires_at=key.expires_at,
        rate_limit_per_minute=key.rate_limit_per_minute,
    )


def change_key(key: ApiKey, wanted: KeyValues, *, by: By, within: AbstractSet[Scope] | None = None) -> None:
    """Give ``key`` other values, in force within 5 seconds. Nothing is recorded where nothing changes.

    ``within`` is what the key may do that asks for it, if a key does: it can add no other scopes. Raises KeyRefused,
    KeyForbidden, KeyEnded.
    """
    with transaction.atomic():
        stored = ApiKey.objects.select_for_update().get(pk=key.pk)
        require_active(stored)
        before = _shown(stored)
        if within is not None:
            require_within(set(wanted.scopes) - set(stored.scopes), within)
        stored.name = checked_name(wanted.name)
        stored.scopes = checked_scopes(wanted.scopes, None)
        if wanted.expires_at != stored.expires_at:
            stored.expires_at = checked_expiry(wanted.expires_at)
        stored.rate_limit_per_minute = checked_rate_limit(wanted.rate_limit_per_minute)
        after = _shown(stored)
        changes = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
        if changes:
            stored.save(update_fields=["name", "scopes", "expires_at", "rate_limit_per_minute"])
            record(org_id=stored.org_id, action=Action.KEY_UPDATED, by=by, target=target_of(stored), changes=changes)
    key.refresh_from_db(fields=["name", "scopes", "expires_at", "rate_limit_per_minute"])


def require_active(key: ApiKey) -> None:
    """Return if a key can still be changed. Raises KeyEnded."""
    if key.state != "active":
        msg = f"This key is {key.state}: it cannot be changed any more."
        raise KeyEnded(msg)


def _shown(key: ApiKey) -> dict[str, object]:
    return {
        "name": key.name,
        "scopes": ", ".join(key.scopes),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "rate_limit_per_minute": key.rate_limit_per_minute,
    }
