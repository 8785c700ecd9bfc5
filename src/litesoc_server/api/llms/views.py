"""What AI editors read before they write code against this server: llms.txt and llms-full.txt (https://llmstxt.org)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from litesoc_server.api.llms.full import full_text
from litesoc_server.api.llms.index import index_text
from litesoc_server.server_address import server_address

_PLAIN = "text/plain; charset=utf-8"  # Markdown, which browsers would download under its own name


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """Answer the short text; it holds nothing secret, so nobody has to be signed in."""
    return HttpResponse(index_text(server_address(request)), content_type=_PLAIN)


@require_safe
def llms_full(request: HttpRequest) -> HttpResponse:
    """Answer all of it in one text."""
    return HttpResponse(full_text(server_address(request)), content_type=_PLAIN)
