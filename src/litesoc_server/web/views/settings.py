"""Where the side bar's Settings leads."""

from django.http import HttpResponse
from django.shortcuts import redirect

from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.navigation import settings_pages_for


@page()
def settings(request: PageRequest, member: Member) -> HttpResponse:
    """Lead to the first page of the settings that the member may see."""
    del request
    return redirect(member.url(settings_pages_for(member)[0].page))
