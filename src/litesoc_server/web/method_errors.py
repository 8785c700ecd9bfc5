"""405 as a page for people; everybody else gets it as JSON."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.web.error_page import wants_page
from litesoc_server.web.views.errors import answer


class MethodErrorPageMiddleware:
    """Replaces the empty answer of Django's views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on and look at what comes back."""
        response = self._get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and wants_page(request):
            page = answer(request, ErrorCode.METHOD_NOT_ALLOWED, f"{request.method} is not allowed here")
            page["Allow"] = response["Allow"]
            return page
        return response
