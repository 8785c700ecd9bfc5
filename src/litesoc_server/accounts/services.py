"""What changes people and how they sign in."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from litesoc_server.accounts.models import User

# Longer than any session lives without a visit: a session in use is noted every five minutes.
_LIST_KEEPS = timedelta(seconds=settings.ACCOUNT_SESSION_COOKIE_AGE) + timedelta(days=1)


@transaction.atomic
def create_person(*, email: str, password: str | None, name: str = "", is_superuser: bool = False) -> User:
    """Create somebody whose address an operator vouches for; without a password they cannot sign in with one.

    Raises django.core.exceptions.ValidationError with a text for each problem, django.db.IntegrityError when somebody signs
    in with this address already.
    """
    email = email.strip()
    validate_email(email)
    if password is not None:
        validate_password(password, User(email=email, name=name))
    user = User.objects.create_user(email=email, password=password, name=name, is_superuser=is_superuser)
    confirm_email(user)
    return user


@transaction.atomic
def confirm_email(user: User) -> None:
    """Let ``user`` sign in with the address they have, as if they had confirmed it, and with no other.

    Raises ValidationError when somebody else has confirmed the same address.
    """
    if EmailAddress.objects.filter(email=user.email, verified=True).exclude(user=user).exists():
        raise ValidationError("somebody else signs in with this e-mail address")
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def rename_person(user: User, name: str) -> None:
    """Show ``user`` as ``name`` from now on. What histories already say stays."""
    user.name = name
    user.save(update_fields=["name"])


def set_password(user: User, password: str) -> None:
    """Give ``user`` another password, which ends their sessions and links. Raises ValidationError for each weakness."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def disable_second_factors(user: User) -> int:
    """Remove the authenticator app, passkeys and recovery codes of ``user``. Returns how many there were."""
    removed_count: int
    removed_count, _ = Authenticator.objects.filter(user=user).delete()
    return removed_count


def forget_expired_sessions() -> None:
    """Delete the sessions that nobody can use any more, and what lists say of them."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()  # by an index
    UserSession.objects.filter(last_seen_at__lt=now - _LIST_KEEPS).delete()
