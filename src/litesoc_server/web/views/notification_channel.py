"""One channel: how it is, its settings, its routes, and switching it on and off."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.notify.access import pending_counts, removed_channel, visible_deliveries, visible_routes
from litesoc_server.notify.channel_changes import change_channel, remove_channel, restore_channel
from litesoc_server.notify.channel_settings import shown_settings
from litesoc_server.notify.channels.webhook import WEBHOOK
from litesoc_server.notify.models import Channel
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.route_changes import mute_channel
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.channel_form import ChannelForm, sent_channel_form
from litesoc_server.web.notifications.find import find_channel
from litesoc_server.web.notifications.kinds import shown_kind
from litesoc_server.web.notifications.route_form import mute_choices
from litesoc_server.web.notifications.rows import delivery_rows, health_of
from litesoc_server.web.notifications.sentences import route_words
from litesoc_server.web.undo_message import say_with_undo

RECENT_MAX = 10  # deliveries that the page shows; the log has all
UNREADABLE = "Its settings cannot be read with this server's keys: remove the channel and add it again."


@page()
def notification_channel(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Show one channel."""
    return channel_page(request, member, find_channel(member, channel_id))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_change(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Take what was typed, or say beside each field what is wrong with it."""
    channel = find_channel(member, channel_id)
    shown = shown_kind(channel.kind)
    if shown is None:
        return _back(request, member, channel, "This version does not know the channel's kind any more: remove it.")
    try:
        known = shown_settings(channel)
        form = sent_channel_form(shown.kind, request.POST, known)
        change_channel(channel, name=form.name, settings=form.values, unset=form.unset, who=member.who)
    except NotifyRefused as refused:
        form.errors[refused.field] = refused.text
        return channel_page(request, member, channel, form=form)
    except (SecretUnreadable, KeysUnusable):
        return _back(request, member, channel, UNREADABLE)
    messages.success(request, "The channel is changed.", extra_tags="good")
    return redirect(member.url("notification_channel", channel_id=channel.pk))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_switch(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Switch it on (``to=on``) or off."""
    channel = find_channel(member, channel_id)
    to = request.POST.get("to") == "on"
    change_channel(channel, is_enabled=to, who=member.who)
    text = "is switched on" if to else "is switched off; what waited for it is cancelled and can be sent again"
    messages.success(request, f"The channel “{channel.name}” {text}.", extra_tags="good")
    return redirect(member.url("notification_channel", channel_id=channel.pk))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_mute(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Mute it for a while, or let it speak again (``for`` is empty)."""
    channel = find_channel(member, channel_id)
    hours = {value: hours for value, _, hours in mute_choices()}.get(str(request.POST.get("for", "")))
    until = None if hours is None else timezone.now() + timedelta(hours=hours)
    mute_channel(channel, until, who=member.who)
    text = "speaks again" if until is None else "is muted; what waits already is delivered, and escalations still reach it"
    messages.success(request, f"The channel “{channel.name}” {text}.", extra_tags="good")
    return redirect(member.url("notification_channel", channel_id=channel.pk))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_remove(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Remove it with its routes and its log. The message that follows takes it back."""
    channel = find_channel(member, channel_id)
    remove_channel(channel, who=member.who)
    undo = member.url("channel_restore", None, channel_id=channel.pk)
    say_with_undo(request, f"The channel “{channel.name}” is removed.", undo)
    return redirect(member.url("notifications"))


@page(Permission.MANAGE_NOTIFICATIONS, methods=("POST",))
def channel_restore(request: PageRequest, member: Member, channel_id: uuid.UUID) -> HttpResponse:
    """Bring back one that was removed within the last hour."""
    try:
        channel = restore_channel(removed_channel(member.org, channel_id), who=member.who)
    except Channel.DoesNotExist as error:
        raise Http404 from error
    except NotifyRefused as refused:
        messages.error(request, f"Nothing is brought back: {refused.text}", extra_tags="bad")
        return redirect(member.url("notifications"))
    text = f"The channel “{channel.name}” is back with its routes. What waited for it is cancelled and can be sent again."
    messages.success(request, text, extra_tags="good")
    return redirect(member.url("notification_channel", channel_id=channel.pk))


def channel_page(
    request: PageRequest,
    member: Member,
    channel: Channel,
    *,
    form: ChannelForm | None = None,
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """Return the page, with what came of the last act in ``extra``."""
    shown = shown_kind(channel.kind)
    is_readable = True
    if form is None and shown is not None:
        try:
            form = ChannelForm(shown.kind, channel.name, known=shown_settings(channel))
        except (SecretUnreadable, KeysUnusable):
            is_readable = False
    routes = list(visible_routes(member.org).filter(channel=channel))
    recent = visible_deliveries(member.org, channel=channel).select_related("notification__alert")[:RECENT_MAX]
    context = {
        "channel": channel,
        "shown": shown,
        "form": form,
        "is_readable": is_readable,
        "unreadable": UNREADABLE,
        "health": health_of(channel),
        "waiting": pending_counts(member.org).get(channel.pk, 0),
        "routes": [(route, route_words(route)) for route in routes],
        "muted_until": max((one.muted_until for one in routes if one.muted_until), default=None),
        "mutes": mute_choices(),
        "deliveries": delivery_rows(recent),
        "is_webhook": channel.kind == WEBHOOK.id,
        "may_manage": member.may(Permission.MANAGE_NOTIFICATIONS),
        "tab": "channels",
        **(extra or {}),
    }
    return render(request, "web/notifications/channel.html", context)


def _back(request: PageRequest, member: Member, channel: Channel, text: str) -> HttpResponse:
    messages.error(request, text, extra_tags="bad")
    return redirect(member.url("notification_channel", channel_id=channel.pk))
