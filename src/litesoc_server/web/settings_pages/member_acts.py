"""What the pages about members have in common: who acts, and whom they may touch."""

from litesoc_server.orgs.member_changes import Acting
from litesoc_server.orgs.models import Role
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest


def acting_of(request: PageRequest, member: Member) -> Acting:
    """Return the member as who changes members."""
    return Acting.member(member.user, by_of(request))


def roles_to_give(member: Member) -> list[Role]:
    """Return the roles that the member may give, most first."""
    return [role for role in Role if role is not Role.OWNER or member.may(Permission.MANAGE_OWNERS)]


def may_touch(member: Member, role: Role) -> bool:
    """Return whether the member may change or remove others of ``role``."""
    return member.may(Permission.MANAGE_OWNERS if role is Role.OWNER else Permission.MANAGE_MEMBERS)


def sent_role(request: PageRequest) -> Role | None:
    """Return the role that a form sent, None for what is none."""
    sent = str(request.POST.get("role", ""))
    return Role(sent) if sent in Role.values else None
