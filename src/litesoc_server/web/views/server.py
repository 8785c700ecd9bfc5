"""One server: what its agent said last; a name for it, an update of its agent, its removal."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.orgs.roles import Permission
from litesoc_server.servers.agent_update import configured_update
from litesoc_server.servers.change_server import ServerRefused, ask_for_update, remove_server, rename_server
from litesoc_server.servers.models import NAME_LENGTH_MAX, Server
from litesoc_server.servers.selectors import get_server
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.servers.rows import row_of


@page()
def server(request: PageRequest, member: Member, server_id: uuid.UUID) -> HttpResponse:
    """Show it."""
    return _shown(request, member, _server(member, server_id))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def server_rename(request: PageRequest, member: Member, server_id: uuid.UUID) -> HttpResponse:
    """Take the name, or say what is wrong with it."""
    found = _server(member, server_id)
    name = str(request.POST.get("name", ""))[: NAME_LENGTH_MAX + 1]
    try:
        renamed = rename_server(found, name, by=by_of(request))
    except Server.DoesNotExist as error:  # removed this moment
        raise Http404 from error
    except ServerRefused as refused:
        return _shown(request, member, found, name=name, problem=str(refused))
    messages.success(request, f"The server is called “{renamed.shown_name}”.", extra_tags="good")
    return redirect(member.url("server", server_id=server_id))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def server_update(request: PageRequest, member: Member, server_id: uuid.UUID) -> HttpResponse:
    """Have the agent update itself with its next heartbeat."""
    try:
        ask_for_update(_server(member, server_id), configured_update(), by=by_of(request))
    except Server.DoesNotExist as error:
        raise Http404 from error
    except ServerRefused as refused:
        messages.error(request, str(refused), extra_tags="bad")
    else:
        text = "The agent is told to update itself with its next heartbeat: within 5 minutes if it is online."
        messages.success(request, text, extra_tags="good")
    return redirect(member.url("server", server_id=server_id))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def server_remove(request: PageRequest, member: Member, server_id: uuid.UUID) -> HttpResponse:
    """Take it off the list."""
    found = _server(member, server_id)
    remove_server(found, by=by_of(request))
    messages.success(request, f"The server “{found.shown_name}” is removed. Its events stay.", extra_tags="good")
    return redirect(member.url("servers"))


def _server(member: Member, server_id: uuid.UUID) -> Server:
    try:
        return get_server(member.org, member.environment, str(server_id))
    except Server.DoesNotExist as error:
        raise Http404 from error


def _shown(
    request: PageRequest, member: Member, found: Server, *, name: str | None = None, problem: str = ""
) -> HttpResponse:
    update = configured_update()
    return render(
        request,
        "web/servers/server.html",
        {
            "row": row_of(member, found, timezone.now(), None),
            "server": found,
            "name": found.name if name is None else name,
            "problem": problem,
            "update": update if update is not None and update.is_for(found) else None,
            "may_change": member.may(Permission.MANAGE_SOURCES),
            "here": "servers",
        },
    )
