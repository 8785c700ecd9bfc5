"""What somebody who is signed in is answered is kept by nobody."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

_ACCOUNTS = "/accounts/"  # secrets of second factors, links to new passwords: also of who is not signed in yet


class PersonalMiddleware:
    """Forbids browsers and proxies to keep pages of accounts, and whatever is answered to a session.

    allauth leaves that open for most of its pages, such as the one that shows the secret of an authenticator app.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and mark an answer that says nothing about being kept."""
        response = self._get_response(request)
        is_personal = request.path.startswith(_ACCOUNTS) or settings.SESSION_COOKIE_NAME in request.COOKIES
        if is_personal and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response
