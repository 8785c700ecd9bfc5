"""Rotating the key that secrets in the control database are encrypted with."""

from dataclasses import dataclass

from django.db import transaction

from litesoc_server.accounts.resealing import reseal_second_factors
from litesoc_server.accounts.sealing import draw_key, is_setting, put_key_first
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.forwarding.forwarder_settings import reseal_forwarders
from litesoc_server.inbound.resealing import reseal_source_secrets
from litesoc_server.notify.channel_settings import reseal_channels

_RESEALS = (reseal_second_factors, reseal_channels, reseal_source_secrets, reseal_forwarders)


@dataclass(frozen=True)
class Rotation:
    """What was encrypted anew."""

    secrets: int
    unreadable: int  # no key fits; they stay as they are
    is_key_new: bool  # False: the keys are settings, and what is first among them was used


def rotate_secrets(*, by: By) -> Rotation:
    """Let a new key encrypt from now on, where keys are in the data directory, and encrypt all that is there anew.

    The key comes first: from then on servers can read what either key encrypted. If it breaks off, all can still be read,
    and doing it again finishes it. Raises KeysUnusable, OSError and django.db.Error.
    """
    is_key_new = not is_setting()
    if is_key_new:
        put_key_first(draw_key())
    with transaction.atomic():
        counts = [reseal() for reseal in _RESEALS]
        done, unreadable = map(sum, zip(*counts, strict=True))
        record(org_id=INSTALLATION, action=Action.SECRETS_ROTATED, by=by, changes={"secrets": (None, done)})
    return Rotation(done, unreadable, is_key_new)
