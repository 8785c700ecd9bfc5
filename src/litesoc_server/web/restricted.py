"""403 on pages where not the role but the organisation's plan, or its suspension, stands against it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.plan_gates import PlanRestricted
from litesoc_server.orgs.suspension import OrganizationSuspended
from litesoc_server.web.views.errors import answer

SUSPENDED = "this organisation is suspended"


class RestrictedMiddleware:
    """Turns both exceptions into a page, or JSON for whoever asks for that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer the two; leave the rest to others."""
        if isinstance(exception, PlanRestricted):
            return answer(request, ErrorCode.PLAN_RESTRICTED, str(exception))
        if isinstance(exception, OrganizationSuspended):
            return answer(request, ErrorCode.ACCOUNT_SUSPENDED, SUSPENDED)
        return None
