"""What changes who belongs to an organisation, and as what.

Each change locks its organisation first, and looks up anew what whoever acts is in it: of two that happen at once the second
sees what the first did. An organisation always keeps an owner who can sign in.
"""

import uuid
from dataclasses import dataclass
from typing import Self

from django.db import transaction

from litesoc_server.accounts.models import User
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Invitation, Membership, Organization, Role, SavedView
from litesoc_server.orgs.roles import Permission, may


class MemberRefused(Exception):
    """Members cannot be changed like this; the text is a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who changes members."""

    by: By
    user_id: uuid.UUID | None = None  # a member: what counts is the role they have at that moment
    role: Role | None = None  # of whoever is no member

    @classmethod
    def member(cls, user: User, by: By) -> Self:
        """Return a member who acts."""
        return cls(by=by, user_id=user.pk)

    @classmethod
    def key(cls, by: By) -> Self:
        """Return an API key that may manage: it counts as an admin, so it touches no owner."""
        return cls(by=by, role=Role.ADMIN)

    @classmethod
    def operator(cls) -> Self:
        """Return whoever runs the server."""
        return cls(by=By.operator(), role=Role.OWNER)


@transaction.atomic
def change_role(org: Organization, user_id: uuid.UUID, role: Role, *, acting: Acting) -> Membership:
    """Make a member something else. Raises MemberRefused, Membership.DoesNotExist."""
    require(org, acting, Permission.MANAGE_MEMBERS)
    membership = _member(org, user_id)
    before = Role(membership.role)
    if before is role:
        return membership
    if Role.OWNER in {before, role}:
        require(org, acting, Permission.MANAGE_OWNERS)
    if before is Role.OWNER:
        _keep_an_owner(org, membership, "made something else")
    membership.role = role
    membership.save(update_fields=["role"])
    changes = {"role": (before.value, role.value)}
    record(org_id=org.pk, action=Action.MEMBER_ROLE_CHANGED, by=acting.by, target=_target(membership.user), changes=changes)
    return membership


@transaction.atomic
def remove_member(org: Organization, user_id: uuid.UUID, *, acting: Acting) -> None:
    """Take somebody out of the organisation, at once. Raises MemberRefused, Membership.DoesNotExist.

    What only they saw goes: their own saved views, and the open invitations that they sent. What they made for all stays.
    """
    require(org, acting, Permission.MANAGE_MEMBERS)
    membership = _member(org, user_id)
    if user_id == acting.user_id:
        raise MemberRefused("Nobody removes themselves: leave the organisation instead.")
    if membership.role == Role.OWNER:
        require(org, acting, Permission.MANAGE_OWNERS)
        _keep_an_owner(org, membership, "removed")
    Invitation.objects.open(org).filter(invited_by=membership.user).withdraw()
    _take_out(membership)
    record(org_id=org.pk, action=Action.MEMBER_REMOVED, by=acting.by, target=_target(membership.user))


@transaction.atomic
def leave(org: Organization, user: User, *, by: By) -> None:
    """Take oneself out of the organisation. Raises MemberRefused, Membership.DoesNotExist."""
    lock(org)
    membership = _member(org, user.pk)
    if membership.role == Role.OWNER:
        _keep_an_owner(org, membership, "gone")
    _take_out(membership)
    record(org_id=org.pk, action=Action.MEMBER_LEFT, by=by, target=_target(user))


@transaction.atomic
def transfer_ownership(org: Organization, to_user_id: uuid.UUID, *, giver: User, by: By) -> Membership:
    """Make another member an owner in place of ``giver``, who is an admin from then on.

    Raises MemberRefused, Membership.DoesNotExist.
    """
    require(org, Acting.member(giver, by), Permission.MANAGE_OWNERS)
    taker = _member(org, to_user_id)
    if taker.user_id == giver.pk:
        raise MemberRefused("You own the organisation already: choose somebody else.")
    if not taker.user.is_active:
        raise MemberRefused("This account is switched off, so it cannot own the organisation.")
    taker.role = Role.OWNER
    taker.save(update_fields=["role"])
    Membership.objects.filter(org=org, user=giver).update(role=Role.ADMIN)
    changes = {"owner": (giver.email, taker.user.email)}
    record(org_id=org.pk, action=Action.OWNERSHIP_TRANSFERRED, by=by, target=_target(taker.user), changes=changes)
    return taker


def require(org: Organization, acting: Acting, permission: Permission) -> None:
    """Return if whoever acts may, with the organisation locked until the transaction ends. Raises MemberRefused."""
    lock(org)
    role = acting.role
    if acting.user_id is not None:
        own = Membership.objects.filter(org=org, user_id=acting.user_id, user__is_active=True).first()
        if own is None:
            raise MemberRefused("You are no member of this organisation any more.")
        role = Role(own.role)
    if role is None or not may(role, permission):
        raise MemberRefused(_REFUSALS.get(permission, "Your role may not do this."))


_REFUSALS = {Permission.MANAGE_OWNERS: "Only owners make owners, and change or remove them."}


def lock(org: Organization) -> Organization:
    """Keep other changes of the organisation's members waiting until the transaction ends; return it as it is now."""
    return Organization.objects.select_for_update().get(pk=org.pk)


def _member(org: Organization, user_id: uuid.UUID) -> Membership:
    return Membership.objects.select_related("user").get(org=org, user_id=user_id)


def _keep_an_owner(org: Organization, leaving: Membership, what: str) -> None:
    others = Membership.objects.filter(org=org, role=Role.OWNER, user__is_active=True).exclude(pk=leaving.pk)
    if not others.exists():
        msg = f"The last owner cannot be {what}: make somebody else an owner first."
        raise MemberRefused(msg)


def _take_out(membership: Membership) -> None:
    SavedView.objects.filter(org_id=membership.org_id, owner=membership.user, is_shared=False).delete()
    Membership.objects.filter(pk=membership.pk).delete()


def _target(user: User) -> Target:
    return Target(kind="member", id=str(user.pk), name=user.email)
