"""The pages about members: what each role sees and can press."""

from typing import Any

import pytest
from django.test import Client

from control_factories import MembershipFactory, make_alert
from litesoc_server.accounts.models import User
from litesoc_server.alerts.assignment import assign
from litesoc_server.orgs.models import Invitation, Membership, Organization, Role
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.roles import Permission
from management_api import Tenant
from page_reader import PageReader
from people import browser, confirm_it_is_you, make_person, set_up_totp, sign_in, visible_text

pytestmark = pytest.mark.django_db

MEMBERS = "settings/members/"


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def signed_in_as(org: Organization, role: Role, email: str = "olga@shop.example") -> Client:
    """Return the browser of a new member who typed their password."""
    user = make_person(email)
    MembershipFactory(org=org, user=user, role=role)
    client = browser()
    sign_in(client, email=email)
    return client


def post(client: Client, org: Organization, path: str, **fields: str) -> Any:
    return client.post(f"/o/{org.slug}/live/{MEMBERS}{path}", fields)


def colleague(org: Organization, role: Role = Role.ANALYST) -> User:
    user: User = MembershipFactory(org=org, role=role, user__name="Cleo Colleague", user__email="cleo@shop.example").user
    return user


def role_of(user: User, org: Organization) -> str | None:
    return Membership.objects.filter(org=org, user=user).values_list("role", flat=True).first()


def test_everybody_sees_who_is_there_and_managers_see_more(org: Organization) -> None:
    colleague(org)
    managers, others = PageReader(org, Role.ADMIN), PageReader(org)
    for reader in (managers, others):
        assert "Cleo Colleague" in reader.text(MEMBERS)
        assert "What each role may do" in reader.text(MEMBERS)
    for only_managers in ("Second factor", "Last seen", "Invite somebody"):
        assert only_managers in managers.text(MEMBERS)
        assert only_managers not in others.text(MEMBERS)


def test_the_list_says_who_has_a_second_factor_and_when_they_were_seen(org: Organization) -> None:
    client = signed_in_as(org, Role.OWNER)
    page = visible_text(client.get(f"/o/{org.slug}/live/{MEMBERS}"))
    assert "Owner Second factor Off" in page
    set_up_totp(client)
    cleo = colleague(org)
    page = visible_text(client.get(f"/o/{org.slug}/live/{MEMBERS}"))
    assert "Owner Second factor On" in page
    assert f"{cleo.email} Analyst Second factor Off Last seen Never" in page


def test_an_admin_changes_a_role_and_removes(org: Organization) -> None:
    cleo, client = colleague(org), signed_in_as(org, Role.ADMIN)
    assert post(client, org, f"{cleo.pk}/role", role="viewer").status_code == 302
    assert role_of(cleo, org) == "viewer"
    assert "Choose a role." in visible_text(post(client, org, f"{cleo.pk}/role", role="emperor"))
    assert post(client, org, f"{cleo.pk}/remove").status_code == 302
    assert role_of(cleo, org) is None
    assert post(client, org, f"{cleo.pk}/remove").status_code == 404


def test_an_admin_is_offered_nothing_about_owners(org: Organization) -> None:
    owner, client = colleague(org, Role.OWNER), signed_in_as(org, Role.ADMIN)
    page = client.get(f"/o/{org.slug}/live/{MEMBERS}{owner.pk}/")
    assert "Only owners change and remove owners." in visible_text(page)
    assert "<option" not in page.content.decode()
    assert "Only owners make owners" in visible_text(post(client, org, f"{owner.pk}/role", role="viewer"))
    assert "Only owners make owners" in visible_text(post(client, org, "invitations", email="a@b.example", role="owner"))
    assert role_of(owner, org) == "owner"


def test_handing_over_asks_for_the_password_first(org: Organization) -> None:
    cleo, client = colleague(org), signed_in_as(org, Role.OWNER)
    answer = post(client, org, f"{cleo.pk}/transfer")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert role_of(cleo, org) == "analyst"
    confirm_it_is_you(client)
    assert post(client, org, f"{cleo.pk}/transfer").status_code == 302
    assert role_of(cleo, org) == "owner"
    assert role_of(User.objects.get(email="olga@shop.example"), org) == "admin"


def test_leaving_asks_first_and_the_last_owner_stays(org: Organization) -> None:
    client = signed_in_as(org, Role.OWNER)
    assert post(client, org, "leave").status_code == 200  # asks
    assert "last owner" in visible_text(post(client, org, "leave", confirm="leave"))
    colleague(org, Role.OWNER)
    assert post(client, org, "leave", confirm="leave")["Location"] == "/"
    assert client.get(f"/o/{org.slug}/live/").status_code == 404


def test_an_invitation_is_withdrawn(org: Organization) -> None:
    client = signed_in_as(org, Role.ADMIN)
    assert "shown only this once" in visible_text(post(client, org, "invitations", email="a@b.example", role="viewer"))
    invitation = Invitation.objects.get()
    page = visible_text(client.get(f"/o/{org.slug}/live/{MEMBERS}"))
    assert "a@b.example Viewer By olga@shop.example" in page
    assert "/invitations/" not in page
    post(client, org, f"invitations/{invitation.id}/withdraw")
    invitation.refresh_from_db()
    assert invitation.state == "withdrawn"
    assert post(client, org, f"invitations/{invitation.id}/resend").status_code == 404


def test_invitations_of_others_are_not_found(org: Organization) -> None:
    client = signed_in_as(org, Role.OWNER)
    other = MembershipFactory(role=Role.OWNER)
    invitation = Invitation.objects.create(
        org=other.org, email="x@y.example", role="viewer", token_sha256="0" * 64, expires_at=other.created_at
    )
    for act in ("resend", "withdraw"):
        assert post(client, org, f"invitations/{invitation.id}/{act}").status_code == 404
    for act in ("remove", "role", "transfer"):
        assert post(client, org, f"{other.user_id}/{act}", role="viewer").status_code == 404


def test_alerts_keep_the_name_of_who_left(org: Organization) -> None:
    cleo, alert = colleague(org), make_alert(org)
    assign(alert, cleo, who=Who(by="Olga", principal="user:1"))
    reader = PageReader(org, Role.ANALYST)
    for path in ("alerts/?range=90d", f"alerts/{alert.id}/"):
        assert "Cleo Colleague" in reader.text(path)
        assert "former member" not in reader.text(path)
    Membership.objects.filter(user=cleo).delete()
    for path in ("alerts/?range=90d", f"alerts/{alert.id}/"):
        assert "Cleo Colleague" in reader.text(path)
        assert "former member" in reader.text(path)


def test_every_permission_stands_in_the_matrix(org: Organization) -> None:
    html = PageReader(org).text(MEMBERS)
    assert all(one.words in html for one in Permission)
