"""The command palette's results."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.palette.find import find


@page()
def palette(request: PageRequest, member: Member) -> HttpResponse:
    """Answer what the letters in ``q`` lead to, as the options of a list box."""
    typed = str(request.GET.get("q", ""))
    return render(request, "web/palette/results.html", {"found": find(member, typed), "typed": typed.strip()})
