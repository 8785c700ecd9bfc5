"""Replacing a key by a new one, while the old one works on for a while."""

from collections.abc import Set as AbstractSet
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.apikeys.issue_key import IssuedKey, require_room, save_new_key
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.targets import target_of
from litesoc_server.apikeys.values import KeyEnded, KeyRefused, require_within
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.models import Organization

OVERLAP_MAX = timedelta(days=30)


def rotate_key(
    key: ApiKey,
    *,
    overlap: timedelta,
    by: By,
    created_by: User | None = None,
    within: AbstractSet[Scope] | None = None,
) -> IssuedKey:
    """Make a key that may do what ``key`` may, and let ``key`` end after ``overlap``; with none of it within 5 seconds.

    A new key lasts as long as the old one was made for. ``within`` is what the key may do that asks for it, if a key does.
    Raises KeyRefused, KeyForbidden, KeyEnded.
    """
    if not timedelta(0) <= overlap <= OVERLAP_MAX:
        raise KeyRefused("overlap", f"The old key can work on for at most {OVERLAP_MAX.days} days.")
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=key.org_id)
        old = ApiKey.objects.select_related("org").select_for_update(of=("self",)).get(pk=key.pk)
        if old.state != "active":
            msg = f"This key is {old.state}: make a new one instead."
            raise KeyEnded(msg)
        if within is not None:
            require_within(set(old.scopes), within)
        now = timezone.now()
        ends_at = now + overlap if old.expires_at is None else min(old.expires_at, now + overlap)
        before = old.expires_at
        if overlap:
            old.expires_at = ends_at
        else:
            old.revoked_at = now
        old.save(update_fields=["expires_at", "revoked_at"])
        require_room(old.org)
        issued = save_new_key(_successor(old, lifetime=None if before is None else before - old.created_at, by=created_by))
        changes: dict[str, tuple[object, object]] = {
            "begins_with": (old.prefix, issued.record.prefix),
            "old_key_ends_at": (None if before is None else before.isoformat(), (old.revoked_at or ends_at).isoformat()),
        }
        record(org_id=old.org_id, action=Action.KEY_REGENERATED, by=by, target=target_of(old), changes=changes)
    return issued


def _successor(old: ApiKey, *, lifetime: timedelta | None, by: User | None) -> ApiKey:
    return ApiKey(
        org=old.org,
        name=old.name,
        scopes=old.scopes,
        environment=old.environment,
        created_by=by,
        expires_at=None if lifetime is None else timezone.now() + lifetime,
        rate_limit_per_minute=old.rate_limit_per_minute,
        allow_list=old.allow_list,
        replaces=old,
    )
