"""What protects the sign-in of somebody besides the password."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from allauth.mfa.models import Authenticator

from litesoc_server.accounts.models import User


@dataclass(frozen=True)
class Passkey:
    """One passkey or security key."""

    id: int
    name: str
    signs_in_alone: bool  # without a password
    created_at: datetime
    last_used_at: datetime | None


@dataclass
class Factors:
    """The second factors of one person."""

    app: Authenticator | None = None  # of type TOTP
    passkeys: list[Passkey] = field(default_factory=list)
    has_codes: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether a stolen password alone lets nobody in."""
        return self.app is not None or bool(self.passkeys)


def factors_of(user: User) -> Factors:
    """Return the second factors of ``user``, oldest first."""
    factors = Factors()
    for factor in Authenticator.objects.filter(user=user).order_by("created_at"):
        match factor.type:
            case Authenticator.Type.TOTP:
                factors.app = factor
            case Authenticator.Type.RECOVERY_CODES:
                factors.has_codes = True
            case _:
                factors.passkeys.append(_passkey(factor))
    return factors


def factor_kinds(users: Iterable[User]) -> dict[uuid.UUID, list[str]]:
    """Return by id of the person which kinds of second factors they have: totp, webauthn, recovery_codes."""
    kinds: dict[uuid.UUID, list[str]] = {user.id: [] for user in users}
    found = Authenticator.objects.filter(user_id__in=kinds).order_by("type").values_list("user_id", "type").distinct()
    for user_id, kind in found:
        kinds[user_id].append(kind)
    return kinds


def _passkey(factor: Authenticator) -> Passkey:
    key = factor.wrap()
    return Passkey(
        id=factor.pk,
        name=key.name,
        signs_in_alone=bool(key.is_passwordless),
        created_at=factor.created_at,
        last_used_at=factor.last_used_at,
    )
