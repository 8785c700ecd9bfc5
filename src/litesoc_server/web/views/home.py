"""The home page: leads members to their organisation, strangers to the way in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from litesoc_server.accounts.models import User
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.access import memberships_of
from litesoc_server.orgs.roles import Permission
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.member import Member, member_of
from litesoc_server.web.setup_guide.progress import has_alerts, newest_event


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first organisation of somebody, those that are not suspended first.

    While nothing ever arrived that is its setup guide.
    """
    if not isinstance(request.user, User):
        return redirect("account_login")
    first = min(memberships_of(request.user), key=lambda one: one.org.is_suspended, default=None)
    member = member_of(first.user, first.org.slug, Environment.LIVE) if first is not None else None
    if member is None:
        return render(request, "web/home/page.html")
    return redirect(member.url("setup" if _has_to_set_up(member) else "overview"))


def _has_to_set_up(member: Member) -> bool:
    """Return whether there is nothing to look at yet, and ``member`` is who can change that."""
    if not member.may(Permission.MANAGE_KEYS) or has_alerts(member):
        return False
    try:
        return newest_event(member) is None
    except StoreUnavailable:
        return False
