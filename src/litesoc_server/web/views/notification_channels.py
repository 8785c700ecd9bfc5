"""The channels of an organisation: how each is, and what goes through it."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.notify.access import pending_counts, visible_channels, visible_routes
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.kinds import gallery
from litesoc_server.web.notifications.rows import channel_rows


@page()
def notifications(request: PageRequest, member: Member) -> HttpResponse:
    """List the channels, or lead to the first one."""
    rows = channel_rows(visible_channels(member.org), visible_routes(member.org), pending_counts(member.org))
    context = {
        "rows": rows,
        "gallery": [] if rows else gallery(),
        "may_manage": member.may(Permission.MANAGE_NOTIFICATIONS),
        "tab": "channels",
    }
    return render(request, "web/notifications/channels.html", context)
