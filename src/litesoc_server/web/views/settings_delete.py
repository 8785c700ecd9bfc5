"""The end of an organisation: what it does, typing its name, and taking it back within the grace period."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.orgs.deletion import GRACE, cancel_deletion, schedule_deletion
from litesoc_server.orgs.member_changes import MemberRefused
from litesoc_server.orgs.organization_changes import NAME_LENGTH_MAX, OrganizationRefused
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.recent_sign_in import require_recent_sign_in
from litesoc_server.web.settings_pages.member_acts import acting_of


@page(Permission.DELETE_ORG, methods=(*READING, "POST"))
def settings_delete(request: PageRequest, member: Member) -> HttpResponse:
    """Say what deleting does; schedule it once the name is typed and the password was asked for once more."""
    require_recent_sign_in(request)
    typed, error = str(request.POST.get("name", ""))[:NAME_LENGTH_MAX], ""
    if request.method == "POST":
        try:
            schedule_deletion(member.org, typed_name=typed, acting=acting_of(request, member))
        except (OrganizationRefused, MemberRefused) as refusal:
            error = str(refusal)
        else:
            messages.warning(request, "The organisation is going to be deleted. Until then you can take that back.")
            return redirect(member.url("settings_general"))
    return render(
        request,
        "web/settings/general/delete.html",
        {"typed": typed, "error": error, "days": GRACE.days, "here": "settings_general"},
    )


@page(Permission.DELETE_ORG, methods=("POST",))
def settings_delete_cancel(request: PageRequest, member: Member) -> HttpResponse:
    """Keep the organisation."""
    try:
        cancel_deletion(member.org, acting=acting_of(request, member))
    except (OrganizationRefused, MemberRefused) as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, "The organisation stays. Its keys work again within 5 seconds.", extra_tags="good")
    return redirect(member.url("settings_general"))
