"""One member: their role, their removal, and handing the organisation over to them."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.accounts.selectors import name_of
from litesoc_server.orgs.access import member_for_change
from litesoc_server.orgs.member_changes import MemberRefused, change_role, remove_member, transfer_ownership
from litesoc_server.orgs.models import Membership, Role
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.recent_sign_in import require_recent_sign_in
from litesoc_server.web.settings_pages.member_acts import acting_of, may_touch, roles_to_give, sent_role


@page(Permission.MANAGE_MEMBERS)
def settings_member(request: PageRequest, member: Member, user_id: UUID) -> HttpResponse:
    """Show what can be done to a member."""
    return _shown(request, member, _found(member, user_id))


@page(Permission.MANAGE_MEMBERS, methods=("POST",))
def settings_member_role(request: PageRequest, member: Member, user_id: UUID) -> HttpResponse:
    """Give a member another role."""
    found, role = _found(member, user_id), sent_role(request)
    if role is None:
        return _shown(request, member, found, error="Choose a role.")
    text = f"{name_of(found.user)} is {_with_article(role)} now."
    return _done(
        request, member, found, text, lambda: change_role(member.org, user_id, role, acting=acting_of(request, member))
    )


@page(Permission.MANAGE_MEMBERS, methods=("POST",))
def settings_member_remove(request: PageRequest, member: Member, user_id: UUID) -> HttpResponse:
    """Take a member out of the organisation."""
    found = _found(member, user_id)
    text = f"{name_of(found.user)} is no member any more."
    return _done(request, member, found, text, lambda: remove_member(member.org, user_id, acting=acting_of(request, member)))


@page(Permission.MANAGE_OWNERS, methods=("POST",))
def settings_member_transfer(request: PageRequest, member: Member, user_id: UUID) -> HttpResponse:
    """Hand the organisation over, after the password was asked for once more."""
    found = _found(member, user_id)
    require_recent_sign_in(request)
    text = f"{name_of(found.user)} owns the organisation now. You are an admin."
    by = by_of(request)
    return _done(request, member, found, text, lambda: transfer_ownership(member.org, user_id, giver=member.user, by=by))


def _done(request: PageRequest, member: Member, found: Membership, text: str, change: Callable[[], object]) -> HttpResponse:
    try:
        change()
    except MemberRefused as refusal:
        return _shown(request, member, found, error=str(refusal))
    except Membership.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, text, extra_tags="good")
    return redirect(member.url("settings_members"))


def _found(member: Member, user_id: UUID) -> Membership:
    try:
        return member_for_change(member.org, user_id)
    except Membership.DoesNotExist as error:
        raise Http404 from error


def _with_article(role: Role) -> str:
    return f"a {role.label.lower()}" if role is Role.VIEWER else f"an {role.label.lower()}"


def _shown(request: PageRequest, member: Member, found: Membership, *, error: str = "") -> HttpResponse:
    return render(
        request,
        "web/settings/members/member.html",
        {
            "found": found,
            "name": name_of(found.user),
            "may_touch": may_touch(member, Role(found.role)) and found.user != member.user,
            "may_hand_over": member.may(Permission.MANAGE_OWNERS) and found.user != member.user,
            "roles": roles_to_give(member),
            "error": error,
            "here": "settings_members",
        },
    )
