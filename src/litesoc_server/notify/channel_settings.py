"""What a channel needs to know to reach its other side: kept sealed, checked by its kind."""

from collections.abc import Mapping

import msgspec
from django.conf import settings

from litesoc_server.accounts.sealing import seal, unseal
from litesoc_server.notify.channels.base import ChannelKind, SettingRefused
from litesoc_server.notify.channels.registry import EMAIL_FIELD, KINDS
from litesoc_server.notify.models import Channel
from litesoc_server.notify.refusals import NotifyRefused

VALUE_LENGTH_MAX = 4_000  # characters of one setting
_DECODER = msgspec.json.Decoder(dict[str, str])


def read_settings(channel: Channel) -> dict[str, str]:
    """Return a channel's settings, secrets included. Raises SecretUnreadable and KeysUnusable."""
    if channel.membership is not None:
        return {EMAIL_FIELD: channel.membership.user.email}
    return _DECODER.decode(unseal(channel.sealed_settings))


def sealed(values: Mapping[str, str]) -> str:
    """Return settings as a channel keeps them. Raises KeysUnusable."""
    return seal(msgspec.json.encode(dict(values)).decode())


def shown_settings(channel: Channel) -> dict[str, str | None]:
    """Return what people and the API may see: secrets that are set as None, those that are not as an empty text."""
    values = read_settings(channel)
    fields = KINDS[channel.kind].fields if channel.kind in KINDS else ()
    return {
        field.name: None if field.is_secret and values.get(field.name) else values.get(field.name, "") for field in fields
    }


def checked_settings(kind: ChannelKind, given: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be stored: ``given``, and of what it leaves out or gives empty for a secret, ``kept``.

    Settings that are no fields (what a kind made by itself, such as keys) are kept. Raises NotifyRefused.
    """
    fields = {field.name: field for field in kind.fields}
    for name, value in given.items():
        if name not in fields:
            raise NotifyRefused(name, f"{kind.title} has no setting {name}: it has {', '.join(fields)}.")
        if len(value) > VALUE_LENGTH_MAX:
            raise NotifyRefused(name, f"{fields[name].label} has at most {VALUE_LENGTH_MAX:,} characters.")
    values = dict(kept)
    for name, field in fields.items():
        text = given.get(name, "").strip()
        if text or (name in given and not field.is_secret):
            values[name] = text
        if field.is_required and not values.get(name):
            raise NotifyRefused(name, f"{field.label} is missing.")
    try:
        kind.check(values, settings.EGRESS_POLICY)
    except SettingRefused as refused:
        raise NotifyRefused(refused.field, refused.message) from refused
    return values
