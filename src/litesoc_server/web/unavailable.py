"""What a page answers when what it asks does not answer: 503 with the reason, never a crash."""

import logging
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.views.errors import unavailable

log = logging.getLogger(__name__)
_WHAT = {
    StoreUnavailable: "the event store",
    StreamUnavailable: "the stream",
    DatabaseError: "the control database",
}


class UnavailableMiddleware:
    """Turns the exceptions of stores that are away into a page that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what says that something is away; leave the rest to Django."""
        for kind, what in _WHAT.items():
            if isinstance(exception, kind):
                log.warning("%s does not answer: %s", what, type(exception).__name__)
                return unavailable(request, what)
        return None
