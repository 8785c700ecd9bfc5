"""Who belongs to an organisation, by what they may do there."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from litesoc_server.accounts.factors import factor_kinds
from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import last_seen_of, name_of
from litesoc_server.orgs.models import Membership, Organization, Role
from litesoc_server.orgs.roles import Permission, may

MEMBERS_SHOWN_MAX = 500
_PROTECTING = {"totp", "webauthn"}  # second factors that stand by themselves: recovery codes do not


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """One member as the list of members shows them."""

    user: User
    name: str
    role: Role
    has_second_factor: bool
    last_seen_at: datetime | None  # in any organisation, within minutes; None = never
    joined_at: datetime


def members_of(org: Organization) -> Sequence[MemberLine]:
    """Return the members, owners first, then by name; of very many the first MEMBERS_SHOWN_MAX."""
    memberships = list(Membership.objects.filter(org=org).select_related("user").order_by("user__name", "user__email"))
    order = list(Role)
    memberships.sort(key=lambda membership: order.index(Role(membership.role)))
    return _lines(memberships[:MEMBERS_SHOWN_MAX])


def one_member(org: Organization, user_id: uuid.UUID) -> MemberLine:
    """Return one member. Raises Membership.DoesNotExist."""
    return _lines([Membership.objects.select_related("user").get(org=org, user_id=user_id)])[0]


def _lines(shown: Sequence[Membership]) -> Sequence[MemberLine]:
    users = [membership.user for membership in shown]
    factors, seen = factor_kinds(users), last_seen_of(users)
    return [
        MemberLine(
            user=membership.user,
            name=name_of(membership.user),
            role=Role(membership.role),
            has_second_factor=not _PROTECTING.isdisjoint(factors[membership.user_id]),
            last_seen_at=seen.get(membership.user_id),
            joined_at=membership.created_at,
        )
        for membership in shown
    ]


def members_who_may(org: Organization, permission: Permission) -> list[User]:
    """Return the active members of ``org`` whose role includes ``permission``, by name; of very many the first."""
    roles = [role for role in Role if may(role, permission)]
    memberships = Membership.objects.filter(org=org, role__in=roles, user__is_active=True).select_related("user")
    return [membership.user for membership in memberships.order_by("user__name", "user__email")[:MEMBERS_SHOWN_MAX]]
