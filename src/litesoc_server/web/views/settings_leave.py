"""Leaving an organisation."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.orgs.member_changes import MemberRefused, leave
from litesoc_server.orgs.models import Membership
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import READING, Member, PageRequest, page


@page(methods=(*READING, "POST"))
def settings_leave(request: PageRequest, member: Member) -> HttpResponse:
    """Say what leaving does; leave when that is confirmed."""
    error = ""
    if request.method == "POST" and request.POST.get("confirm") == "leave":
        try:
            leave(member.org, member.user, by=by_of(request))
        except MemberRefused as refusal:
            error = str(refusal)
        except Membership.DoesNotExist as gone:
            raise Http404 from gone
        else:
            messages.success(request, f"You left {member.org.name}.", extra_tags="good")
            return redirect("home")
    return render(request, "web/settings/members/leave.html", {"error": error, "here": "settings_members"})
