"""Suppressions: what became no alert because somebody said so, who, why, and until when."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from litesoc_server.orgs.access import names_of_principals, visible_suppressions
from litesoc_server.orgs.models import SuppressionState
from litesoc_server.orgs.suppressions import ACTIVE_MAX
from litesoc_server.web.detections.editing import may_suppress
from litesoc_server.web.detections.suppression_export import EXPORTED_MAX
from litesoc_server.web.detections.suppression_rows import suppression_rows
from litesoc_server.web.member import Member, PageRequest, page

PAGE_SIZE = 25  # suppressions
STATES: dict[SuppressionState, str] = {"active": "In force", "expired": "Expired", "ended": "Ended early"}


@page()
def suppressions(request: PageRequest, member: Member) -> HttpResponse:
    """List those in one state, newest first."""
    state = state_of(request)
    counts = {one: visible_suppressions(member.org, state=one).count() for one in STATES}
    shown_page = Paginator(visible_suppressions(member.org, state=state), PAGE_SIZE).get_page(request.GET.get("page"))
    found = list(shown_page.object_list)
    principals = [one for suppression in found for one in (suppression.created_by, suppression.ended_by) if one]
    return render(
        request,
        "web/suppressions/list.html",
        {
            "rows": suppression_rows(found, names_of_principals(member.org, principals)),
            "page": shown_page,
            "state": state,
            "filters": urlencode({"state": state}),
            "states": [(one, title, counts[one]) for one, title in STATES.items()],
            "active_max": ACTIVE_MAX,
            "exported_max": EXPORTED_MAX,
            "may_suppress": may_suppress(member),
            "tab": "suppressions",
            "here": "detections",
        },
    )


def state_of(request: PageRequest) -> SuppressionState:
    """Return the state that an address asks for; in force where it says nothing or what is none."""
    return next((one for one in STATES if one == request.GET.get("state")), "active")
