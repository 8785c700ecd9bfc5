"""What is asked about people."""

from litesoc_server.accounts.models import User


def is_registered(email: str) -> bool:
    """Return whether somebody signs in with this e-mail address, in any case of letters."""
    return User.objects.filter(email=email.strip()).exists()


def name_of(user: User) -> str:
    """Return what others call somebody: their name, or else their e-mail address."""
    return user.name.strip() or user.email
