"""Where clients reach this server."""

from django.conf import settings
from django.http import HttpRequest


def server_address(request: HttpRequest) -> str:
    """Return the address that the operator set, or else the one that was asked; without a slash at its end."""
    return str(settings.PUBLIC_URL) or request.build_absolute_uri("/").rstrip("/")
