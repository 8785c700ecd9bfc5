"""Invitations: their life, and what their link does for whom."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from control_factories import MembershipFactory, OrganizationFactory, UserFactory
from litesoc_server.accounts.models import User
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.orgs import invitations
from litesoc_server.orgs.invitations import (
    InvitationRefused,
    Issued,
    accept_invitation,
    accept_with_new_account,
    invite,
    renew_invitation,
    withdraw_invitation,
)
from litesoc_server.orgs.member_changes import Acting, MemberRefused, remove_member
from litesoc_server.orgs.models import Invitation, Membership, Organization, Role
from management_api import Tenant
from people import PASSWORD, browser, make_person, sign_in, visible_text
from races import race

pytestmark = pytest.mark.django_db

EMAIL = "new@shop.example"
NOBODY_YET = By(principal="anonymous", name=None)


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    tenant.org.name = "Shop Example"
    tenant.org.save()
    return tenant.org


@pytest.fixture
def admin(org: Organization) -> Acting:
    return acting(MembershipFactory(org=org, role=Role.ADMIN))


def acting(membership: Membership) -> Acting:
    return Acting.member(membership.user, By(principal=f"user:{membership.user_id}", name=membership.user.email))


def issue(org: Organization, email: str = EMAIL, role: Role = Role.ANALYST) -> Issued:
    return invite(org, email, role, acting=Acting.operator())


def link_of(issued: Issued) -> str:
    return f"/invitations/{issued.token}/"


def age(invitation: Invitation, by: timedelta) -> None:
    for name in ("sent_at", "expires_at"):
        setattr(invitation, name, getattr(invitation, name) - by)
    invitation.save()


def test_the_token_is_kept_as_a_hash_only(org: Organization) -> None:
    issued = issue(org)
    assert len(issued.token) >= 43  # 256 bits in base64
    assert issued.token not in str(Invitation.objects.values())
    assert issued.token not in repr(issued)
    assert issued.token not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("role", "gives", "is_allowed"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.OWNER, False),
        (Role.ANALYST, Role.VIEWER, False),
        (Role.VIEWER, Role.VIEWER, False),
    ],
)
def test_who_invites_as_what(org: Organization, role: Role, gives: Role, is_allowed: bool) -> None:
    actor = acting(MembershipFactory(org=org, role=role))
    with nullcontext() if is_allowed else pytest.raises(MemberRefused):
        invite(org, EMAIL, gives, acting=actor)
    assert Invitation.objects.count() == is_allowed


def test_what_cannot_be_invited(org: Organization, admin: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    member = MembershipFactory(org=org).user
    issue(org, "open@shop.example")
    for email, text in (
        ("no address", "no e-mail address"),
        (member.email.upper(), "is a member already"),
        (" Open@Shop.Example", "invited already"),
    ):
        with pytest.raises(MemberRefused, match=text):
            invite(org, email, Role.VIEWER, acting=admin)
    monkeypatch.setattr(invitations, "OPEN_MAX", 1)
    with pytest.raises(MemberRefused, match="1 invitations are open"):
        invite(org, EMAIL, Role.VIEWER, acting=admin)


def test_an_expired_one_makes_place_for_a_new_one(org: Organization) -> None:
    old = issue(org)
    age(old.invitation, timedelta(days=8))
    new = issue(org)
    assert Invitation.objects.open(org).get() == new.invitation


def test_sent_again_it_has_a_new_link_and_another_week(org: Organization, admin: Acting) -> None:
    first = issue(org)
    with pytest.raises(MemberRefused, match="a moment ago"):
        renew_invitation(first.invitation, acting=admin)
    age(first.invitation, timedelta(days=8))
    second = renew_invitation(first.invitation, acting=admin)
    assert second.invitation.expires_at > timezone.now() + timedelta(days=6)
    with pytest.raises(InvitationRefused):
        accept_invitation(first.token, make_person(EMAIL), by=NOBODY_YET)
    accept_invitation(second.token, User.objects.get(email=EMAIL), by=NOBODY_YET)


def test_a_removed_members_open_invitations_are_withdrawn(org: Organization) -> None:
    sender = MembershipFactory(org=org, role=Role.ADMIN)
    issued = invite(org, EMAIL, Role.ADMIN, acting=acting(sender))
    remove_member(org, sender.user_id, acting=Acting.operator())
    issued.invitation.refresh_from_db()
    assert issued.invitation.state == "withdrawn"


def test_somebody_new_gets_an_account_with_a_confirmed_address(org: Organization) -> None:
    client, issued = browser(), issue(org)
    assert "Join Shop Example" in visible_text(client.get(link_of(issued)))
    form = {"name": "Nia New", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post(link_of(issued), form)
    assert answer["Location"] == f"/o/{org.slug}/live/"
    assert client.get(answer["Location"]).status_code == 200  # signed in
    user = User.objects.get(email=EMAIL)
    assert (user.name, Membership.objects.get(user=user).role) == ("Nia New", Role.ANALYST)
    assert sign_in(browser(), email=EMAIL).status_code == 302
    assert "was accepted" in visible_text(browser().get(link_of(issued)))


@pytest.mark.parametrize(
    ("passwords", "text"),
    [(("short", "short"), "too short"), ((PASSWORD, "another"), "differ"), (("", ""), "required")],
)
def test_a_bad_password_makes_no_account(org: Organization, passwords: tuple[str, str], text: str) -> None:
    issued = issue(org)
    form = dict(zip(("password1", "password2"), passwords, strict=True))
    assert text in visible_text(browser().post(link_of(issued), form))
    assert not User.objects.filter(email=EMAIL).exists()
    assert Invitation.objects.open(org).exists()


def test_somebody_with_an_account_signs_in_and_is_asked(org: Organization) -> None:
    make_person(EMAIL)
    client, issued = browser(), issue(org)
    page = client.get(link_of(issued))
    assert "/accounts/login/?next=" in page.content.decode()
    answer = sign_in(client, email=EMAIL, next=link_of(issued))
    assert answer["Location"] == link_of(issued)
    assert "Join" in visible_text(client.get(link_of(issued)))
    client.post(link_of(issued))
    assert Membership.objects.get(org=org).user.email == EMAIL


def test_somebody_else_is_told_so(org: Organization) -> None:
    other = make_person("other@shop.example")
    client, issued = browser(), issue(org)
    sign_in(client, email=other.email)
    for answer in (client.get(link_of(issued)), client.post(link_of(issued))):
        assert "This invitation is for somebody else" in visible_text(answer)
    assert not Membership.objects.filter(org=org).exists()


@pytest.mark.parametrize(
    ("become", "text"),
    [
        ("expired", "has expired"),
        ("withdrawn", "was withdrawn"),
        ("deleted", "about to be deleted"),
        ("unknown", "does not work"),
    ],
)
def test_a_useless_link_says_why(org: Organization, admin: Acting, become: str, text: str) -> None:
    issued = issue(org)
    path = link_of(issued)
    if become == "expired":
        age(issued.invitation, timedelta(days=8))
    elif become == "withdrawn":
        withdraw_invitation(issued.invitation, acting=admin)
    elif become == "deleted":
        Organization.objects.update(deletion_asked_at=timezone.now())
    else:
        path = "/invitations/nothing/"
    for answer in (browser().get(path), browser().post(path, {"password1": PASSWORD, "password2": PASSWORD})):
        assert (answer.status_code, text in visible_text(answer)) == (410, True)
    assert not User.objects.filter(email=EMAIL).exists()


def test_no_account_is_needed_to_be_invited_and_the_answer_does_not_tell(org: Organization) -> None:
    owner = MembershipFactory(org=org, role=Role.OWNER)
    client = browser()
    client.force_login(owner.user)
    UserFactory(email="known@shop.example")
    texts = []
    for email in ("known@shop.example", "nobody@shop.example"):
        answer = client.post(f"/o/{org.slug}/live/settings/members/invitations", {"email": email, "role": "viewer"})
        text = visible_text(answer)
        link = text.partition("/invitations/")[2].split("/")[0]
        texts.append(text.replace(link, "…").partition("Invite somebody")[0].replace(email, "…"))
    assert texts[0] == texts[1]
    assert "shown only this once" in texts[0]


def test_with_a_mail_server_the_link_goes_by_mail_only(
    org: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IS_MAIL_POSSIBLE, settings.PUBLIC_URL = True, "https://soc.shop.example"
    jobs: list[Any] = []
    monkeypatch.setattr("litesoc_server.orgs.invitation_links.outbox.put", jobs.append)
    client = browser()
    client.force_login(MembershipFactory(org=org, role=Role.OWNER, user__name="Olga Owner").user)
    answer = client.post(f"/o/{org.slug}/live/settings/members/invitations", {"email": EMAIL, "role": "admin"}, follow=True)
    assert "on its way to new@shop.example" in visible_text(answer)
    assert "/invitations/" not in answer.content.decode().replace("members/invitations", "")
    jobs.pop()()
    sent = mail.outbox[0]
    assert (sent.to, sent.subject) == ([EMAIL], "Invitation to Shop Example on LiteSOC")
    assert "Olga Owner invites you to Shop Example on LiteSOC, as admin." in sent.body
    link = next(line for line in str(sent.body).splitlines() if line.startswith("https://soc.shop.example/invitations/"))
    assert browser().get(link.removeprefix("https://soc.shop.example")).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_account", [True, False])
def test_accepted_twice_at_once_it_is_accepted_once(has_account: bool) -> None:
    org = OrganizationFactory()
    issued, refused = issue(org), []
    user = make_person(EMAIL) if has_account else None

    def accept() -> None:
        try:
            if user is not None:
                accept_invitation(issued.token, user, by=NOBODY_YET)
            else:
                accept_with_new_account(issued.token, name="", password=PASSWORD, address=None, user_agent=None)
        except InvitationRefused as refusal:
            refused.append(refusal)

    race([accept, accept])
    assert len(refused) == 1
    assert Membership.objects.filter(org=org).count() == User.objects.count() == 1
    assert AuditEntry.objects.filter(org_id=org.pk, action="member.joined").count() == 1
