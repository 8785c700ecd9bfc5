"""The form in which detections are suppressed; other pages lead to it with its fields filled in."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.roles import Permission
from litesoc_server.orgs.suppressions import create_suppression
from litesoc_server.pipeline.detect.base import DetectorGroup
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.web.detections.editing import IN_FORCE, require_live
from litesoc_server.web.detections.suppression_form import CUSTOM, EXPIRIES, SuppressionForm, suppression_form
from litesoc_server.web.member import READING, Member, PageRequest, page


@page(Permission.SUPPRESS, methods=(*READING, "POST"))
def suppression_new(request: PageRequest, member: Member) -> HttpResponse:
    """Show the form, filled from ``?detector=&actor=&address=&reason=``; suppress, or say what is wrong."""
    require_live(member)
    form = suppression_form(request.POST if request.method == "POST" else request.GET, owner=member.who.by)
    if request.method == "POST":
        try:
            _create(member, form)
        except PolicyInvalid as error:
            form.show_problems(error.problems)
        else:
            messages.success(request, f"Suppressed. {IN_FORCE}", extra_tags="good")
            return redirect(member.url("suppressions"))
    groups = [(group, [one for one in DETECTORS if one.group is group]) for group in DetectorGroup]
    return render(
        request,
        "web/suppressions/new.html",
        {
            "form": form,
            "groups": groups,
            "expiries": EXPIRIES,
            "custom": CUSTOM,
            "tab": "suppressions",
            "here": "detections",
        },
    )


def _create(member: Member, form: SuppressionForm) -> None:
    create_suppression(
        member.org,
        owner=form.owner,
        reason=form.reason,
        expires_at=form.expires_at(timezone.now()),
        detector=form.detector or None,
        actor=form.actor or None,
        address=form.address or None,
        who=member.who,
    )
