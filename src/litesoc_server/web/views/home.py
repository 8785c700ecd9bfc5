"""The home page: leads members to their organisation, everybody else to the way in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from litesoc_server.accounts.models import User
from litesoc_server.orgs.access import memberships_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the overview of the first organisation that somebody is a member of."""
    first = memberships_of(request.user).first() if isinstance(request.user, User) else None
    if first is not None:
        return redirect("overview", org=first.org.slug, environment="live")
    return render(request, "web/home.html")
