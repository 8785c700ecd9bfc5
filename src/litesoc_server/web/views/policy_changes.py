"""Every change of the policy, taking one back, and putting a setting back to its default."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from litesoc_server.orgs.access import policy_history
from litesoc_server.orgs.models import PolicyChange
from litesoc_server.orgs.policy_changes import PolicyConflict
from litesoc_server.orgs.policy_undo import UndoRefused, undo_change
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.detections.changes import shown_changes
from litesoc_server.web.detections.editing import (
    IN_FORCE,
    change_settings,
    may_configure,
    require_live,
    say_changed,
    sentence,
)
from litesoc_server.web.member import Member, PageRequest, page

PAGE_SIZE = 25  # changes


@page()
def policy_changes(request: PageRequest, member: Member) -> HttpResponse:
    """List every change, newest first."""
    shown_page = Paginator(policy_history(member.org), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "web/detections/changes.html",
        {
            "changes": shown_changes(member.org, shown_page.object_list),
            "page": shown_page,
            "may_edit": may_configure(member),
            "tab": "changes",
        },
    )


@page(Permission.CONFIGURE, methods=("POST",))
def policy_undo(request: PageRequest, member: Member, version: int) -> HttpResponse:
    """Take one change back by a new one."""
    require_live(member)
    try:
        undo_change(member.org, version, who=member.who)
    except PolicyChange.DoesNotExist as error:
        raise Http404 from error
    except UndoRefused as refused:
        messages.error(request, f"This change cannot be undone: {refused}.", extra_tags="bad")
    except (PolicyInvalid, PolicyConflict) as error:
        messages.error(request, sentence(str(error)), extra_tags="bad")
    else:
        messages.success(request, f"Undone. {IN_FORCE}", extra_tags="good")
    return redirect(_back(request, member))


@page(Permission.CONFIGURE, methods=("POST",))
def policy_reset(request: PageRequest, member: Member) -> HttpResponse:
    """Put the settings that are named back to their defaults."""
    require_live(member)
    try:
        after = change_settings(request, member, dict.fromkeys(request.POST.getlist("setting")))
    except PolicyInvalid as error:
        messages.error(request, sentence(str(error)), extra_tags="bad")
    except PolicyConflict:
        text = "Nothing was reset: somebody else has changed the settings meanwhile. What you see now is in force."
        messages.error(request, text, extra_tags="bad")
    else:
        say_changed(request, member, "Back to the default.", version=after.version, back=_back(request, member))
    return redirect(_back(request, member))


def _back(request: PageRequest, member: Member) -> str:
    """Return the page of this organisation that a button was pressed on."""
    back = request.POST.get("back", "")
    home = member.url("detections")
    is_ours = back.startswith(home) and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours else home
