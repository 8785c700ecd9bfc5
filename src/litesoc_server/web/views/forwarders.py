"""Where events and alerts are passed on to: a new forwarder, and what is done to those there are (on Integrations)."""

import time
import uuid
from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.events.event import Severity
from litesoc_server.forwarding.access import get_forwarder, lag_of, state_of, visible_forwarders, visible_rejected
from litesoc_server.forwarding.changes import add_forwarder, change_forwarder, remove_forwarder, send_test
from litesoc_server.forwarding.forwarder_settings import ForwarderRefused
from litesoc_server.forwarding.kinds import HTTP, KINDS, SendFailed
from litesoc_server.forwarding.models import Forwarder, What
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import READING, Member, PageRequest, page

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


@page(Permission.MANAGE_SOURCES, methods=(*READING, "POST"))
def forwarder_new(request: PageRequest, member: Member) -> HttpResponse:
    """Show the form of a new forwarder of one kind; make it, or say what is wrong."""
    sent = request.POST if request.method == "POST" else request.GET
    kind = KINDS.get(sent.get("kind", HTTP.id))
    if kind is None:
        raise Http404
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = add_forwarder(
                member.org,
                member.environment,
                kind=kind.id,
                name=request.POST.get("name", ""),
                settings={field.name: request.POST.get(field.name, "") for field in kind.fields},
                what=request.POST.get("what", What.BOTH.value),
                severities=request.POST.getlist("severities"),
                categories=request.POST.get("categories", "").replace(",", " ").split(),
                store_now_s=int(time.time()),
                by=by_of(request),
            )
        except ForwarderRefused as refused:
            errors[refused.field] = refused.text
        else:
            messages.success(request, f"{made.name} gets what comes in from now on. Send a test now.", extra_tags="good")
            return redirect(f"{member.url('integrations')}#out")
    context = {
        "kind": kind,
        "kinds": KINDS.values(),
        "fields": [
            (field, "" if field.is_secret else sent.get(field.name, ""), errors.get(field.name)) for field in kind.fields
        ],
        "name": sent.get("name", ""),
        "what": sent.get("what", What.BOTH.value),
        "whats": What.choices,
        "severities": [(severity.value, severity.value in sent.getlist("severities")) for severity in Severity],
        "categories": sent.get("categories", ""),
        "errors": errors,
        "here": "integrations",
    }
    return render(request, "web/integrations/forwarder_new.html", context)


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_test(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Send one event of our own and say what became of it."""
    forwarder = _found(member, forwarder_id)
    try:
        event_id = send_test(forwarder)
    except SendFailed as error:
        messages.error(request, f"{forwarder.name}: {error}.", extra_tags="bad")
    except (SecretUnreadable, KeysUnusable):
        messages.error(request, f"{forwarder.name}: its settings cannot be decrypted. Add it again.", extra_tags="bad")
    else:
        messages.success(request, f"Sent to {forwarder.name}: look for the event {event_id} there.", extra_tags="good")
    return redirect(f"{member.url('integrations')}#out")


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_pause(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Stop sending for a while, or go on."""
    change_forwarder(_found(member, forwarder_id), by=by_of(request), is_paused=request.POST.get("is_paused") == "on")
    return redirect(f"{member.url('integrations')}#out")


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def forwarder_remove(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Remove it."""
    forwarder = _found(member, forwarder_id)
    remove_forwarder(forwarder, by=by_of(request))
    messages.success(request, f"{forwarder.name} is removed: nothing more is sent there.", extra_tags="good")
    return redirect(f"{member.url('integrations')}#out")


def _found(member: Member, forwarder_id: uuid.UUID) -> Forwarder:
    try:
        return get_forwarder(member.org, member.environment, forwarder_id)
    except Forwarder.DoesNotExist as error:
        raise Http404 from error
