"""A page for each status that is an error. It asks nothing: it works signed out, and while the database is away."""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from litesoc_server.ingest.responses import ErrorCode

HTML = "text/html"


@dataclass(frozen=True)
class _Words:
    title: str
    advice: str  # what to do about it
    may_sign_in: bool = False  # as somebody else


_WORDS: dict[int, _Words] = {
    HTTPStatus.BAD_REQUEST: _Words("The server cannot read this", "Check the address, and that the form is whole."),
    HTTPStatus.FORBIDDEN: _Words(
        "Not allowed",
        "Your role does not include it. Ask an owner of the organisation to change that.",
        may_sign_in=True,
    ),
    HTTPStatus.NOT_FOUND: _Words(
        "Not found",
        "The address may be mistyped, what it showed may be older than the retention, or it belongs to an organisation "
        "that you are not a member of.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: _Words("Wrong kind of request", "Go back and use the page's own buttons."),
    HTTPStatus.REQUEST_TIMEOUT: _Words("That took too long", "The request did not arrive whole. Send it again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _Words("That is too much at once", "Send less than 1 MiB."),
    HTTPStatus.TOO_MANY_REQUESTS: _Words("Too many attempts", "Wait a minute, then try again."),
    HTTPStatus.INTERNAL_SERVER_ERROR: _Words(
        "Something went wrong",
        "Try again. If it happens again, tell whoever runs this server what you did.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: _Words(
        "Not available just now", "Events are still taken and nothing is lost. Try again in a moment."
    ),
}
# Where the reason says more than the status.
_WORDS_OF_CODES: dict[ErrorCode, _Words] = {
    ErrorCode.PLAN_RESTRICTED: _Words("Not in your plan", "Whoever runs this server can change the organisation's plan."),
    ErrorCode.ACCOUNT_SUSPENDED: _Words(
        "Suspended",
        "Its events are refused and its pages are closed; what it has stored is kept. Ask whoever runs this server.",
        may_sign_in=True,
    ),
}
_OTHER_WORDS = _Words("That did not work", "Go back and try again.")


def wants_page(request: HttpRequest) -> bool:
    """Return whether a person looks: clients of the API say "any type" or JSON, only browsers ask for HTML."""
    return request.get_preferred_type(["application/json", HTML]) == HTML


def error_page(code: ErrorCode, text: str, *, theme: str = "", is_part: bool = False) -> HttpResponse:
    """Return the page of a status with ``text``, what exactly is wrong, or for htmx the part that takes the page's place."""
    words = _WORDS_OF_CODES.get(code) or _WORDS.get(code.status, _OTHER_WORDS)
    shown = {"words": words, "text": f"{text[:1].upper()}{text[1:]}.", "status": int(code.status), "theme": theme}
    # Without the request: what is shown around pages looks up who asks, in a database that may be what is away.
    return HttpResponse(
        render_to_string("web/parts/error.html" if is_part else "web/error/page.html", shown), status=code.status
    )
