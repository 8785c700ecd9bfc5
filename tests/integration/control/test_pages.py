import re
from collections.abc import Iterator

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from control_factories import MembershipFactory, OrganizationFactory, make_alert, make_key
from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import create_person
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.audit.models import AuditEntry
from litesoc_server.audit.reading import read_entries
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.services import Created, create_organization
from litesoc_server.web.assets import asset_path

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def created() -> Created:
    return create_organization(name="Shop", owner_email="mira@shop.example", password=PASSWORD)


@pytest.fixture
def owner(created: Created) -> Iterator[Client]:
    client = Client(headers=BROWSER)
    answer = client.post("/accounts/login/", {"login": "MIRA@shop.example", "password": PASSWORD, "next": "/admin/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    return client


def test_home_says_where_to_go_and_every_link_works() -> None:
    client = Client(headers=BROWSER)
    page = client.get("/", follow=True).content.decode()
    links = {link for link in re.findall(r'(?:href|src)="([^"]+)"', page) if link.startswith("/")}
    assert {"/docs", "/accounts/password/reset/", f"/static/{asset_path('app.css')}"} <= links
    for link in links:
        assert client.get(link, follow=True).status_code == 200, link
    assert "style=" not in page
    assert set(re.findall(r"<script[^>]*>", page)) == {f'<script type="module" src="/static/{asset_path("app.js")}">'}


def test_pages_have_a_strict_policy() -> None:
    for path in ("/", "/accounts/login/"):
        response = Client(headers=BROWSER).get(path)
        policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
        assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
        assert set(policy.values()) == {"'self'"}
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"


def test_the_documentation_needs_nothing_from_elsewhere() -> None:
    response = Client(headers=BROWSER).get("/docs")
    page = response.content.decode()
    assert "http://" not in page
    assert "https://" not in page
    assert all(link.startswith("/") for link in re.findall(r'(?:href|src)="([^"]+)"', page))
    assert '"validatorUrl": null' in page
    assert "img-src 'self' data:" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["web/docs.css", "web/icon.svg", "ninja/swagger-ui-bundle.js"])
def test_static_files_come_from_the_package(name: str) -> None:
    path = finders.find(name)
    assert isinstance(path, str)
    response = Client().get(f"/static/{name}")
    with open(path, "rb") as file:  # noqa: PTH123 # a path from Django
        assert response.content == file.read()
    again = Client().get(f"/static/{name}", headers={"If-Modified-Since": response["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().get("/static/../settings.py").status_code == 404


def test_every_file_of_a_page_is_served(owner: Client) -> None:
    for page in ("/docs", "/admin/", "/admin/orgs/organization/add/", "/admin/orgs/organization/", "/profile/"):
        files = re.findall(r'"(/static/[^"]+)"', owner.get(page).content.decode())
        assert files
        assert [name for name in files if owner.get(name).status_code != 200] == []


@pytest.mark.parametrize(
    "name",
    [
        "ninja/redoc.standalone.js",
        "ninja/redoc.standalone.js.map",
        "ninja/swagger-ui-bundle.js.map",
        "admin/js/vendor/jquery/jquery.js",
        "dashboard/manifest.json",
        "mfa/js/webauthn.js",
    ],
)
def test_what_no_page_asks_for_is_not_served(name: str) -> None:
    assert finders.find(name) is not None
    assert Client().get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("name", ["app.js", "app.css"])
def test_built_files_are_packed_and_kept_for_ever(name: str) -> None:
    response = Client().get(f"/static/{asset_path(name)}", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert "immutable" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing.css"])
def test_people_get_a_page_when_there_is_nothing(path: str) -> None:
    response = Client(headers=BROWSER).get(path)
    assert response.status_code == 404
    assert b"There is nothing at this address." in response.content
    assert response["Content-Type"].startswith("text/html")


def test_cookies_are_closed_to_scripts_and_other_sites(owner: Client) -> None:
    session = owner.cookies["litesoc_session"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_the_admin_pages_are_entered_over_the_sign_in_page_and_by_staff_alone(created: Created) -> None:
    stranger = Client(headers=BROWSER)
    answer = stranger.get("/admin/orgs/organization/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert stranger.post("/admin/login/", {"username": "mira@shop.example", "password": PASSWORD}).status_code == 405
    user = create_person(email="m@shop.example", password=PASSWORD)
    MembershipFactory(org=created.organization, user=user)
    member = Client(headers=BROWSER)
    member.force_login(user)
    assert member.get("/admin/", follow=True).status_code == 403


def test_the_owner_finds_everything_in_the_admin_pages(owner: Client, created: Created) -> None:
    org = created.organization
    key, alert = make_key(org).record, make_alert(org)
    pages = {
        "/admin/": "Alerts",
        "/admin/orgs/organization/": "Shop",
        f"/admin/orgs/organization/{org.id}/change/": "retention",
        "/admin/orgs/organization/add/": "Slug",
        "/admin/accounts/user/": "mira@shop.example",
        f"/admin/accounts/user/{created.owner.id}/change/": "mira@shop.example",
        "/admin/accounts/user/add/": "E-mail",
        "/admin/apikeys/apikey/": key.prefix,
        f"/admin/apikeys/apikey/{key.id}/change/": key.prefix,
        "/admin/alerts/alert/?status=open&severity=medium": alert.title,
        f"/admin/alerts/alert/{alert.id}/change/": alert.incident.reasons[0],
    }
    for path, text in pages.items():
        response = owner.get(path)
        assert response.status_code == 200, path
        assert text.encode() in response.content, path
        assert key.sha256.encode() not in response.content
        assert not re.search(rb"<script>|<style|\sstyle=|\son[a-z]+=", response.content), path


def test_alerts_can_only_be_read_in_the_admin_pages(owner: Client, created: Created) -> None:
    alert = make_alert(created.organization)
    path = f"/admin/alerts/alert/{alert.id}"
    assert owner.post(f"{path}/change/", {"status": "resolved"}).status_code == 403
    assert owner.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    assert owner.get("/admin/alerts/alert/add/").status_code == 403


def test_keys_are_revoked_and_never_made_in_the_admin_pages(owner: Client, created: Created) -> None:
    key = make_key(created.organization).record
    assert owner.get("/admin/apikeys/apikey/add/").status_code == 403
    assert owner.post(f"/admin/apikeys/apikey/{key.id}/change/", {"name": "other"}).status_code == 403
    owner.post("/admin/apikeys/apikey/", {"action": "revoke_selected", "_selected_action": [str(key.id)]})
    assert ApiKey.objects.get().state == "revoked"


def test_people_are_added_by_their_email(owner: Client) -> None:
    fields = {"email": "New@Shop.Example", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert owner.post("/admin/accounts/user/add/", fields).status_code == 302
    assert User.objects.filter(email="new@shop.example").exists()
    new = Client(headers=BROWSER)
    answer = new.post("/accounts/login/", {"login": "new@shop.example", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    answer = owner.post("/admin/accounts/user/add/", fields)
    assert b"already exists" in answer.content


def test_an_address_that_the_operator_changes_is_the_one_to_sign_in_with(owner: Client) -> None:
    user = create_person(email="old@shop.example", password=PASSWORD)
    fields = {"email": "New@shop.example", "name": "New", "is_active": "on"}
    assert owner.post(f"/admin/accounts/user/{user.id}/change/", fields).status_code == 302
    client = Client(headers=BROWSER)
    assert client.post("/accounts/login/", {"login": "old@shop.example", "password": PASSWORD}).status_code == 200
    assert client.post("/accounts/login/", {"login": "new@shop.example", "password": PASSWORD}).status_code == 302


def test_what_the_operator_does_to_an_account_is_in_the_audit_log(owner: Client) -> None:
    membership = MembershipFactory(user=create_person(email="old@shop.example", password=PASSWORD))
    page = f"/admin/accounts/user/{membership.user.id}/"
    fields = {"email": "new@shop.example", "name": "New", "is_staff": "on"}  # and so switched off
    assert owner.post(f"{page}change/", fields).status_code == 302
    assert owner.post(f"{page}change/", {**fields, "is_active": "on"}).status_code == 302
    passwords = {"usable_password": "true", "password1": f"{PASSWORD} 2", "password2": f"{PASSWORD} 2"}
    assert owner.post(f"{page}password/", {**passwords, "password2": "else"}).status_code == 200
    assert owner.post(f"{page}password/", passwords).status_code == 302
    assert owner.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    recorded = read_entries(membership.org.id, AuditEntry.objects.filter(org_id=membership.org.id).order_by("seq"))
    assert [(entry.action, entry.who) for entry in recorded] == [
        (action, "mira@shop.example")
        for action in (
            "auth.email_changed",
            "account.disabled",
            "account.rights_changed",
            "account.enabled",
            "auth.password_reset",
        )
    ]
    assert [one.words for one in recorded[2].changes] == ["Is staff"]


def test_members_are_only_looked_at_in_the_admin_pages(owner: Client, created: Created) -> None:
    MembershipFactory(org=created.organization, user=create_person(email="ola@shop.example", password=PASSWORD))
    page = owner.get(f"/admin/orgs/organization/{created.organization.id}/change/").content.decode()
    assert "ola@shop.example" in page
    assert 'name="memberships-0-role"' not in page


def test_what_the_operator_does_to_an_organisation_is_in_its_audit_log(owner: Client) -> None:
    page = "/admin/orgs/organization/"
    inline = {f"memberships-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    fields = {"name": "First", "slug": "first", "plan": "pro", **inline}
    assert owner.post(f"{page}add/", fields).status_code == 302
    org = Organization.objects.get(slug="first")
    for changes in ({"name": "Second"}, {"name": "Second", "slug": "second", "is_suspended": "on"}):
        assert owner.post(f"{page}{org.id}/change/", {**fields, **changes}).status_code == 302
    recorded = read_entries(org.id, AuditEntry.objects.filter(org_id=org.id).order_by("seq"))
    assert [(entry.action, entry.who, [one.field for one in entry.changes]) for entry in recorded] == [
        ("organization.created", "mira@shop.example", []),
        ("settings.updated", "mira@shop.example", ["name"]),
        ("settings.updated", "mira@shop.example", ["slug"]),
        ("organization.suspended", "mira@shop.example", []),
    ]


def test_a_plan_is_changed_in_the_admin_pages(owner: Client) -> None:
    org = OrganizationFactory()
    fields = {
        "name": org.name,
        "slug": org.slug,
        "plan": "pro",
        "retention_days_override": "14",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert owner.post(f"/admin/orgs/organization/{org.id}/change/", fields).status_code == 302
    org.refresh_from_db()
    assert (org.plan, org.retention_days_override) == ("pro", 14)
    bad = owner.post(f"/admin/orgs/organization/{org.id}/change/", {**fields, "retention_days_override": "0"})
    assert bad.status_code == 200
