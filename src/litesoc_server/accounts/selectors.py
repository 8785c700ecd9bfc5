"""What is asked about people."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db.models import Max

from litesoc_server.accounts.models import User


def is_registered(email: str) -> bool:
    """Return whether somebody signs in with this e-mail address, in any case of letters."""
    return User.objects.filter(email=email.strip()).exists()


def name_of(user: User) -> str:
    """Return what others call somebody: their name, or else their e-mail address."""
    return user.name.strip() or user.email


def last_seen_of(users: Iterable[User]) -> Mapping[uuid.UUID, datetime]:
    """Return when each was seen last, within minutes, by id of the person; who never signed in is left out."""
    seen = {user.pk: user.last_login for user in users if user.last_login is not None}
    sessions = UserSession.objects.filter(user__in=[user.pk for user in users]).values_list("user")
    for user_id, at in sessions.annotate(at=Max("last_seen_at")):
        seen[user_id] = max(at, seen.get(user_id, at))
    return seen


def people_for_operator(*, limit: int) -> list[User]:
    """Return everybody by address, at most ``limit``, with their memberships at hand."""
    return list(User.objects.order_by("email").prefetch_related("memberships__org")[:limit])


def person_for_operator(email: str) -> User:
    """Return who signs in with ``email``, in any case of letters. Raises User.DoesNotExist."""
    return User.objects.get(email=email.strip())
