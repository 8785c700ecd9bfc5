"""The setup guide: a key, code that sends a first event, the event when it comes, a first alert, and what is missing."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import instrumentation
from litesoc_server.apikeys.issue_key import IssuedKey, issue_key
from litesoc_server.apikeys.selectors import usable_keys
from litesoc_server.guides.integrations import INTEGRATIONS
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.access import owners_of
from litesoc_server.orgs.roles import Permission
from litesoc_server.server_address import server_address
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.setup_guide.checklist import checklist_of
from litesoc_server.web.setup_guide.first_event import KEY_TO_FILL_IN, five_failures, snippets_for
from litesoc_server.web.setup_guide.progress import progress_of
from litesoc_server.web.setup_guide.understanding import remarks_on

KEY_NAME = "setup guide"
KEYS_MAX = 20  # usable ones that the guide made for one environment
KEYS_SHOWN_MAX = 5
POLLS_MAX = 900  # half an hour; then the reader is asked
_POLL_NUMBERS = {str(number): number for number in range(POLLS_MAX)}
NOTICES_SHOWN_MAX = 10


@page()
def setup(request: PageRequest, member: Member) -> HttpResponse:
    """Show the guide."""
    return render(request, "web/setup/page.html", {**_sending(request, member), **_arriving(member)})


@page(Permission.MANAGE_KEYS, methods=("POST",))
def setup_key(request: PageRequest, member: Member) -> HttpResponse:
    """Make a key that can send events and nothing else, and show it: in this answer only, no other place holds it."""
    made_count = usable_keys(member.org, member.environment).filter(name=KEY_NAME).count()
    issued = None
    if made_count < KEYS_MAX:
        issued = issue_key(
            org=member.org,
            name=KEY_NAME,
            scopes=frozenset({Scope.INGEST}),
            environment=member.environment,
            created_by=member.user,
            by=by_of(request),
        )
    shown = {**_sending(request, member, issued), **_arriving(member), "is_refused": issued is None, "keys_max": KEYS_MAX}
    is_fragment = "HX-Request" in request.headers
    return render(request, f"web/setup/{'sending' if is_fragment else 'page'}.html", {**shown, "is_fragment": is_fragment})


@page()
def setup_progress(request: PageRequest, member: Member) -> HttpResponse:
    """Answer what has arrived by now, for the guide that waits for it."""
    polls_count = _POLL_NUMBERS.get(request.GET.get("poll", ""), POLLS_MAX)
    return render(request, "web/setup/progress.html", {**_sending(request, member), **_arriving(member, polls_count)})


@page()
def setup_notices(request: PageRequest, member: Member) -> HttpResponse:
    """Answer what is wrong with what applications send. It is asked for after the page, because it reads four weeks."""
    notices = instrumentation.look(member.org_id, member.environment).notices
    return render(request, "web/setup/notices.html", {"notices": notices[:NOTICES_SHOWN_MAX]})


def _sending(request: PageRequest, member: Member, issued: IssuedKey | None = None) -> dict[str, Any]:
    key, url = issued.secret if issued is not None else KEY_TO_FILL_IN, server_address(request)
    return {
        "secret": issued.secret if issued is not None else "",
        "key_to_fill_in": KEY_TO_FILL_IN,
        "keys_shown_max": KEYS_SHOWN_MAX,
        "keys": usable_keys(member.org, member.environment)[:KEYS_SHOWN_MAX],
        "owners": owners_of(member.org),
        "snippets": snippets_for(key=key, url=url),
        "five_failures": five_failures(key=key, url=url),
        "integrations": [(one, list(one.steps(key=key, url=url))) for one in INTEGRATIONS],
    }


def _arriving(member: Member, polls_count: int = 0) -> dict[str, Any]:
    try:
        progress, checklist = progress_of(member), checklist_of(member)
    except StoreUnavailable:
        return {"is_failed": True, "next_poll": polls_count + 1, "is_waiting": polls_count < POLLS_MAX}
    return {
        "progress": progress,
        "remarks": remarks_on(progress.event) if progress.event is not None else [],
        "checklist": checklist,
        "done_count": sum(point.is_done for point in checklist),
        "next_poll": polls_count + 1,
        "is_waiting": not progress.is_done and polls_count < POLLS_MAX,
    }
