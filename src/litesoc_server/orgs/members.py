"""Who belongs to an organisation, by what they may do there."""

from litesoc_server.accounts.models import User
from litesoc_server.orgs.models import Membership, Organization, Role
from litesoc_server.orgs.roles import Permission, may

MEMBERS_SHOWN_MAX = 500


def members_who_may(org: Organization, permission: Permission) -> list[User]:
    """Return the active members of ``org`` whose role includes ``permission``, by name; of very many the first."""
    roles = [role for role in Role if may(role, permission)]
    memberships = Membership.objects.filter(org=org, role__in=roles, user__is_active=True).select_related("user")
    return [membership.user for membership in memberships.order_by("user__name", "user__email")[:MEMBERS_SHOWN_MAX]]
