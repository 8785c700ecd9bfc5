"""Who may hold a stream open: each person a few, and for as long as they would be let in."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error as DatabaseError
from django.http import HttpRequest

from litesoc_server.accounts.models import User
from litesoc_server.database import fresh_connections
from litesoc_server.orgs.access import membership_of

STREAMS_OF_ONE_MAX = 12  # open pages of one person; all people together share web.asgi.STREAMS_AT_ONCE
_open: Counter[object] = Counter()  # by user; belongs to one event loop


@contextmanager
def held_by(user: User) -> Iterator[bool]:
    """Count one more stream of ``user`` for the time of the block; yields whether they may have it."""
    is_admitted = _open[user.pk] < STREAMS_OF_ONE_MAX
    _open[user.pk] += 1
    try:
        yield is_admitted
    finally:
        _open[user.pk] -= 1
        if not _open[user.pk]:
            del _open[user.pk]


def is_let_in(session_key: str | None, org_slug: str) -> bool:
    """Return whether a session is still one of a member, and the organisation not suspended.

    While the database does not answer nobody is let in.
    """
    asking: Any = HttpRequest()
    asking.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    try:
        with fresh_connections():
            user = get_user(asking)
            membership = membership_of(user, org_slug) if isinstance(user, User) else None
            return membership is not None and not membership.org.is_suspended
    except DatabaseError:
        return False
