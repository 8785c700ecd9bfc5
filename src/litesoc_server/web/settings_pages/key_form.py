"""The form of an API key: what it is called, what it may do, how long and how much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.http import QueryDict

from litesoc_server.apikeys.change_key import KeyValues
from litesoc_server.apikeys.models import NAME_LENGTH_MAX, ApiKey
from litesoc_server.apikeys.values import SCOPE_TEXTS, KeyRefused
from litesoc_server.ingest.keys import Scope

NEVER, CUSTOM = "never", "custom"
EXPIRIES: Mapping[str, tuple[str, timedelta]] = {
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
    "1y": ("1 year", timedelta(days=365)),
}
OVERLAPS: Mapping[str, tuple[str, timedelta]] = {
    "0": ("Now", timedelta(0)),
    "1h": ("In 1 hour", timedelta(hours=1)),
    "24h": ("In 24 hours", timedelta(hours=24)),
    "7d": ("In 7 days", timedelta(days=7)),
}
OVERLAP_DEFAULT = "24h"
_NUMBER_LENGTH_MAX = 12  # characters of the limit; its own check refuses what is too large


@dataclass(kw_only=True)
class KeyForm:
    """What somebody typed, and what is wrong with it."""

    name: str = ""
    scopes: frozenset[str] = frozenset({Scope.INGEST.value})
    expiry: str = NEVER  # of EXPIRIES, NEVER or CUSTOM
    until: str = ""  # for CUSTOM, as the browser's field shows it without scripts: 2026-12-01T08:00, UTC
    rate_limit: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    name_length_max: int = NAME_LENGTH_MAX

    def values(self, now: datetime, *, was: datetime | None = None) -> KeyValues:
        """Return what was chosen; an expiry that reads as ``was`` is that very moment. Raises KeyRefused."""
        return KeyValues(
            name=self.name,
            scopes=frozenset(Scope(scope) for scope in self.scopes),
            expires_at=self._expires_at(now, was),
            rate_limit_per_minute=self._rate_limit(),
        )

    def _expires_at(self, now: datetime, was: datetime | None) -> datetime | None:
        if self.expiry == NEVER:
            return None
        if self.expiry in EXPIRIES:
            return now + EXPIRIES[self.expiry][1]
        if was is not None and self.until == shown_moment(was):
            return was
        try:
            return datetime.fromisoformat(self.until).replace(tzinfo=UTC)
        except ValueError:
            raise KeyRefused("expires_at", "Choose a date and a time.") from None

    def _rate_limit(self) -> int | None:
        if not self.rate_limit:
            return None
        if not (self.rate_limit.isascii() and self.rate_limit.isdigit()):
            raise KeyRefused("rate_limit_per_minute", "The limit is a whole number, or empty.")
        return int(self.rate_limit)


def form_of(key: ApiKey) -> KeyForm:
    """Return the form with a key's values."""
    return KeyForm(
        name=key.name,
        scopes=frozenset(key.scopes),
        expiry=NEVER if key.expires_at is None else CUSTOM,
        until="" if key.expires_at is None else shown_moment(key.expires_at),
        rate_limit="" if key.rate_limit_per_minute is None else str(key.rate_limit_per_minute),
    )


def sent_form(sent: QueryDict) -> KeyForm:
    """Return the form as it was sent."""
    known = {scope.value for scope in Scope}
    expiry = sent.get("expiry", NEVER)
    return KeyForm(
        name=str(sent.get("name", ""))[: NAME_LENGTH_MAX + 1],
        scopes=frozenset(sent.getlist("scope")) & known,
        expiry=expiry if expiry in EXPIRIES or expiry == CUSTOM else NEVER,
        until=str(sent.get("until", ""))[:30].removesuffix("Z"),
        rate_limit=str(sent.get("rate_limit", "")).strip()[:_NUMBER_LENGTH_MAX],
    )


def shown_moment(moment: datetime) -> str:
    """Return a moment as the field holds it, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def scope_choices() -> list[tuple[str, str]]:
    """Return each scope with what it lets a key do."""
    return [(scope.value, text) for scope, text in SCOPE_TEXTS.items()]
