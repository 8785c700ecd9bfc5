"""Who may change whom: every role against every other, and two changes at once."""

import uuid
from contextlib import nullcontext, suppress
from itertools import product

import pytest
from django.db.models import QuerySet

from control_factories import MembershipFactory, OrganizationFactory
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.orgs.member_changes import (
    Acting,
    MemberRefused,
    change_role,
    leave,
    remove_member,
    transfer_ownership,
)
from litesoc_server.orgs.models import ListedPage, Membership, Organization, Role, SavedView
from litesoc_server.orgs.saved_views import save_view
from races import race

pytestmark = pytest.mark.django_db

MANAGERS = {Role.OWNER, Role.ADMIN}


def by(membership: Membership) -> By:
    return By(principal=f"user:{membership.user_id}", name=membership.user.email)


def acting(membership: Membership) -> Acting:
    return Acting.member(membership.user, by(membership))


def roles_in(org: Organization) -> dict[uuid.UUID, str]:
    return dict(Membership.objects.filter(org=org).values_list("user_id", "role"))


def entries(org: Organization) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(org_id=org.pk)


def may_change(actor: Role, target: Role, to: Role) -> bool:
    """Say the rule in other words than the code does."""
    return actor is Role.OWNER or (actor is Role.ADMIN and Role.OWNER not in {target, to})


@pytest.mark.parametrize(("actor_role", "target_role", "to"), list(product(Role, Role, Role)))
def test_who_gives_which_role_to_whom(actor_role: Role, target_role: Role, to: Role) -> None:
    org = OrganizationFactory()
    MembershipFactory(org=org, role=Role.OWNER)
    actor, target = MembershipFactory(org=org, role=actor_role), MembershipFactory(org=org, role=target_role)
    before = roles_in(org)
    try:
        change_role(org, target.user_id, to, acting=acting(actor))
    except MemberRefused:
        assert not may_change(actor_role, target_role, to)
        assert roles_in(org) == before
        assert not entries(org).exists()
    else:
        is_nothing = target_role is to and actor_role in MANAGERS
        assert is_nothing or may_change(actor_role, target_role, to)
        assert roles_in(org) == {**before, target.user_id: to}
        assert entries(org).count() == (0 if is_nothing else 1)


@pytest.mark.parametrize(("actor_role", "target_role"), list(product(Role, Role)))
def test_who_removes_whom(actor_role: Role, target_role: Role) -> None:
    org = OrganizationFactory()
    MembershipFactory(org=org, role=Role.OWNER)
    actor, target = MembershipFactory(org=org, role=actor_role), MembershipFactory(org=org, role=target_role)
    is_allowed = may_change(actor_role, target_role, Role.VIEWER)
    with nullcontext() if is_allowed else pytest.raises(MemberRefused):
        remove_member(org, target.user_id, acting=acting(actor))
    assert (target.user_id in roles_in(org)) is not is_allowed
    assert entries(org).filter(action="member.removed").count() == is_allowed


@pytest.mark.parametrize(("actor_role", "target_role"), list(product(Role, Role)))
def test_who_hands_the_organisation_over(actor_role: Role, target_role: Role) -> None:
    org = OrganizationFactory()
    MembershipFactory(org=org, role=Role.OWNER)
    actor, target = MembershipFactory(org=org, role=actor_role), MembershipFactory(org=org, role=target_role)
    if actor_role is not Role.OWNER:
        with pytest.raises(MemberRefused):
            transfer_ownership(org, target.user_id, giver=actor.user, by=by(actor))
        return
    transfer_ownership(org, target.user_id, giver=actor.user, by=by(actor))
    assert roles_in(org)[target.user_id] == Role.OWNER
    assert roles_in(org)[actor.user_id] == Role.ADMIN


def test_the_last_owner_stays() -> None:
    org = OrganizationFactory()
    owner = MembershipFactory(org=org, role=Role.OWNER)
    switched_off = MembershipFactory(org=org, role=Role.OWNER)
    switched_off.user.is_active = False
    switched_off.user.save()
    for act in (
        lambda: change_role(org, owner.user_id, Role.ADMIN, acting=acting(owner)),
        lambda: change_role(org, owner.user_id, Role.ADMIN, acting=Acting.operator()),
        lambda: remove_member(org, owner.user_id, acting=Acting.operator()),
        lambda: leave(org, owner.user, by=by(owner)),
    ):
        with pytest.raises(MemberRefused, match="last owner"):
            act()
    with pytest.raises(MemberRefused, match="switched off"):
        transfer_ownership(org, switched_off.user_id, giver=owner.user, by=by(owner))


def test_a_key_that_manages_touches_no_owner() -> None:
    org = OrganizationFactory()
    owner, other = MembershipFactory(org=org, role=Role.OWNER), MembershipFactory(org=org)
    MembershipFactory(org=org, role=Role.OWNER)
    key = Acting.key(By(principal="key:1", name="deploy"))
    with pytest.raises(MemberRefused, match="Only owners"):
        remove_member(org, owner.user_id, acting=key)
    with pytest.raises(MemberRefused, match="Only owners"):
        change_role(org, other.user_id, Role.OWNER, acting=key)
    change_role(org, other.user_id, Role.ADMIN, acting=key)
    remove_member(org, other.user_id, acting=key)
    assert other.user_id not in roles_in(org)


def test_nobody_reaches_into_another_organisation() -> None:
    org, other = OrganizationFactory(), OrganizationFactory()
    owner, stranger = MembershipFactory(org=org, role=Role.OWNER), MembershipFactory(org=other, role=Role.OWNER)
    with pytest.raises(Membership.DoesNotExist):
        remove_member(org, stranger.user_id, acting=acting(owner))
    with pytest.raises(MemberRefused, match="no member"):
        remove_member(org, owner.user_id, acting=acting(stranger))


def test_private_views_go_with_their_owner_and_shared_ones_stay() -> None:
    org = OrganizationFactory()
    owner, leaver = MembershipFactory(org=org, role=Role.OWNER), MembershipFactory(org=org)
    for name, is_shared in (("mine", False), ("ours", True)):
        save_view(org, leaver.user, Role.ANALYST, page=ListedPage.EVENTS, name=name, parameters="q=a", is_shared=is_shared)
    remove_member(org, leaver.user_id, acting=acting(owner))
    assert [view.name for view in SavedView.objects.filter(org=org)] == ["ours"]


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_once_leave_one() -> None:
    org = OrganizationFactory()
    one, two = MembershipFactory(org=org, role=Role.OWNER), MembershipFactory(org=org, role=Role.OWNER)

    def demote(actor: Membership, target: Membership) -> None:
        with suppress(MemberRefused):
            change_role(org, target.user_id, Role.ADMIN, acting=acting(actor))

    race([lambda: demote(one, two), lambda: demote(two, one)])
    assert sorted(roles_in(org).values()) == [Role.ADMIN, Role.OWNER]
    assert entries(org).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one() -> None:
    org = OrganizationFactory()
    owners = [MembershipFactory(org=org, role=Role.OWNER) for _ in range(2)]

    def go(owner: Membership) -> None:
        with suppress(MemberRefused):
            leave(org, owner.user, by=by(owner))

    race([lambda owner=owner: go(owner) for owner in owners])  # type: ignore[misc] # bound at once
    assert list(roles_in(org).values()) == [Role.OWNER]
