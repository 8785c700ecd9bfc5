"""Emptying the test environment: what that removes, and asking for it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server import backend
from litesoc_server.alerts.emptying import alerts_count
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.emptying import ask_to_empty
from litesoc_server.orgs.roles import Permission
from litesoc_server.store.base import EventSearch
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import READING, Member, PageRequest, page

EVENTS_COUNTED_MAX = 1_000_000


@page(Permission.MANAGE_SECURITY, methods=(*READING, "POST"))
def settings_empty_test(request: PageRequest, member: Member) -> HttpResponse:
    """Say what there is to remove; have it removed once that is confirmed."""
    if request.method == "POST":
        ask_to_empty(member.org, by=by_of(request))
        messages.warning(request, "The test environment is being emptied. That takes a minute or two.")
        return redirect(member.url("settings_privacy"))
    where = EventSearch(environment=Environment.TEST)
    events = backend.current().reader.count_matching(org_id=member.org_id, where=where, limit=EVENTS_COUNTED_MAX)
    return render(
        request,
        "web/settings/privacy/empty_test.html",
        {"here": "settings_privacy", "events": events, "alerts_count": alerts_count(member.org, Environment.TEST)},
    )
