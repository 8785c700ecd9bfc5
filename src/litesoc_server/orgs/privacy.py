"""How long an organisation keeps things, and what it takes out of events before they are stored."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization, StoredPrivacy
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.pipeline.privacy import PrivacyRules

KEYS_MAX = 100
KEY_LENGTH_MAX = 100  # characters


class PrivacyRefused(Exception):
    """Something cannot be set like this; the text is a sentence for people, ``field`` the one it is about."""

    def __init__(self, text: str, *, field: Literal["days", "keys"]) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """What is stored for an organisation."""

    redacted_keys: tuple[str, ...] = ()
    truncates_addresses: bool = False


def privacy_of(org: Organization) -> Privacy:
    """Return what an organisation decided."""
    row = StoredPrivacy.objects.filter(org=org).first()
    return Privacy() if row is None else _read(row)


def rules_by_org() -> Mapping[uuid.UUID, PrivacyRules]:
    """Return the rules of every organisation that has some, for the pipeline."""
    return {row.org_id: _rules(_read(row)) for row in StoredPrivacy.objects.all()}


def most_days(org: Organization) -> int:
    """Return for how many days the plan lets an organisation keep things, its own limit included."""
    chosen, org.retention_days_chosen = org.retention_days_chosen, None
    try:
        return plan_of(org).retention_days
    finally:
        org.retention_days_chosen = chosen


def checked_days(org: Organization, days: int | None) -> int | None:
    """Return what is stored for a wish: None where it is as the plan. Raises PrivacyRefused."""
    most = most_days(org)
    if days is None or days == most:
        return None
    if not 1 <= days <= most:
        msg = f"Keep things for 1 to {most} days: the plan includes no more."
        raise PrivacyRefused(msg, field="days")
    return days


def set_retention(org: Organization, days: int | None, *, by: By) -> None:
    """Keep things for ``days`` from now on, None as long as the plan includes; carried out within a minute.

    Fewer days delete what is older. More hold for what arrives from now on. Raises PrivacyRefused.
    """
    wanted = checked_days(org, days)
    with transaction.atomic():
        before = plan_of(Organization.objects.select_for_update().get(pk=org.pk)).retention_days
        org.retention_days_chosen = wanted
        org.save(update_fields=["retention_days_chosen"])
        after = plan_of(org).retention_days
        if after != before:
            record(org_id=org.pk, action=Action.RETENTION_CHANGED, by=by, changes={"days": (before, after)})


def checked_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the names of keys, each once, without empty ones. Raises PrivacyRefused."""
    names = tuple(dict.fromkeys(clean_text(key.strip()) for key in keys if key.strip()))
    if len(names) > KEYS_MAX:
        msg = f"At most {KEYS_MAX} keys can be redacted."
        raise PrivacyRefused(msg, field="keys")
    if any(len(name) > KEY_LENGTH_MAX for name in names):
        msg = f"The name of a key has at most {KEY_LENGTH_MAX} characters."
        raise PrivacyRefused(msg, field="keys")
    return names


def set_privacy(org: Organization, *, redacted_keys: Sequence[str], truncates_addresses: bool, by: By) -> None:
    """Take this out of events that arrive from now on, within 5 s. Raises PrivacyRefused."""
    wanted = Privacy(redacted_keys=checked_keys(redacted_keys), truncates_addresses=truncates_addresses)
    with transaction.atomic():
        row, _ = StoredPrivacy.objects.select_for_update().get_or_create(org=org)
        before = _read(row)
        if before == wanted:
            return
        row.redacted_keys = list(wanted.redacted_keys)
        row.truncates_addresses = wanted.truncates_addresses
        row.save()
        changes: dict[str, tuple[object, object]] = {}
        if before.redacted_keys != wanted.redacted_keys:
            changes["redacted_keys"] = (", ".join(before.redacted_keys), ", ".join(wanted.redacted_keys))
        if before.truncates_addresses != wanted.truncates_addresses:
            changes["truncates_addresses"] = (before.truncates_addresses, wanted.truncates_addresses)
        record(org_id=org.pk, action=Action.PRIVACY_UPDATED, by=by, changes=changes)


def _read(row: StoredPrivacy) -> Privacy:
    return Privacy(redacted_keys=tuple(row.redacted_keys), truncates_addresses=row.truncates_addresses)


def _rules(privacy: Privacy) -> PrivacyRules:
    return PrivacyRules(
        redacted_keys=frozenset(name.lower() for name in privacy.redacted_keys),
        truncates_addresses=privacy.truncates_addresses,
    )
