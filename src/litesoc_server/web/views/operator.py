"""What whoever runs the server sees of all organisations, without being a member: numbers, and no event or alert."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from litesoc_server import backend
from litesoc_server.accounts.models import User
from litesoc_server.orgs.access import organization_for_operator
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.overview import organizations_for_operator
from litesoc_server.orgs.plan_assignment import decided, record_decisions
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.operator_health import organizations_health, stream_health


def superuser_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let nobody else know that the page exists."""

    @login_required
    @never_cache
    @wraps(view)
    def admitted(request: HttpRequest, **arguments: Any) -> HttpResponse:  # noqa: ANN401 # of any view
        if not isinstance(request.user, User) or not request.user.is_superuser:
            raise Http404
        return view(request, **arguments)

    return admitted


@require_safe
@superuser_only
def operator(request: HttpRequest) -> HttpResponse:
    """List the organisations with their plan, members and state, what they sent this month, and what is wrong with them."""
    now_ms = backend.current().clock.now_ms()
    stream = stream_health(now_ms)
    organizations = organizations_health(organizations_for_operator(), stream, now_ms)
    return render(request, "web/operator/page.html", {"organizations": organizations, "stream": stream})


@require_http_methods(["GET", "HEAD", "POST"])
@superuser_only
def operator_suspend(request: HttpRequest, org_id: uuid.UUID) -> HttpResponse:
    """Say what suspending does; close an organisation, or open it again: ``suspend`` is 1 or 0."""
    try:
        org = organization_for_operator(str(org_id))
    except Organization.DoesNotExist as error:
        raise Http404 from error
    if request.method != "POST":
        return render(request, "web/operator/suspend.html", {"org": org})
    is_suspended = request.POST.get("suspend") == "1"
    with transaction.atomic():
        org = Organization.objects.select_for_update().get(pk=org.pk)
        before = decided(org)
        org.is_suspended = is_suspended
        org.save(update_fields=["is_suspended"])
        record_decisions(org, before, by=by_of(request))
    what = "suspended: its keys and pages are closed within 5 seconds" if is_suspended else "open again"
    messages.success(request, f"{org.name} is {what}.", extra_tags="good")
    return redirect("operator")
