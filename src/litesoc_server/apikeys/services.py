"""What changes API keys."""

import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.apikeys.models import NAME_LENGTH_MAX, ApiKey
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope, hash_key
from litesoc_server.orgs.models import Organization

SECRET_BYTES = 24  # 192 random bits, 32 URL-safe characters: what clients and the vendor's installer expect at least
SHOWN_PREFIX_LENGTH = 14  # "lsoc_live_" and four characters of the key


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
    environment: Environment = Environment.LIVE,
    created_by: User | None = None,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Make a key for ``org``. It works at once, on every server that uses the same database.

    Raises django.core.exceptions.ValidationError when the name is blank or too long.
    """
    if not name.strip() or len(name) > NAME_LENGTH_MAX:
        msg = f"The name needs 1 to {NAME_LENGTH_MAX} characters."
        raise ValidationError(msg)
    secret = f"lsoc_{environment.value}_{secrets.token_urlsafe(SECRET_BYTES)}"
    record = ApiKey.objects.create(
        org=org,
        name=name,
        prefix=secret[:SHOWN_PREFIX_LENGTH],
        sha256=hash_key(secret.encode("ascii")).hex(),
        scopes=sorted(scope.value for scope in scopes),
        environment=environment.value,
        created_by=created_by,
        expires_at=expires_at,
    )
    return IssuedKey(record=record, secret=secret)


def revoke_key(key: ApiKey) -> None:
    """Make ``key`` unusable for good, within 5 seconds on every server. Revoking twice keeps the first time."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    key.refresh_from_db(fields=["revoked_at"])
