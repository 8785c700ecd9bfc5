"""Who hears of what: the routes of all channels in sentences, and the form of one."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.access import visible_channels, visible_routes, visible_rules
from litesoc_server.notify.models import Channel, Route
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.route_changes import RouteValues, add_route, change_route, remove_route, values_of
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.notifications.find import find_channel, find_route
from litesoc_server.web.notifications.kinds import kind_icon
from litesoc_server.web.notifications.route_form import (
    SEVERITIES,
    RouteForm,
    choices,
    form_of,
    require_sound,
    sent_route_form,
)
from litesoc_server.web.notifications.sentences import route_words, rule_words


@page()
def notification_routes(request: PageRequest, member: Member) -> HttpResponse:
    """Show every route and every escalation rule."""
    return routes_page(request, member)


@page(Permission.MANAGE_NOTIFICATIONS, methods=(*READING, "POST"))
def route_new(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Show the form of a further route of a channel; add it, or say what is wrong."""
    channel = find_channel(member, channel_id)
    form = form_of(RouteValues(min_severity=AlertSeverity.HIGH))
    if request.method == "POST":
        form = sent_route_form(request.POST, RouteValues())
        try:
            add_route(channel, require_sound(form), who=member.who)
        except NotifyRefused as refused:
            form.errors[refused.field] = refused.text
        else:
            messages.success(request, f"“{channel.name}” hears of it from now on.", extra_tags="good")
            return redirect(member.url("notification_channel", channel_id=channel.pk))
    return _form_page(request, channel, form, None)


@page(Permission.MANAGE_NOTIFICATIONS, methods=(*READING, "POST"))
def route_edit(request: PageRequest, member: Member, route_id: uuid.UUID) -> HttpResponse:
    """Show the form of a route; change it, or say what is wrong."""
    route = find_route(member, route_id)
    form = form_of(values_of(route))
    if request.method == "POST":
        form = sent_route_form(request.POST, values_of(route))
        try:
            change_route(route, require_sound(form), who=member.who)
        except NotifyRefused as refused:
            form.errors[refused.field] = refused.text
        else:
            messages.success(request, "The route is changed.", extra_tags="good")
            return redirect(member.url("notification_channel", channel_id=route.channel_id))
    return _form_page(request, route.channel, form, route)


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def route_remove(request: PageRequest, member: Member, route_id: uuid.UUID) -> HttpResponse:
    """Remove it."""
    route = find_route(member, route_id)
    remove_route(route, who=member.who)
    messages.success(request, f"“{route.channel.name}” no longer hears of it.", extra_tags="good")
    return redirect(member.url("notification_routes"))


def routes_page(
    request: PageRequest, member: Member, *, typed: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> HttpResponse:
    """Return the page; ``typed`` and ``errors`` are of a new escalation rule."""
    context = {
        "routes": [(one, kind_icon(one.channel.kind), route_words(one)) for one in visible_routes(member.org)],
        "rules": [(one, kind_icon(one.channel.kind), rule_words(one)) for one in visible_rules(member.org)],
        "channels": list(visible_channels(member.org)),
        "severities": SEVERITIES,
        "typed": typed or {"min_severity": "high", "after_minutes": "15"},
        "errors": errors or {},
        "may_manage": member.may(Permission.MANAGE_NOTIFICATIONS),
        "tab": "routes",
    }
    return render(request, "web/notifications/routes.html", context)


def _form_page(request: PageRequest, channel: Channel, form: RouteForm, route: Route | None) -> HttpResponse:
    context = {"channel": channel, "form": form, "route": route, "tab": "routes", **choices()}
    return render(request, "web/notifications/route_edit.html", context)
