"""Errors that no page answers by itself: a page for people, the flat JSON shape for everybody else."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse

from litesoc_server.ingest.responses import RETRY_AFTER_S, ErrorCode, error_body
from litesoc_server.web.context import theme_of
from litesoc_server.web.error_page import error_page, wants_page
from litesoc_server.web.outages import what_is_away

LIMIT_S = 60  # most limits on attempts count a minute


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what Django itself found wrong with a request."""
    if isinstance(exception, RequestDataTooBig):
        return answer(request, ErrorCode.PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB")
    text = "the server cannot read this request: check the address and the host name"
    return answer(request, ErrorCode.VALIDATION_FAILED, text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what somebody may not do."""
    del exception
    return answer(request, ErrorCode.FORBIDDEN, "you may not do this: sign in as somebody who may")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that does not come from our own page, or from a page that was open for very long."""
    del reason
    text = "this form does not come from this site, or is too old: reload the page and send it again"
    return answer(request, ErrorCode.FORBIDDEN, text)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that does not exist."""
    del exception
    hint = "" if wants_page(request) else ": /docs lists what the API has"
    return answer(request, ErrorCode.NOT_FOUND, f"there is nothing at this address{hint}")


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer somebody who tried too often."""
    del exception
    response = answer(request, ErrorCode.RATE_LIMIT_EXCEEDED, "there were too many attempts from your address")
    response["Retry-After"] = str(LIMIT_S)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug of ours, which is in the log, or that something is away, noticed where no page could catch it."""
    what = what_is_away(sys.exception())
    if what is not None:
        return unavailable(request, what)
    return answer(request, ErrorCode.SERVER_ERROR, "it is our fault, and it is logged")


def unavailable(request: HttpRequest, what: str) -> HttpResponse:
    """Answer that something the server needs is away; it comes back by itself."""
    response = answer(request, ErrorCode.SERVICE_UNAVAILABLE, f"{what} does not answer just now")
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def answer(request: HttpRequest, code: ErrorCode, text: str) -> HttpResponse:
    """Answer with a page or with JSON, whichever the client asks for."""
    if wants_page(request):
        is_part = request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
        return error_page(code, text, theme=theme_of(request), is_part=is_part)
    return JsonResponse(error_body(code, text), status=code.status)
