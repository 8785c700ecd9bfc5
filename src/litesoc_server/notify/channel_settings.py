"""What a channel needs to know to reach its other side: kept sealed, checked by its kind."""

from collections.abc import Collection, Mapping

from django.conf import settings

from litesoc_server.destinations.fields import SettingRefused
from litesoc_server.destinations.settings import checked_values, reseal_rows, shown_values, unseal_settings
from litesoc_server.notify.channels.base import ChannelKind
from litesoc_server.notify.channels.registry import EMAIL_FIELD, KINDS
from litesoc_server.notify.models import Channel
from litesoc_server.notify.refusals import NotifyRefused


def read_settings(channel: Channel) -> dict[str, str]:
    """Return a channel's settings, secrets included. Raises SecretUnreadable and KeysUnusable."""
    if channel.membership is not None:
        return {EMAIL_FIELD: channel.membership.user.email}
    return unseal_settings(channel.sealed_settings)


def shown_settings(channel: Channel) -> dict[str, str | None]:
    """Return what people and the API may see, see shown_values. Raises SecretUnreadable and KeysUnusable."""
    return shown_values(KINDS[channel.kind].fields if channel.kind in KINDS else (), read_settings(channel))


def checked_settings(
    kind: ChannelKind, given: Mapping[str, str], kept: Mapping[str, str], *, unset: Collection[str] = ()
) -> dict[str, str]:
    """Return what is to be stored, see checked_values. Raises NotifyRefused."""
    try:
        return checked_values(kind, given, kept, settings.EGRESS_POLICY, unset=unset)
    except SettingRefused as refused:
        raise NotifyRefused(refused.field, refused.message) from refused


def reseal_channels() -> tuple[int, int]:
    """Encrypt the settings of all channels with the key that is the first now, see reseal_rows. Raises KeysUnusable."""
    return reseal_rows(Channel.objects.all())
