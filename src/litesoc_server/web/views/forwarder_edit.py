"""The form of a forwarder: a new one, and what is changed of one that there is."""

import time
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.forwarding.changes import add_forwarder, change_forwarder
from litesoc_server.forwarding.forwarder_settings import ForwarderRefused, shown_settings
from litesoc_server.forwarding.kinds import HTTP, KINDS
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.integrations.find import find_forwarder
from litesoc_server.web.integrations.forwarder_form import ForwarderForm, form_of, sent_form
from litesoc_server.web.member import READING, Member, PageRequest, page


@page(Permission.MANAGE_SOURCES, methods=(*READING, "POST"))
def forwarder_new(request: PageRequest, member: Member) -> HttpResponse:
    """Show the form of a new forwarder of one kind; make it, or say what is wrong."""
    sent = request.POST if request.method == "POST" else request.GET
    kind = KINDS.get(sent.get("kind", HTTP.id))
    if kind is None:
        raise Http404
    form = sent_form(kind, sent)
    if request.method == "POST":
        try:
            made = add_forwarder(
                member.org,
                member.environment,
                kind=kind.id,
                store_now_s=int(time.time()),
                by=by_of(request),
                **form.wanted(),
            )
        except ForwarderRefused as refused:
            form.errors[refused.field] = refused.text
        else:
            messages.success(request, f"{made.name} gets what comes in from now on. Send a test now.", extra_tags="good")
            return redirect(f"{member.url('integrations')}#out")
    return _shown(request, form)


@page(Permission.MANAGE_SOURCES, methods=(*READING, "POST"))
def forwarder_edit(request: PageRequest, member: Member, forwarder_id: uuid.UUID) -> HttpResponse:
    """Show the form of a forwarder as it is; change it, or say what is wrong. Its kind stays."""
    forwarder = find_forwarder(member, forwarder_id)
    kind = KINDS[forwarder.kind]
    try:
        known = shown_settings(forwarder)
    except (SecretUnreadable, KeysUnusable):
        known = {}  # all of them are to be entered again
    form = sent_form(kind, request.POST, known) if request.method == "POST" else form_of(forwarder, kind, known)
    if request.method == "POST":
        try:
            changed = change_forwarder(forwarder, by=by_of(request), unset=form.unset, **form.wanted())
        except ForwarderRefused as refused:
            form.errors[refused.field] = refused.text
        except KeysUnusable:
            form.errors["kind"] = "This server cannot encrypt the settings now: its operator sees why in its log."
        else:
            messages.success(request, f"{changed.name} is changed. Send a test now.", extra_tags="good")
            return redirect(f"{member.url('integrations')}#out")
    return _shown(request, form, forwarder, is_readable=bool(known))


def _shown(
    request: PageRequest, form: ForwarderForm, forwarder: Forwarder | None = None, *, is_readable: bool = True
) -> HttpResponse:
    context = {
        "form": form,
        "forwarder": forwarder,
        "is_readable": is_readable,
        "kinds": KINDS.values(),
        "here": "integrations",
    }
    return render(request, "web/integrations/forwarder_form.html", context)
