"""Who is signed in, as the audit log records it."""

from django.http import HttpRequest

from litesoc_server.accounts.request_client import address_of, user_agent_of
from litesoc_server.audit.by import By


def by_of(request: HttpRequest) -> By:
    """Return the person who is signed in, or that nobody is, with where the request came from."""
    user = request.user
    return By(
        principal=f"user:{user.id}" if user.is_authenticated else "anonymous",
        name=user.email if user.is_authenticated else None,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
