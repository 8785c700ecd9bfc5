"""What a key may be given, checked; and the refusals that people read."""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from django.utils import timezone

from litesoc_server.apikeys.models import NAME_LENGTH_MAX
from litesoc_server.ingest.keys import Scope

EXPIRY_MAX = timedelta(days=3650)
RATE_LIMIT_MAX = 10_000_000  # events per minute; more than one server takes

SCOPE_TEXTS = {
    Scope.INGEST: "send events",
    Scope.READ: "list and read events, alerts and settings",
    Scope.MANAGE: "change alerts, detection, suppressions, keys and from where keys may be used",
    Scope.BACKFILL: "send events that carry their own time, to bring in history",
}


class KeyRefused(Exception):
    """A key cannot be made or changed like this; ``field`` is what is wrong, the text a sentence for people."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class KeyEnded(Exception):
    """The key is revoked or has expired, so nothing about it can change; the text is a sentence for people."""


class KeyForbidden(Exception):
    """Whoever asks must not do this to this key; the text is a sentence for people."""


def checked_name(name: str) -> str:
    """Return a key's name. Raises KeyRefused."""
    checked = " ".join(name.split())
    if not checked:
        raise KeyRefused("name", "Say what the key is for.")
    if len(checked) > NAME_LENGTH_MAX:
        raise KeyRefused("name", f"A name has at most {NAME_LENGTH_MAX} characters.")
    if not checked.isprintable():
        raise KeyRefused("name", "A name has no control characters.")
    return checked


def checked_scopes(scopes: AbstractSet[Scope], within: AbstractSet[Scope] | None) -> list[str]:
    """Return what a key may do, as it is stored. Raises KeyRefused, or KeyForbidden for what is not in ``within``."""
    if not scopes:
        raise KeyRefused("scopes", "Choose at least one scope.")
    if within is not None:
        require_within(scopes, within)
    return sorted(scope.value for scope in scopes)


def require_within(scopes: AbstractSet[str], within: AbstractSet[str]) -> None:
    """Return if a key with ``within`` may hand out ``scopes``. Raises KeyForbidden: nobody gives away what they have not."""
    more = sorted(set(scopes) - set(within))
    if more:
        msg = f"A key cannot hand out scopes that it lacks itself: {', '.join(more)}."
        raise KeyForbidden(msg)


def checked_expiry(expires_at: datetime | None) -> datetime | None:
    """Return when a key ends. Raises KeyRefused."""
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + EXPIRY_MAX:
        raise KeyRefused("expires_at", "The expiry is in the future, at most ten years from now.")
    return expires_at


def checked_rate_limit(limit: int | None) -> int | None:
    """Return a key's own limit. Raises KeyRefused."""
    if limit is not None and not 1 <= limit <= RATE_LIMIT_MAX:
        raise KeyRefused("rate_limit_per_minute", f"The limit is a number from 1 to {RATE_LIMIT_MAX:,}, or left out.")
    return limit
