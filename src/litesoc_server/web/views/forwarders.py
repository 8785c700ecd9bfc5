"""Where events and alerts are passed on to, and what is done to those there are (on Integrations)."""

import uuid
from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.forwarding.access import lag_of, removed_forwarder, state_of, visible_forwarders, visible_rejected
from litesoc_server.forwarding.changes import change_forwarder, remove_forwarder, restore_forwarder, send_test
from litesoc_server.forwarding.forwarder_settings import ForwarderRefused
from litesoc_server.forwarding.kinds import KINDS, SendFailed
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.integrations.find import find_forwarder
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.undo_message import say_with_undo

REJECTED_SHOWN_MAX = 5  # of each forwarder, the newest; the API has more


def shown_forwarders(member: Member) -> list[Mapping[str, object]]:
    """Return the forwarders of the environment as the page shows them."""
    now = timezone.now()
    return [
        {
            "forwarder": forwarder,
            "kind": KINDS[forwarder.kind],
            "state": state_of(forwarder, now),
            "rejected": visible_rejected(forwarder)[:REJECTED_SHOWN_MAX] if forwarder.rejected_count else (),
            "lag_minutes": int(lag_of(forwarder, now).total_seconds() // 60),
        }
        for forwarder in visible_forwarders(member.org, member.environment)
    ]


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_test(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Send one event of our own and say what became of it."""
    forwarder = find_forwarder(member, forwarder_id)
    try:
        event_id = send_test(forwarder)
    except SendFailed as error:
        messages.error(request, f"{forwarder.name}: {error}.", extra_tags="bad")
    except (SecretUnreadable, KeysUnusable):
        messages.error(
            request, f"{forwarder.name}: its settings cannot be decrypted. Change it and enter them again.", extra_tags="bad"
        )
    else:
        messages.success(request, f"Sent to {forwarder.name}: look for the event {event_id} there.", extra_tags="good")
    return redirect(f"{member.url('integrations')}#out")


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_pause(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Stop sending for a while, or go on."""
    change_forwarder(
        find_forwarder(member, forwarder_id), by=by_of(request), is_paused=request.POST.get("is_paused") == "on"
    )
    return redirect(f"{member.url('integrations')}#out")


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_remove(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Remove it. The message that follows takes it back."""
    forwarder = find_forwarder(member, forwarder_id)
    remove_forwarder(forwarder, by=by_of(request))
    undo = member.url("forwarder_restore", None, forwarder_id=forwarder.id)
    say_with_undo(request, f"{forwarder.name} is removed: nothing more is sent there.", undo)
    return redirect(f"{member.url('integrations')}#out")


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_restore(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Bring back one that was removed within the last hour."""
    try:
        back = restore_forwarder(removed_forwarder(member.org, member.environment, forwarder_id), by=by_of(request))
    except Forwarder.DoesNotExist as error:
        raise Http404 from error
    except ForwarderRefused as refused:
        messages.error(request, f"Nothing is brought back: {refused.text}", extra_tags="bad")
    else:
        messages.success(request, f"{back.name} is back, and goes on where it stood.", extra_tags="good")
    return redirect(f"{member.url('integrations')}#out")
