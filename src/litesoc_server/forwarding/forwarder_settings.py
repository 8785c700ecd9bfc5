"""What a forwarder needs to know to reach its other side: kept sealed, checked by its kind."""

from collections.abc import Mapping

import msgspec
from django.conf import settings
from django.db import transaction

from litesoc_server.accounts.sealing import SecretUnreadable, reseal, seal, unseal
from litesoc_server.forwarding.kinds import KINDS, Kind, SettingRefused
from litesoc_server.forwarding.models import Forwarder

VALUE_LENGTH_MAX = 16_000  # characters of one setting: a chain of certificates
_DECODER = msgspec.json.Decoder(dict[str, str])


class ForwarderRefused(Exception):
    """A forwarder cannot be kept like this. The text is a sentence for people, ``field`` what it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def read_settings(forwarder: Forwarder) -> dict[str, str]:
    """Return a forwarder's settings, secrets included. Raises SecretUnreadable and KeysUnusable."""
    return _DECODER.decode(unseal(forwarder.sealed_settings))


def sealed(values: Mapping[str, str]) -> str:
    """Return settings as a forwarder keeps them. Raises KeysUnusable."""
    return seal(msgspec.json.encode(dict(values)).decode())


def shown_settings(forwarder: Forwarder) -> dict[str, str | None]:
    """Return what people and the API may see: secrets that are set as None, those that are not as an empty text."""
    values = read_settings(forwarder)
    return {
        field.name: None if field.is_secret and values.get(field.name) else values.get(field.name, "")
        for field in KINDS[forwarder.kind].fields
    }


def checked_settings(kind: Kind, given: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be stored: ``given``, and ``kept`` where a secret is left out or empty. Raises ForwarderRefused."""
    fields = {field.name: field for field in kind.fields}
    for name, value in given.items():
        if name not in fields:
            raise ForwarderRefused(name, f"{kind.title} has no setting {name}: it has {', '.join(fields)}.")
        if len(value) > VALUE_LENGTH_MAX:
            raise ForwarderRefused(name, f"{fields[name].label} has at most {VALUE_LENGTH_MAX:,} characters.")
    values = dict(kept)
    for name, field in fields.items():
        text = given.get(name, "").strip()
        if text or (name in given and not field.is_secret):
            values[name] = text
        if field.is_required and not values.get(name):
            raise ForwarderRefused(name, f"{field.label} is missing.")
    try:
        kind.check(values, settings.EGRESS_POLICY)
    except SettingRefused as refused:
        raise ForwarderRefused(refused.field, f"{fields[refused.field].label}: {refused.message}.") from refused
    return values


@transaction.atomic
def reseal_forwarders() -> tuple[int, int]:
    """Encrypt all settings with the key that is the first now; return how many, and how many no key fits, which stay.

    Raises KeysUnusable.
    """
    done = unreadable = 0
    for forwarder in Forwarder.objects.select_for_update().order_by("id"):
        try:
            forwarder.sealed_settings = reseal(forwarder.sealed_settings)
        except SecretUnreadable:
            unreadable += 1
            continue
        forwarder.save(update_fields=["sealed_settings"])
        done += 1
    return done, unreadable
