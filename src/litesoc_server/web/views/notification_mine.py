"""A member's own e-mail notifications in this organisation."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.access import own_channel, own_routes
from litesoc_server.notify.channel_changes import add_own_channel
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.route_changes import RouteValues, change_route, values_of
from litesoc_server.orgs.access import membership_of
from litesoc_server.orgs.models import Membership
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.notifications.route_form import choices, form_of, require_sound, sent_route_form


@page(methods=(*READING, "POST"))
def notification_mine(request: PageRequest, member: Member) -> HttpResponse:
    """Show what the member hears of by e-mail; change it, or say what is wrong."""
    membership = _membership(member)
    route = own_routes(membership).first()
    form = form_of(
        RouteValues(is_enabled=False, min_severity=AlertSeverity.CRITICAL, tells_settled=False)
        if route is None
        else values_of(route)
    )
    if request.method == "POST":
        form = sent_route_form(request.POST, form.values)
        try:
            values = require_sound(form)
            add_own_channel(membership)
            change_route(own_routes(membership)[0], values, who=member.who)
        except NotifyRefused as refused:
            form.errors[refused.field] = refused.text
        else:
            text = "You hear of them by e-mail." if form.values.is_enabled else "You get no e-mails about alerts."
            messages.success(request, f"Saved. {text}", extra_tags="good")
            return redirect(member.url("notification_mine"))
    context = {
        "form": form,
        "own": own_channel(membership),
        "address": member.user.email,
        "is_mail_possible": settings.IS_MAIL_POSSIBLE,
        "tab": "mine",
        **choices(),
    }
    return render(request, "web/notifications/mine.html", context)


def _membership(member: Member) -> Membership:
    membership = membership_of(member.user, member.org.slug)
    if membership is None:
        raise Http404
    return membership
