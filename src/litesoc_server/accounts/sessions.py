"""The browsers in which somebody is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from litesoc_server.accounts.browsers import describe_browser
from litesoc_server.accounts.models import User

SHOWN_MAX = 50


@dataclass(frozen=True)
class SignedIn:
    """One browser in which somebody is signed in."""

    id: int
    address: str
    browser: str  # in words: "Firefox on Linux"
    created_at: datetime
    last_seen_at: datetime  # within the last minutes: see accounts.activity
    is_current: bool  # asks just now


def sessions_of(user: User, *, current_key: str | None) -> list[SignedIn]:
    """Return the sessions of ``user`` that still work, the one used last first, at most SHOWN_MAX."""
    noted = list(UserSession.objects.filter(user=user).order_by("-last_seen_at")[:SHOWN_MAX])
    working = _working(user, {session.session_key for session in noted})
    return [
        SignedIn(
            id=session.pk,
            address=session.ip,
            browser=describe_browser(session.user_agent),
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            is_current=session.session_key == current_key,
        )
        for session in noted
        if session.session_key in working
    ]


def _working(user: User, keys: set[str]) -> set[str]:
    """Return which of ``keys`` still sign ``user`` in: not expired, and from after the last change of password."""
    found = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    valid = user.get_session_auth_hash()
    return {session.session_key for session in found if session.get_decoded().get(HASH_SESSION_KEY) == valid}


def end_session(user: User, session_id: int) -> bool:
    """End one session of ``user``. Returns False when they have none of this id."""
    found = UserSession.objects.filter(user=user, pk=session_id)
    _end(found)
    return bool(found)


def end_other_sessions(user: User, *, current_key: str | None) -> None:
    """End all sessions of ``user`` but the one with ``current_key``."""
    _end(UserSession.objects.filter(user=user).exclude(session_key=current_key))


def _end(sessions: Sequence[UserSession]) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for session in sessions:
        store.delete(session.session_key)
        session.delete()
