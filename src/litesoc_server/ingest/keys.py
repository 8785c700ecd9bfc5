"""Who is calling: the port to where API keys live, and what a key allows."""

import hashlib
from enum import StrEnum
from typing import Protocol

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import KeyHash, OrgId
from litesoc_server.ingest.allow_list import AllowList
from litesoc_server.ingest.origins import NO_ORIGINS, Origins


class Scope(StrEnum):
    """What an API key may do."""

    INGEST = "ingest"  # send events
    READ = "read"  # list events and alerts
    MANAGE = "manage"  # change alerts
    BACKFILL = "backfill"  # send events with their own timestamp

    __hash__ = str.__hash__  # Enum's own is a Python function, and scopes are looked up for every request


class KeyRecord(msgspec.Struct, frozen=True, gc=False):
    """What ingest and the API need to know of a key's owner; nothing here is secret."""

    key_id: str
    key_name: str
    scopes: frozenset[Scope]
    environment: Environment
    org_id: OrgId
    org_name: str
    is_suspended: bool
    plan: str  # "free", "pro" or "enterprise": the only names clients know
    features: frozenset[str]  # of the plan, orgs.plans.Feature
    alerts_page_limit: int  # rows
    monthly_events_limit: int | None  # None = unlimited
    rate_limit_per_minute: int | None  # events; None = unlimited
    retention_days: int | None  # None = unlimited
    key_rate_limit_per_minute: int | None = None  # events of this key, within the organisation's limit; None = only that one
    allow_lists: tuple[AllowList, ...] = ()  # the organisation's and the key's own: an address must be on each of them
    origins: Origins = NO_ORIGINS  # web pages that may use the organisation's keys


class KeysUnavailable(Exception):
    """The directory cannot be asked: fail closed with 503, never guess."""


class KeySource(Protocol):
    """The control plane's side of the directory. Blocking; called from worker threads."""

    def find(self, key_hash: KeyHash) -> KeyRecord | None:
        """Return the usable key with this hash; None when unknown, revoked or expired. Raises KeysUnavailable."""
        ...

    def find_many(self, key_hashes: "list[KeyHash]") -> dict[KeyHash, KeyRecord]:
        """Return those of the keys that are usable, in one round trip. Raises KeysUnavailable."""
        ...


def hash_key(key: bytes) -> KeyHash:
    """Return the SHA-256 digest under which a key is stored. Keys are random, so a salt would add nothing."""
    return KeyHash(hashlib.sha256(key).digest())
