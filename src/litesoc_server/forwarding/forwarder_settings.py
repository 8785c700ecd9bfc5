"""What a forwarder needs to know to reach its other side: kept sealed, checked by its kind."""

from collections.abc import Collection, Mapping

from django.conf import settings

from litesoc_server.destinations.fields import SettingRefused
from litesoc_server.destinations.settings import checked_values, reseal_rows, shown_values, unseal_settings
from litesoc_server.forwarding.kinds import KINDS, Kind
from litesoc_server.forwarding.models import Forwarder


class ForwarderRefused(Exception):
    """A forwarder cannot be kept like this. The text is a sentence for people, ``field`` what it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def read_settings(forwarder: Forwarder) -> dict[str, str]:
    """Return a forwarder's settings, secrets included. Raises SecretUnreadable and KeysUnusable."""
    return unseal_settings(forwarder.sealed_settings)


def shown_settings(forwarder: Forwarder) -> dict[str, str | None]:
    """Return what people and the API may see, see shown_values. Raises SecretUnreadable and KeysUnusable."""
    return shown_values(KINDS[forwarder.kind].fields, read_settings(forwarder))


def checked_settings(
    kind: Kind, given: Mapping[str, str], kept: Mapping[str, str], *, unset: Collection[str] = ()
) -> dict[str, str]:
    """Return what is to be stored, see checked_values. Raises ForwarderRefused."""
    try:
        return checked_values(kind, given, kept, settings.EGRESS_POLICY, unset=unset)
    except SettingRefused as refused:
        raise ForwarderRefused(refused.field, refused.message) from refused


def reseal_forwarders() -> tuple[int, int]:
    """Encrypt the settings of all forwarders with the key that is the first now, see reseal_rows. Raises KeysUnusable."""
    return reseal_rows(Forwarder.objects.all())
