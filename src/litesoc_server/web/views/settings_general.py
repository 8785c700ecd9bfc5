"""What an organisation is called, what it is known by, and who owns it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.orgs.access import owners_of
from litesoc_server.orgs.deletion import GRACE
from litesoc_server.orgs.organization_changes import NAME_LENGTH_MAX, OrganizationRefused, rename_organization
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page


@page()
def settings_general(request: PageRequest, member: Member) -> HttpResponse:
    """Show the organisation."""
    return _shown(request, member, name=member.org.name)


@page(Permission.MANAGE_ORG, methods=("POST",))
def settings_general_rename(request: PageRequest, member: Member) -> HttpResponse:
    """Give the organisation another name, or say why not."""
    name = str(request.POST.get("name", ""))
    try:
        rename_organization(member.org, name, by=by_of(request))
    except OrganizationRefused as refusal:
        return _shown(request, member, name=name, error=str(refusal))
    messages.success(request, "The name is saved.", extra_tags="good")
    return redirect(member.url("settings_general"))


def _shown(request: PageRequest, member: Member, *, name: str, error: str = "") -> HttpResponse:
    return render(
        request,
        "web/settings/general/page.html",
        {
            "name": name,
            "error": error,
            "name_length_max": NAME_LENGTH_MAX,
            "grace_days": GRACE.days,
            "owners": owners_of(member.org),
            "here": "settings_general",
        },
    )
