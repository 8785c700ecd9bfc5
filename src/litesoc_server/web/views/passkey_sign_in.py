"""Signing in with a passkey, limited from its start on: the start writes a session for whoever asks."""

from allauth.core.internal import ratelimit
from allauth.mfa.webauthn.views import login_webauthn
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from litesoc_server.web.views.errors import too_many_requests

_ACTION = "passkey_sign_in"
_RATES = {_ACTION: "30/m/ip"}  # starts and ends; allauth limits the ends further


def passkey_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Answer what a passkey has to sign (GET, for scripts) or check what it signed (POST)."""
    if not ratelimit.consume(request, app="allauth.mfa", action=_ACTION, config=_RATES, limit_get=True):
        return too_many_requests(request)
    answer: HttpResponseBase = login_webauthn(request)
    return answer
