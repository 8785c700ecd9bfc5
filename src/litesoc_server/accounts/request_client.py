"""From where a request of Django's came: the client's address and what it says it is."""

from django.conf import settings
from django.http import HttpRequest

from litesoc_server.ingest.client_address import client_address


def address_of(request: HttpRequest) -> str | None:
    """Return the client's address in canonical text; None when it is unknown."""
    return client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        trusted_proxy_count=settings.TRUSTED_PROXY_COUNT,
    )


def user_agent_of(request: HttpRequest) -> str | None:
    """Return the client's User-Agent header as it sent it; None without one."""
    return request.headers.get("User-Agent") or None
