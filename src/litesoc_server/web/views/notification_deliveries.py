"""The delivery log: what was sent through which channel, what came back, and sending it again."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.notify.access import visible_channels, visible_deliveries
from litesoc_server.notify.models import DeliveryStatus
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.replay import replay, replay_failed
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.find import find_channel, find_delivery
from litesoc_server.web.notifications.rows import delivery_row, delivery_rows

PAGE_SIZE = 50
ATTEMPTS_MAX = 50  # shown of one delivery, the newest
REPLAYED_DAYS = 7  # how far back "send again what failed" reaches


@page()
def notification_deliveries(request: PageRequest, member: Member) -> HttpResponse:
    """List deliveries, newest first: ``?channel=<id>&status=<status>``."""
    channels = list(visible_channels(member.org))
    channel = next((one for one in channels if str(one.pk) == request.GET.get("channel")), None)
    status = next((one for one in DeliveryStatus if one.value == request.GET.get("status")), None)
    found = visible_deliveries(member.org, channel=channel, status=status).select_related("notification__alert")
    shown_page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": delivery_rows(shown_page.object_list),
        "page": shown_page,
        "channels": channels,
        "channel": channel,
        "status": status,
        "statuses": DeliveryStatus.choices,
        "is_filtered": channel is not None or status is not None,
        "tab": "deliveries",
    }
    return render(request, "web/notifications/deliveries.html", context)


@page()
def notification_delivery(request: PageRequest, member: Member, delivery_id: uuid.UUID) -> HttpResponse:
    """Show one delivery with every attempt: what was sent and what came back."""
    delivery = find_delivery(member, delivery_id)
    context = {
        "delivery": delivery,
        "row": delivery_row(delivery),
        "attempts": delivery.attempts.all()[:ATTEMPTS_MAX],
        "may_manage": member.may(Permission.MANAGE_NOTIFICATIONS),
        "tab": "deliveries",
    }
    return render(request, "web/notifications/delivery.html", context)


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def delivery_replay(request: PageRequest, member: Member, delivery_id: uuid.UUID) -> HttpResponse:
    """Send it again."""
    delivery = find_delivery(member, delivery_id)
    try:
        replay(delivery, who=member.who)
    except NotifyRefused as refused:
        messages.error(request, refused.text, extra_tags="bad")
    else:
        messages.success(request, "It is sent again now.", extra_tags="good")
    return redirect(member.url("notification_delivery", delivery_id=delivery.pk))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def deliveries_replay(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Send again what failed or was missed through a channel within REPLAYED_DAYS."""
    channel = find_channel(member, channel_id)
    try:
        count = replay_failed(channel, since=timezone.now() - timedelta(days=REPLAYED_DAYS), who=member.who)
    except NotifyRefused as refused:
        messages.error(request, refused.text, extra_tags="bad")
    else:
        text = f"{count:,} are sent again, oldest first." if count else "There is nothing to send again."
        messages.success(request, text, extra_tags="good")
    return redirect(member.url("notification_channel", channel_id=channel.pk))
