"""Ending one's own sessions. The list of them is part of the profile."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from litesoc_server.accounts.models import User
from litesoc_server.accounts.sessions import end_other_sessions, end_session


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """End the session with the id in ``session``, or with "others" all but this one."""
    user = request.user
    assert isinstance(user, User)
    if request.method == "POST":
        named = request.POST.get("session", "")
        if named == "others":
            end_other_sessions(user, current_key=request.session.session_key)
            messages.success(request, "All other sessions are ended.")
        elif named.isascii() and named.isdecimal() and end_session(user, int(named[:18])):
            messages.success(request, "The session is ended.")
        else:
            raise Http404
    return redirect("profile")
