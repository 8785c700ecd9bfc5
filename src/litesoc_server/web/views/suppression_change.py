"""Ending a suppression, taking that back, and giving one another expiry."""

import uuid
from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone

from litesoc_server.orgs.access import get_suppression
from litesoc_server.orgs.models import Suppression
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.roles import Permission
from litesoc_server.orgs.suppression_changes import SuppressionChanged, set_expiry, take_end_back
from litesoc_server.orgs.suppressions import end_suppression
from litesoc_server.web.detections.editing import IN_FORCE, require_live, sentence
from litesoc_server.web.detections.suppression_form import CUSTOM, EXPIRIES, suppression_form
from litesoc_server.web.detections.suppression_rows import suppression_rows
from litesoc_server.web.member import READING, Member, PageRequest, page

_NO_EXPIRY = datetime(1970, 1, 1, tzinfo=UTC)


@page(Permission.SUPPRESS, methods=("POST",))
def suppression_end(request: PageRequest, member: Member, suppression_id: uuid.UUID) -> HttpResponse:
    """Put an end to it, with a way back."""
    require_live(member)
    ended = end_suppression(_suppression(member, suppression_id), who=member.who)
    text = render_to_string("web/suppressions/ended_toast.html", {"suppression": ended, "member": member}, request)
    messages.success(request, text, extra_tags="good")
    return redirect(member.url("suppressions"))


@page(Permission.SUPPRESS, methods=("POST",))
def suppression_resume(request: PageRequest, member: Member, suppression_id: uuid.UUID) -> HttpResponse:
    """Take its end back."""
    require_live(member)
    try:
        take_end_back(_suppression(member, suppression_id), who=member.who)
    except (SuppressionChanged, PolicyInvalid) as error:
        messages.error(request, sentence(str(error)), extra_tags="bad")
    else:
        messages.success(request, f"The suppression holds again. {IN_FORCE}", extra_tags="good")
    return redirect(member.url("suppressions"))


@page(Permission.SUPPRESS, methods=(*READING, "POST"))
def suppression_extend(request: PageRequest, member: Member, suppression_id: uuid.UUID) -> HttpResponse:
    """Show the choice of another expiry; take it, or say what is wrong."""
    require_live(member)
    suppression = _suppression(member, suppression_id)
    form = suppression_form(request.POST, owner=suppression.owner)
    if request.method == "POST":
        try:
            set_expiry(suppression, form.expires_at(timezone.now()), was=_expiry_seen(request), who=member.who)
        except PolicyInvalid as error:
            form.show_problems(error.problems)
        except SuppressionChanged as error:
            form.errors["expiry"] = sentence(str(error))
        else:
            messages.success(request, f"The expiry is changed. {IN_FORCE}", extra_tags="good")
            return redirect(member.url("suppressions"))
    return render(
        request,
        "web/suppressions/extend.html",
        {
            "row": suppression_rows([suppression], {})[0],
            "suppression": suppression,
            "form": form,
            "expiries": EXPIRIES,
            "custom": CUSTOM,
            "tab": "suppressions",
            "here": "detections",
        },
    )


def _expiry_seen(request: PageRequest) -> datetime:
    """Return the expiry that the form was made for; of what is no moment one that no suppression has."""
    try:
        return datetime.fromisoformat(request.POST.get("was", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NO_EXPIRY


def _suppression(member: Member, suppression_id: uuid.UUID) -> Suppression:
    try:
        return get_suppression(member.org, str(suppression_id))
    except Suppression.DoesNotExist as error:
        raise Http404 from error
