"""The test button, and the secret of a webhook: what is answered stands on the page, once."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.notify.channel_changes import rotate_webhook_secret, webhook_public_key, webhook_secret
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.send_test import ANSWERED_AFTER, start_test
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.find import find_channel, find_delivery
from litesoc_server.web.views.notification_channel import UNREADABLE, channel_page

SHOWN_AT_ONCE_WITHIN_S = 2.0  # most receivers answer sooner; what takes longer is asked for by the page


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_test(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Send a test and show what came of it, or that it is on its way: in place for scripts, else on the channel's page."""
    channel = find_channel(member, channel_id)
    try:
        delivery = start_test(channel, within_s=SHOWN_AT_ONCE_WITHIN_S, environment=member.environment)
    except NotifyRefused as refused:
        result: dict[str, object] = {"test_refused": refused.text}
    else:
        result = {"test": delivery, "attempt": delivery.attempts.first()}
        channel.refresh_from_db()
    if "HX-Request" in request.headers:
        return render(request, "web/notifications/test_result.html", {"channel": channel, **result})
    return channel_page(request, member, channel, extra=result)


@page(Permission.MANAGE_NOTIFICATIONS)
def channel_test_result(request: PageRequest, member: Member, channel_id: uuid.UUID, delivery_id: uuid.UUID) -> HttpResponse:
    """Return what came of a test; nothing (204) while there is no answer."""
    delivery = find_delivery(member, delivery_id)
    if delivery.channel_id != channel_id:
        raise Http404
    attempt = delivery.attempts.first()
    if attempt is None and timezone.now() < delivery.created_at + ANSWERED_AFTER:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"channel": delivery.channel, "test": delivery, "attempt": attempt, "is_lost": attempt is None}
    return render(request, "web/notifications/test_result.html", context)


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_secret(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Show a webhook's secret and public key, or make a new secret (``act=rotate``) and show that."""
    channel = find_channel(member, channel_id)
    is_rotated = request.POST.get("act") == "rotate"
    try:
        secret = rotate_webhook_secret(channel, who=member.who) if is_rotated else webhook_secret(channel)
        keys = {"secret": secret, "public_key": webhook_public_key(channel), "is_rotated": is_rotated}
    except NotifyRefused as refused:
        messages.error(request, refused.text, extra_tags="bad")
    except (SecretUnreadable, KeysUnusable):
        messages.error(request, UNREADABLE, extra_tags="bad")
    else:
        return channel_page(request, member, channel, extra=keys)
    return redirect(member.url("notification_channel", channel_id=channel.pk))
