"""`/organization` and `/members`: what they answer and refuse. Who may call them is in test_api_access.py."""

from typing import Any

import pytest

from control_factories import MembershipFactory
from litesoc_server.accounts.models import User
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Invitation, Membership, Role
from management_api import Tenant
from people import browser

pytestmark = pytest.mark.django_db


def send(tenant: Tenant, method: str, path: str, body: object = None) -> Any:
    answer = tenant.call(method, path, body)
    return answer.status_code, answer.json()


def member(tenant: Tenant, role: Role, email: str) -> User:
    user: User = MembershipFactory(org=tenant.org, role=role, user__email=email).user
    return user


def test_the_organisation_is_read_and_renamed(tenant: Tenant) -> None:
    assert tenant.get("/organization")["data"]["id"] == str(tenant.org.pk)
    status, body = send(tenant, "PATCH", "/organization", {"name": " New  name "})
    assert (status, body["data"]["name"]) == (200, "New name")
    entry = AuditEntry.objects.get(org_id=tenant.org.pk)
    assert (entry.action, entry.principal) == ("settings.updated", f"key:{tenant.key_id}")
    for wrong in ({}, {"name": " "}, {"name": "x" * 151}, {"name": "a", "slug": "b"}):
        assert send(tenant, "PATCH", "/organization", wrong)[0] == 400


def test_members_are_listed_owners_first_and_by_page(tenant: Tenant) -> None:
    member(tenant, Role.VIEWER, "a@shop.example")
    member(tenant, Role.OWNER, "z@shop.example")
    body = tenant.get("/members")
    assert [(one["email"], one["role"]) for one in body["data"]] == [
        ("z@shop.example", "owner"),
        ("a@shop.example", "viewer"),
    ]
    assert body["data"][0] | {"id": "", "joined_at": ""} == {
        "id": "",
        "email": "z@shop.example",
        "name": "z@shop.example",
        "role": "owner",
        "has_second_factor": False,
        "last_seen_at": None,
        "joined_at": "",
    }
    second = tenant.get("/members", limit=1, offset=1)
    assert (second["data"][0]["email"], second["pagination"]["has_more"]) == ("a@shop.example", False)


def test_a_key_changes_and_removes_members_but_no_owners(tenant: Tenant) -> None:
    owner, other = member(tenant, Role.OWNER, "o@shop.example"), member(tenant, Role.VIEWER, "v@shop.example")
    status, body = send(tenant, "PATCH", f"/members/{other.pk}", {"role": "admin"})
    assert (status, body["data"]["role"]) == (200, "admin")
    for method, path, sent in (
        ("PATCH", f"/members/{other.pk}", {"role": "owner"}),
        ("PATCH", f"/members/{owner.pk}", {"role": "viewer"}),
        ("DELETE", f"/members/{owner.pk}", None),
    ):
        status, body = send(tenant, method, path, sent)
        assert (status, body["code"]) == (400, "VALIDATION_FAILED")
        assert "Only owners" in body["message"]
    assert send(tenant, "DELETE", f"/members/{other.pk}")[0] == 200
    assert send(tenant, "DELETE", f"/members/{other.pk}")[0] == 404
    assert send(tenant, "DELETE", "/members/nobody")[0] == 404
    assert list(Membership.objects.filter(org=tenant.org).values_list("user__email", flat=True)) == ["o@shop.example"]


def test_an_invitation_by_a_key_is_accepted_and_shows_its_link_once(tenant: Tenant) -> None:
    status, body = send(tenant, "POST", "/members/invitations", {"email": "New@shop.example", "role": "analyst"})
    assert (status, body["data"]["email"], body["data"]["state"]) == (200, "new@shop.example", "open")
    link = body["data"]["link"]
    assert "Join" in browser().get(link.removeprefix("http://testserver")).content.decode()
    (listed,) = tenant.get("/members/invitations")["data"]
    assert listed["link"] is None
    status, body = send(tenant, "POST", "/members/invitations", {"email": "new@shop.example", "role": "analyst"})
    assert (status, "invited already" in body["message"]) == (400, True)
    status, body = send(tenant, "POST", f"/members/invitations/{listed['id']}/resend")
    assert (status, "wait a minute" in body["message"]) == (400, True)
    assert send(tenant, "DELETE", f"/members/invitations/{listed['id']}")[0] == 200
    assert send(tenant, "DELETE", f"/members/invitations/{listed['id']}")[0] == 404
    assert tenant.get("/members/invitations")["data"] == []


def test_a_test_key_changes_nothing(tenant: Tenant) -> None:
    key = Tenant(tenant.org, {"environment": Environment.TEST})
    status, body = send(key, "POST", "/members/invitations", {"email": "new@shop.example", "role": "viewer"})
    assert (status, body["code"]) == (403, "FORBIDDEN")
    assert not Invitation.objects.exists()
