"""Escalation: whom to tell when nobody acknowledges an alert in time."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.route_changes import add_rule, change_rule, remove_rule
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.find import find_channel, find_rule
from litesoc_server.web.views.notification_routes import routes_page


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def rule_add(request: PageRequest, member: Member) -> HttpResponse:
    """Add a rule, or say what is wrong."""
    typed = {name: str(request.POST.get(name, "")) for name in ("channel", "min_severity", "after_minutes")}
    try:
        channel = find_channel(member, _parsed(typed["channel"]))
        severity = next((one for one in AlertSeverity if one.value == typed["min_severity"]), AlertSeverity.HIGH)
        add_rule(channel, min_severity=severity, after_minutes=_minutes(typed["after_minutes"]), who=member.who)
    except Http404:
        return routes_page(request, member, typed=typed, errors={"channel": "Choose a channel."})
    except NotifyRefused as refused:
        return routes_page(request, member, typed=typed, errors={refused.field: refused.text})
    messages.success(request, "The escalation rule is added.", extra_tags="good")
    return redirect(member.url("notification_routes"))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def rule_switch(request: PageRequest, member: Member, rule_id: uuid.UUID) -> HttpResponse:
    """Switch a rule on (``to=on``) or off."""
    to = request.POST.get("to") == "on"
    change_rule(find_rule(member, rule_id), is_enabled=to, who=member.who)
    messages.success(request, f"The escalation rule is switched {'on' if to else 'off'}.", extra_tags="good")
    return redirect(member.url("notification_routes"))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def rule_remove(request: PageRequest, member: Member, rule_id: uuid.UUID) -> HttpResponse:
    """Remove a rule."""
    remove_rule(find_rule(member, rule_id), who=member.who)
    messages.success(request, "The escalation rule is removed.", extra_tags="good")
    return redirect(member.url("notification_routes"))


def _parsed(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Http404 from error


def _minutes(text: str) -> int:
    """Return the number; what is none is one that the service refuses with the fix."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0  # noqa: PLR2004 # no endless number
