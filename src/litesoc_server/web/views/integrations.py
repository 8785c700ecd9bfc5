"""What is connected to this server: every source of events there is, and how each stands."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.inbound.selectors import COUNTED_DAYS, SourceStatus, source_states
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.views.forwarders import shown_forwarders


@page()
def integrations(request: PageRequest, member: Member) -> HttpResponse:
    """Show the gallery."""
    states = source_states(member.org, member.environment)
    groups = (
        ("In use", [state for state in states if state.status is not SourceStatus.NOT_SET_UP]),
        ("Can be set up", [state for state in states if state.status is SourceStatus.NOT_SET_UP]),
    )
    shown = [(title, found) for title, found in groups if found]
    return render(
        request,
        "web/integrations/page.html",
        {
            "groups": shown,
            "counted_days": COUNTED_DAYS,
            "forwarders": shown_forwarders(member),
        },
    )
