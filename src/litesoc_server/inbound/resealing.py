"""Encrypting the secrets of sources with the key that is the first now."""

from django.db import transaction

from litesoc_server.accounts.sealing import SecretUnreadable, reseal
from litesoc_server.inbound.models import SourceConnection


@transaction.atomic
def reseal_source_secrets() -> tuple[int, int]:
    """Encrypt the secrets of all sources anew; return how many, and how many no key fits, which stay as they are.

    Raises KeysUnusable.
    """
    done = unreadable = 0
    for row in SourceConnection.objects.select_for_update().exclude(sealed_secret="").order_by("id"):
        for name in ("sealed_secret", "sealed_previous"):
            sealed = getattr(row, name)
            if not sealed:
                continue
            try:
                setattr(row, name, reseal(sealed))
            except SecretUnreadable:
                unreadable += 1
            else:
                done += 1
        row.save(update_fields=["sealed_secret", "sealed_previous"])
    return done, unreadable
