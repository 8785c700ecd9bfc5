"""Overview: how the organisation stands, at a glance."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.web.member import Member, PageRequest, page


@page()
def overview(request: PageRequest, member: Member) -> HttpResponse:
    """Show the overview."""
    return render(request, "web/overview.html", {"title": f"{member.org.name} · Overview"})
