"""One person's data: what there is, as a file, and erasing it."""

from collections.abc import Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from litesoc_server import backend
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.orgs.roles import Permission
from litesoc_server.privacy.erasures import ask_to_erase, erasures_of, record_export
from litesoc_server.privacy.export import export_actor, in_thread
from litesoc_server.privacy.find import ActorRefused, checked_actor, held_of
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.export.stream import document_file
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.recent_sign_in import require_recent_sign_in

ERASURES_SHOWN_MAX = 50


@page(Permission.MANAGE_PERSONAL_DATA)
def settings_person(request: PageRequest, member: Member) -> HttpResponse:
    """Look an actor up, and list what was asked to be erased."""
    context = {"here": "settings_privacy", "asked": request.GET.get("actor", "")} | _found(request, member)
    context["erasures"] = erasures_of(member.org)[:ERASURES_SHOWN_MAX]
    return render(request, "web/settings/privacy/person.html", context)


@page(Permission.MANAGE_PERSONAL_DATA)
async def settings_person_export(request: PageRequest, member: Member) -> HttpResponseBase:
    """Save everything that names an actor as one document. That is an act, too."""
    try:
        pieces = await sync_to_async(_export)(request, member)
    except ActorRefused as refusal:
        return HttpResponse(str(refusal), status=400, content_type="text/plain; charset=utf-8")
    return document_file("actor.json", in_thread(pieces))


@page(Permission.MANAGE_PERSONAL_DATA, methods=(*READING, "POST"))
def settings_person_erase(request: PageRequest, member: Member) -> HttpResponse:
    """Say what erasing does; have it done once the id is typed and the password was asked for once more."""
    require_recent_sign_in(request)
    context: dict[str, Any] = {"here": "settings_privacy", "asked": request.GET.get("actor", "")} | _found(request, member)
    if context.get("names") is None:
        return render(request, "web/settings/privacy/person.html", context | {"erasures": ()})
    if request.method == "POST":
        context["typed"] = str(request.POST.get("typed", ""))
        try:
            ask_to_erase(member.org, context["actor_id"], typed=context["typed"], who=member.who)
        except ActorRefused as refusal:
            context["typed_error"] = str(refusal)
        else:
            messages.warning(request, "The actor is being erased. That takes some minutes; below you see how far it is.")
            return redirect(member.url("settings_person"))
    return render(request, "web/settings/privacy/person_erase.html", context)


def _found(request: PageRequest, member: Member) -> dict[str, Any]:
    if "actor" not in request.GET:
        return {}
    parts = backend.current()
    try:
        actor_id = checked_actor(request.GET["actor"])
        names = parts.reader.actor_names(org_id=member.org_id, actor_id=actor_id)
        held = held_of(member.org, names, reader=parts.reader, letters=parts.stream.dead_letters)
    except ActorRefused as refusal:
        return {"error": str(refusal)}
    except (StoreUnavailable, StreamUnavailable):
        return {"is_store_away": True}
    return {"actor_id": actor_id, "names": names, "held": held}


def _export(request: PageRequest, member: Member) -> Iterator[bytes]:
    parts = backend.current()
    actor_id = checked_actor(request.GET.get("actor", ""))
    names = parts.reader.actor_names(org_id=member.org_id, actor_id=actor_id)
    record_export(member.org, actor_id, by=by_of(request))
    return export_actor(member.org, actor_id, names, reader=parts.reader, letters=parts.stream.dead_letters)
