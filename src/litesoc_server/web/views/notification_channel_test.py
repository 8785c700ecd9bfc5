"""The test button, and the secret of a webhook: what is answered stands on the page, once."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.notify.access import visible_deliveries
from litesoc_server.notify.channel_changes import rotate_webhook_secret, webhook_public_key, webhook_secret
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.send_test import send_test
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.find import find_channel
from litesoc_server.web.views.notification_channel import UNREADABLE, channel_page

TESTS_PER_MINUTE_MAX = 10  # through one channel: each occupies a thread of this server, and reaches people


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_test(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Send a test and show what came of it: in place for scripts, else on the channel's page."""
    channel = find_channel(member, channel_id)
    just_now = visible_deliveries(member.org, channel=channel, since=timezone.now() - timedelta(minutes=1))
    if just_now.filter(notification__occasion=Occasion.TEST.value).count() >= TESTS_PER_MINUTE_MAX:
        result: dict[str, object] = {"has_too_many": True}
    else:
        result = {"attempt": send_test(channel, environment=member.environment)}
        channel.refresh_from_db()
    if "HX-Request" in request.headers:
        return render(request, "web/notifications/test_result.html", {"channel": channel, **result})
    return channel_page(request, member, channel, extra=result)


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
