"""Ending one's own sessions. The list of them is part of the profile."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from litesoc_server.accounts.models import User
from litesoc_server.accounts.sessions import end_other_sessions, end_session
from litesoc_server.audit.actions import Action
from litesoc_server.orgs.account_acts import record_account_act
from litesoc_server.web.audit_by import by_of


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """End the session with the id in ``session``, or with "others" all but this one."""
    user = request.user
    assert isinstance(user, User)
    if request.method == "POST":
        named = request.POST.get("session", "")
        if named == "others":
            with transaction.atomic():
                end_other_sessions(user, current_key=request.session.session_key)
                record_account_act(user, Action.SESSION_ENDED, by=by_of(request), changes={"which": (None, "others")})
            messages.success(request, "All other sessions are ended.")
        elif named.isascii() and named.isdecimal() and _end(request, user, int(named[:18])):
            messages.success(request, "The session is ended.")
        else:
            raise Http404
    return redirect("profile")


def _end(request: HttpRequest, user: User, session_id: int) -> bool:
    with transaction.atomic():
        is_ended = end_session(user, session_id)
        if is_ended:
            record_account_act(user, Action.SESSION_ENDED, by=by_of(request), changes={"which": (None, "one")})
    return is_ended
