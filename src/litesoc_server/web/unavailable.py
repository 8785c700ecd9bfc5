"""What a page answers when what it asks does not answer: 503 with the reason, never a crash."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from litesoc_server.web.outages import what_is_away
from litesoc_server.web.views.errors import unavailable

log = logging.getLogger(__name__)


class UnavailableMiddleware:
    """Turns the exceptions of stores that are away into a page that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what says that something is away; leave the rest to Django."""
        what = what_is_away(exception)
        if what is None:
            return None
        log.warning("%s does not answer: %s", what, type(exception).__name__)
        return unavailable(request, what)
