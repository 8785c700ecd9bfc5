"""One source of events: its address, the steps to set it up, its settings and secret, and what came of its deliveries."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.inbound.change_connection import (
    OVERLAP,
    SourceRefused,
    change_connection,
    remove_connection,
    remove_secret,
    set_secret,
)
from litesoc_server.inbound.selectors import COUNTED_DAYS, SourceState, SourceStatus, source_state
from litesoc_server.inbound.set_up_steps import KEY_TO_FILL_IN, address_of, snippets_of, steps_of
from litesoc_server.orgs.roles import Permission
from litesoc_server.server_address import server_address
from litesoc_server.sources.base import SecretOrigin, WebhookSource
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.integrations.reasons import ignored_reasons, refused_reasons
from litesoc_server.web.member import Member, PageRequest, page

POLLS_MAX = 600  # half an hour; then the reader is asked
_POLL_NUMBERS = {str(number): number for number in range(POLLS_MAX)}


@page()
def integration(request: PageRequest, member: Member, source: str) -> HttpResponse:
    """Show one source."""
    return _shown(request, member, source)


@page()
def integration_progress(request: PageRequest, member: Member, source: str) -> HttpResponse:
    """Answer whether anything has arrived by now, for the page that waits for it."""
    polls_count = _POLL_NUMBERS.get(request.GET.get("poll", ""), POLLS_MAX)
    return render(request, "web/integrations/progress.html", _arriving(_found(member, source), polls_count))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def integration_change(request: PageRequest, member: Member, source: str) -> HttpResponse:
    """Change whether deliveries are taken, and what happens to unknown types."""
    found = _found(member, source)
    change_connection(
        member.org,
        member.environment,
        source,
        by=by_of(request),
        keeps_unknown=request.POST.get("keeps_unknown") == "on" if found.has_types else None,
        is_enabled=request.POST.get("is_enabled") == "on",
    )
    messages.success(request, "Saved. It is in force within 5 seconds.", extra_tags="good")
    return redirect(member.url("integration", source=source))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def integration_secret(request: PageRequest, member: Member, source: str) -> HttpResponse:
    """Set or rotate the signing secret. One that we drew is shown in this answer only: no other place holds it in clear."""
    is_ours = _is_secret_ours(_found(member, source))
    wanted = None if is_ours else str(request.POST.get("secret", ""))
    try:
        _, secret = set_secret(member.org, member.environment, source, wanted, by=by_of(request))
    except SourceRefused as refused:
        return _shown(request, member, source, secret_error=str(refused))
    if is_ours:
        return _shown(request, member, source, new_secret=secret)
    messages.success(request, "Saved. Deliveries must be signed, within 5 seconds.", extra_tags="good")
    return redirect(member.url("integration", source=source))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def integration_secret_remove(request: PageRequest, member: Member, source: str) -> HttpResponse:
    """Take unsigned deliveries again."""
    _found(member, source)
    try:
        remove_secret(member.org, member.environment, source, by=by_of(request))
    except SourceRefused as refused:
        return _shown(request, member, source, secret_error=str(refused))
    messages.success(request, "Removed. The API key is all that proves a delivery now.", extra_tags="good")
    return redirect(member.url("integration", source=source))


@page(Permission.MANAGE_SOURCES, methods=("POST",))
def integration_forget(request: PageRequest, member: Member, source: str) -> HttpResponse:
    """Forget settings, secret and counts; the events stay."""
    found = _found(member, source)
    if remove_connection(member.org, member.environment, source, by=by_of(request)):
        messages.success(request, f"{found.source.title} is forgotten. Its events stay.", extra_tags="good")
    return redirect(member.url("integrations"))


def _found(member: Member, source: str) -> SourceState:
    state = source_state(member.org, member.environment, source)
    if state is None:
        raise Http404
    return state


def _is_secret_ours(state: SourceState) -> bool:
    return isinstance(state.source, WebhookSource) and state.source.secret_origin is SecretOrigin.OURS


def _shown(
    request: PageRequest, member: Member, source_id: str, *, new_secret: str = "", secret_error: str = ""
) -> HttpResponse:
    state = _found(member, source_id)
    server = server_address(request)
    context = {
        **_arriving(state, 0),
        "here": "integrations",
        "source": state.source,
        "address": address_of(state.source, server),
        "steps": steps_of(state.source, server),
        "snippets": snippets_of(state.source, server),
        "key_to_fill_in": KEY_TO_FILL_IN,
        "counted_days": COUNTED_DAYS,
        "events_per_day": [count for _, count in state.days],
        "refused": refused_reasons(state.refused),
        "ignored": ignored_reasons(state.ignored),
        "can_be_signed": state.source.can_be_signed,
        "is_secret_ours": _is_secret_ours(state),
        "overlap_hours": int(OVERLAP.total_seconds() // 3600),
        "new_secret": new_secret,
        "secret_error": secret_error,
    }
    return render(request, "web/integrations/source.html", context)


def _arriving(state: SourceState, polls_count: int) -> dict[str, Any]:
    has_event = state.last_event_at is not None
    return {
        "state": state,
        "source": state.source,
        "next_poll": polls_count + 1,
        "is_waiting": not has_event and state.status is not SourceStatus.OFF and polls_count < POLLS_MAX,
    }
