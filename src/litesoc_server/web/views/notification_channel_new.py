"""A new channel: the kinds to choose from, and the form of one."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.accounts.sealing import KeysUnusable
from litesoc_server.notify.channel_changes import add_channel
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.notifications.channel_form import ChannelForm, sent_channel_form
from litesoc_server.web.notifications.kinds import gallery, shown_kind

KEYS_UNUSABLE = "Secrets cannot be stored: the operator finds the reason with `litesoc doctor`."


@page(Permission.MANAGE_NOTIFICATIONS, feature=Feature.NOTIFICATIONS)
def channel_kinds(request: PageRequest, _member: Member) -> HttpResponse:
    """Show every kind."""
    return render(request, "web/notifications/gallery.html", {"gallery": gallery(), "tab": "channels"})


@page(Permission.MANAGE_NOTIFICATIONS, methods=(*READING, "POST"), feature=Feature.NOTIFICATIONS)
def channel_new(request: PageRequest, member: Member, kind: str) -> HttpResponse:
    """Show the form of a kind; add the channel, or say beside each field what is wrong."""
    shown = shown_kind(kind)
    if shown is None:
        raise Http404
    form = ChannelForm(shown.kind, name=shown.kind.title.partition(" (")[0])
    if request.method == "POST":
        form = sent_channel_form(shown.kind, request.POST)
        try:
            channel = add_channel(member.org, kind=kind, name=form.name, settings=form.values, who=member.who)
        except NotifyRefused as refused:
            form.errors[refused.field] = refused.text
        except KeysUnusable:
            form.errors["channel"] = KEYS_UNUSABLE
        else:
            text = f"The channel “{channel.name}” is added: live alerts of medium severity and above. Test it now."
            messages.success(request, text, extra_tags="good")
            return redirect(member.url("notification_channel", channel_id=channel.pk))
    context = {"form": form, "shown": shown, "tab": "channels"}
    return render(request, "web/notifications/channel_new.html", context)
