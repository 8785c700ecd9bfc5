"""Whether a page or only a part of it is asked for."""

from django.http import HttpRequest


def is_fragment(request: HttpRequest) -> bool:
    """Return whether a script of the page asks for a part to put in; going back in the history asks for whole pages."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"
