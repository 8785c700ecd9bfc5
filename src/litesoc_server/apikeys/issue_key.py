"""Making a key."""

import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from litesoc_server.accounts.models import User
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.selectors import usable_keys_of
from litesoc_server.apikeys.targets import target_of
from litesoc_server.apikeys.values import KeyRefused, checked_expiry, checked_name, checked_rate_limit, checked_scopes
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope, hash_key
from litesoc_server.orgs.models import Organization

SECRET_BYTES = 24  # 192 random bits, 32 URL-safe characters: what clients and the vendor's installer expect at least
SHOWN_PREFIX_LENGTH = 14  # "lsoc_live_" and four characters of the key
KEYS_MAX = 100  # usable ones of an organisation, in both environments


@dataclass(frozen=True)
class IssuedKey:
    """A new key, and the only moment at which the key itself is known."""

    record: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.record.prefix}…)"


def issue_key(
    *,
    org: Organization,
    name: str,
    scopes: AbstractSet[Scope],
    by: By,
    environment: Environment = Environment.LIVE,
    created_by: User | None = None,
    expires_at: datetime | None = None,
    rate_limit_per_minute: int | None = None,
    within: AbstractSet[Scope] | None = None,
) -> IssuedKey:
    """Make a key for ``org``. It works at once, on every server that uses the same database.

    ``within`` is what the key may do that asks for it, if a key does. Raises KeyRefused, KeyForbidden.
    """
    draft = ApiKey(
        org=org,
        name=checked_name(name),
        scopes=checked_scopes(scopes, within),
        environment=environment.value,
        created_by=created_by,
        expires_at=checked_expiry(expires_at),
        rate_limit_per_minute=checked_rate_limit(rate_limit_per_minute),
    )
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=org.pk)  # so that two at once do not pass the ceiling together
        require_room(org)
        issued = save_new_key(draft)
        record(org_id=org.id, action=Action.KEY_CREATED, by=by, target=target_of(draft), changes=_facts(draft))
    return issued


def require_room(org: Organization) -> None:
    """Return if ``org`` may have one more key. Raises KeyRefused."""
    if usable_keys_of(org).count() >= KEYS_MAX:
        raise KeyRefused("keys", f"There are {KEYS_MAX} keys already: revoke one that is no longer used.")


def save_new_key(draft: ApiKey) -> IssuedKey:
    """Draw the secret of ``draft`` and store its hash."""
    secret = f"lsoc_{draft.environment}_{secrets.token_urlsafe(SECRET_BYTES)}"
    draft.prefix = secret[:SHOWN_PREFIX_LENGTH]
    draft.sha256 = hash_key(secret.encode("ascii")).hex()
    draft.save()
    return IssuedKey(record=draft, secret=secret)


def _facts(key: ApiKey) -> dict[str, tuple[object, object]]:
    return {
        "environment": (None, key.environment),
        "scopes": (None, ", ".join(key.scopes)),
        "expires_at": (None, None if key.expires_at is None else key.expires_at.isoformat()),
    }
