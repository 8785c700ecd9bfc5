"""Encrypting what accounts keep with the key that is the first now."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from litesoc_server.accounts.sealing import SecretUnreadable, reseal

_TEXTS = ("secret", "seed")  # of an authenticator app, of recovery codes
_LISTS = ("migrated_codes",)


@transaction.atomic
def reseal_second_factors() -> tuple[int, int]:
    """Encrypt the secrets of all second factors anew; return how many, and how many no key fits, which stay as they are.

    Raises KeysUnusable.
    """
    done = unreadable = 0
    for factor in Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN).order_by("id"):
        try:
            fresh: dict[str, object] = {name: reseal(factor.data[name]) for name in _TEXTS if name in factor.data}
            fresh |= {name: [reseal(code) for code in factor.data[name]] for name in _LISTS if name in factor.data}
        except SecretUnreadable:
            unreadable += 1
            continue
        factor.data |= fresh
        factor.save(update_fields=["data"])
        done += 1
    return done, unreadable
