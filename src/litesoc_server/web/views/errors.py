"""Errors that no page answers by itself: a page for people, the flat JSON shape for everybody else."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from litesoc_server.ingest.responses import RETRY_AFTER_S, ErrorCode, error_body


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what Django itself found wrong with a request."""
    del exception
    text = "the server cannot read this request: check the address and the host name"
    return _answer(request, ErrorCode.VALIDATION_FAILED, "Bad request", text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what somebody may not do."""
    del exception
    return _answer(request, ErrorCode.FORBIDDEN, "Not allowed", "you may not do this: sign in as somebody who may")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that does not exist."""
    del exception
    return _answer(request, ErrorCode.NOT_FOUND, "Not found", "there is nothing at this address")


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer somebody who tried too often."""
    del exception
    text = "there were too many attempts from your address; wait a minute, then try again"
    response = _answer(request, ErrorCode.RATE_LIMIT_EXCEEDED, "Too many attempts", text)
    response["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug of ours; it is in the log."""
    return _answer(request, ErrorCode.SERVER_ERROR, "Something went wrong", "it is our fault, and it is logged")


def unavailable(request: HttpRequest, what: str) -> HttpResponse:
    """Answer that something the server needs is away; it comes back by itself."""
    text = f"{what} does not answer just now: events are still taken, try again in a moment"
    response = _answer(request, ErrorCode.SERVICE_UNAVAILABLE, "Not available just now", text)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _answer(request: HttpRequest, code: ErrorCode, title: str, text: str) -> HttpResponse:
    """Clients of the API say "any type" or JSON; only browsers ask for HTML."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        return render(request, "web/error.html", {"title": title, "text": f"{text}."}, status=code.status)
    return JsonResponse(error_body(code, text), status=code.status)
