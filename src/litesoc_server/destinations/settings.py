"""What is kept of a destination's settings: checked by its kind, sealed, and shown without secrets."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from litesoc_server.accounts.sealing import SecretUnreadable, reseal, seal, unseal
from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.policy import EgressPolicy

CHANGED_MEANWHILE = "Somebody else changed the settings at the same time: look at them, then change them again."
_DECODER = msgspec.json.Decoder(dict[str, str])


class Kind(Protocol):
    """A kind of destination, as far as its settings go."""

    @property
    def title(self) -> str:
        """As people know it."""
        ...

    @property
    def fields(self) -> Sequence[Field]:
        """What it asks for, in the order of its form."""
        ...

    def check(self, settings: Settings, policy: EgressPolicy, /) -> None:
        """Raise SettingRefused for what cannot work. Looks names up; sends nothing."""
        ...


def seal_settings(values: Settings) -> str:
    """Return settings as a row keeps them. Raises KeysUnusable."""
    return seal(msgspec.json.encode(dict(values)).decode())


def unseal_settings(sealed: str) -> dict[str, str]:
    """Return settings, secrets included. Raises SecretUnreadable and KeysUnusable."""
    return _DECODER.decode(unseal(sealed))


def shown_values(fields: Sequence[Field], values: Settings) -> dict[str, str | None]:
    """Return what people and the API may see: secrets that are set as None, those that are not as an empty text."""
    return {
        field.name: None if field.is_secret and values.get(field.name) else values.get(field.name, "") for field in fields
    }


def changed_names(before: Settings, after: Settings) -> Sequence[str]:
    """Return the names of the settings that differ, in the order of the alphabet."""
    return sorted(name for name, value in after.items() if value != before.get(name, ""))


def checked_values(
    kind: Kind, given: Mapping[str, str], kept: Settings, policy: EgressPolicy, *, unset: Collection[str] = ()
) -> dict[str, str]:
    """Return what is to be stored: ``given``, and of what it leaves out or gives empty for a secret, ``kept``.

    What ``unset`` names is emptied, secrets too, unless it is given anew. Settings that are no fields (what a kind made by
    itself, such as keys) are kept. A secret that nobody may see is not kept where its place changes: whoever changes it to a
    server of theirs would be sent the secret. Raises SettingRefused.
    """
    fields = {field.name: field for field in kind.fields}
    for name in (*given, *unset):
        if name not in fields:
            raise SettingRefused(name, f"{kind.title} has no setting {name}: it has {', '.join(fields)}.")
        if len(given.get(name, "")) > fields[name].length_max:
            raise SettingRefused(name, f"{fields[name].label} has at most {fields[name].length_max:,} characters.")
    values = dict(kept)
    for name, field in fields.items():
        text = given.get(name, "").strip()
        if text or name in unset or (name in given and not field.is_secret):
            values[name] = text
        if field.is_required and not values.get(name):
            raise SettingRefused(name, f"{field.label} is missing.")
    _leave_secrets_behind(kind.fields, given, kept, values)
    kind.check(values, policy)
    return values


def _leave_secrets_behind(fields: Sequence[Field], given: Mapping[str, str], kept: Settings, values: dict[str, str]) -> None:
    """Empty the kept secrets in ``values`` where their place changes. Raises SettingRefused for one that is required."""
    moved = next(
        (one for one in fields if one.is_place and kept and values.get(one.name, "") != kept.get(one.name, "")), None
    )
    if moved is None:
        return
    for secret in fields:
        if secret.is_secret and values.get(secret.name) and not given.get(secret.name, "").strip():
            if secret.is_required:
                message = f"{secret.label} has to be entered again: it was for another {moved.label.lower()}."
                raise SettingRefused(secret.name, message)
            values[secret.name] = ""


@transaction.atomic
def reseal_rows(rows: QuerySet[Any]) -> tuple[int, int]:
    """Encrypt ``sealed_settings`` of ``rows`` with the key that is the first now.

    Returns how many, and how many no key fits, which stay as they are. Raises KeysUnusable.
    """
    done = unreadable = 0
    for row in rows.select_for_update().exclude(sealed_settings="").order_by("pk"):
        try:
            row.sealed_settings = reseal(row.sealed_settings)
        except SecretUnreadable:
            unreadable += 1
            continue
        row.save(update_fields=["sealed_settings"])
        done += 1
    return done, unreadable
