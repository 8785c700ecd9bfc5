"""Notes when a session was last used, for its list and so that sessions in use do not end; ends those that are too old."""

import time
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

NOTED_EVERY_S = 300  # each note is a write
# However much a session is used, who it is has to be shown again by then: NIST SP 800-63B-4, section 2.1.3.
LASTS_MAX_S = 30 * 24 * 3600
_NOTED_AT = "litesoc_noted_at"
_BEGAN_AT = "litesoc_began_at"


class ActivityMiddleware:
    """Notes the address and the time of a signed-in session at most every five minutes, and ends it after 30 days."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note, then answer. A client of the API has no cookie and costs no query."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            _note(request)
        return self._get_response(request)


def _note(request: HttpRequest) -> None:
    now = time.time()
    if now - request.session.get(_BEGAN_AT, now) > LASTS_MAX_S:
        request.session.flush()
        request.user = AnonymousUser()
        return
    if now - request.session.get(_NOTED_AT, 0) < NOTED_EVERY_S:
        return
    request.session[_NOTED_AT] = now  # saves the session, which puts off its end
    request.session.setdefault(_BEGAN_AT, now)
    address = get_adapter().get_client_ip(request)
    sessions = UserSession.objects.filter(session_key=request.session.session_key)
    sessions.update(last_seen_at=timezone.now(), ip=address)
