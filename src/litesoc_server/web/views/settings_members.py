"""Who belongs to an organisation, who is invited, and what each role may do."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.accounts.selectors import name_of
from litesoc_server.orgs.invitation_links import send_link
from litesoc_server.orgs.invitations import (
    LASTS,
    Issued,
    get_open_invitation,
    invite,
    open_invitations,
    renew_invitation,
    withdraw_invitation,
)
from litesoc_server.orgs.member_changes import MemberRefused
from litesoc_server.orgs.members import MEMBERS_SHOWN_MAX, members_of
from litesoc_server.orgs.models import Invitation, Role
from litesoc_server.orgs.roles import Permission
from litesoc_server.server_address import server_address
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.settings_pages.member_acts import acting_of, may_touch, roles_to_give, sent_role
from litesoc_server.web.settings_pages.role_matrix import role_matrix

EMAIL_LENGTH_MAX = 254  # characters, RFC 5321


@page()
def settings_members(request: PageRequest, member: Member) -> HttpResponse:
    """Show the members; to whoever manages them also the invitations."""
    return _shown(request, member)


@page(Permission.MANAGE_MEMBERS, methods=("POST",))
def settings_invite(request: PageRequest, member: Member) -> HttpResponse:
    """Invite somebody, or say beside the form why not."""
    email, role = str(request.POST.get("email", ""))[:EMAIL_LENGTH_MAX], sent_role(request)
    if role is None:
        return _shown(request, member, email=email, error="Choose a role.")
    try:
        issued = invite(member.org, email, role, acting=acting_of(request, member))
    except MemberRefused as refusal:
        return _shown(request, member, email=email, role=role, error=str(refusal))
    return _sent(request, member, issued)


@page(Permission.MANAGE_MEMBERS, methods=("POST",))
def settings_invitation_resend(request: PageRequest, member: Member, invitation_id: UUID) -> HttpResponse:
    """Give an invitation a new link."""
    try:
        issued = renew_invitation(_invitation(member, invitation_id), acting=acting_of(request, member))
    except MemberRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect(member.url("settings_members"))
    return _sent(request, member, issued)


@page(Permission.MANAGE_MEMBERS, methods=("POST",))
def settings_invitation_withdraw(request: PageRequest, member: Member, invitation_id: UUID) -> HttpResponse:
    """Make the link of an invitation useless."""
    invitation = _invitation(member, invitation_id)
    try:
        withdraw_invitation(invitation, acting=acting_of(request, member))
    except MemberRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.", extra_tags="good")
    return redirect(member.url("settings_members"))


def _sent(request: PageRequest, member: Member, issued: Issued) -> HttpResponse:
    """Send the link; where there is no mail server, show it in this answer and nowhere else."""
    link = send_link(issued, inviter=name_of(member.user), base_url=server_address(request))
    if link is not None:
        return _shown(request, member, link=link, invited=issued.invitation)
    messages.success(request, f"The invitation is on its way to {issued.invitation.email}.", extra_tags="good")
    return redirect(member.url("settings_members"))


def _invitation(member: Member, invitation_id: UUID) -> Invitation:
    try:
        return get_open_invitation(member.org, invitation_id)
    except Invitation.DoesNotExist as error:
        raise Http404 from error


def _shown(
    request: PageRequest,
    member: Member,
    *,
    email: str = "",
    role: Role = Role.ANALYST,
    error: str = "",
    link: str = "",
    invited: Invitation | None = None,
) -> HttpResponse:
    manages = member.may(Permission.MANAGE_MEMBERS)
    lines = members_of(member.org)
    return render(
        request,
        "web/settings/members/page.html",
        {
            "lines": [(line, manages and line.user != member.user and may_touch(member, line.role)) for line in lines],
            "is_cut": len(lines) == MEMBERS_SHOWN_MAX,
            "manages": manages,
            "invitations": open_invitations(member.org) if manages else [],
            "roles": roles_to_give(member),
            "days": LASTS.days,
            "email": email,
            "role": role,
            "error": error,
            "link": link,
            "invited": invited,
            "matrix": role_matrix(),
            "all_roles": list(Role),
            "here": "settings_members",
        },
    )
