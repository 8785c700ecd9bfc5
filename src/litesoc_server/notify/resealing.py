"""Encrypting what channels keep with the key that is the first now."""

from django.db import transaction

from litesoc_server.accounts.sealing import SecretUnreadable, reseal
from litesoc_server.notify.models import Channel


@transaction.atomic
def reseal_channels() -> tuple[int, int]:
    """Encrypt the settings of all channels anew; return how many, and how many no key fits, which stay as they are.

    Raises KeysUnusable.
    """
    done = unreadable = 0
    for channel in Channel.objects.select_for_update().exclude(sealed_settings="").order_by("pk"):
        try:
            channel.sealed_settings = reseal(channel.sealed_settings)
        except SecretUnreadable:
            unreadable += 1
            continue
        channel.save(update_fields=["sealed_settings"])
        done += 1
    return done, unreadable
