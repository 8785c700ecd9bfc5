"""What is asked about people."""

from litesoc_server.accounts.models import User


def is_registered(email: str) -> bool:
    """Return whether somebody signs in with this e-mail address, in any case of letters."""
    return User.objects.filter(email=email.strip()).exists()


def name_of(user: User) -> str:
    """Return what others call somebody: their name, or else their e-mail address."""
    return user.name.strip() or user.email


def people_for_operator(*, limit: int) -> list[User]:
    """Return everybody by address, at most ``limit``, with their memberships at hand."""
    return list(User.objects.order_by("email").prefetch_related("memberships__org")[:limit])


def person_for_operator(email: str) -> User:
    """Return who signs in with ``email``, in any case of letters. Raises User.DoesNotExist."""
    return User.objects.get(email=email.strip())
