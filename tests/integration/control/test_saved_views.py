"""Saved views: whose they are, who sees and changes them, and how one comes back."""

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from control_factories import MembershipFactory, OrganizationFactory
from litesoc_server.orgs import saved_views
from litesoc_server.orgs.models import ListedPage, Membership, Organization, Role, SavedView
from litesoc_server.web.saved_views import search_in
from management_api import Tenant

pytestmark = pytest.mark.django_db


class Somebody:
    """A member's browser."""

    def __init__(self, org: Organization, role: Role = Role.ANALYST) -> None:
        membership = MembershipFactory(org=org, role=role)
        assert isinstance(membership, Membership)
        self.org, self.user = org, membership.user
        self.client = Client(headers={"Accept": "text/html"})
        self.client.force_login(self.user)

    def post(self, address: str, **fields: str) -> HttpResponse:
        answer: HttpResponse = self.client.post(f"/o/{self.org.slug}/live/{address}", fields)  # type: ignore[assignment]
        return answer

    def save(self, name: str, parameters: str = "q=vpn", **more: str) -> HttpResponse:
        return self.post("views/", page="events", name=name, parameters=parameters, **more)

    def page(self, query: str = "") -> str:
        return self.client.get(f"/o/{self.org.slug}/live/events/?{query}").content.decode()

    def tabs(self) -> list[str]:
        found = re.findall(r'aria-label="Saved views">(.*?)</nav>', self.page(), re.DOTALL)
        return re.findall(r"<bdi[^>]*>(.*?)</bdi>", "".join(found))


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_a_search_is_kept_under_a_name_and_found_again(org: Organization) -> None:
    mira = Somebody(org)
    answer = mira.save("VPN logins", "before=1.2&range=7d&q=vpn+event%3Aauth.login_success")
    address = f"/o/{org.slug}/live/events/?q=vpn+event%3Aauth.login_success&range=7d"
    assert (answer.status_code, answer["Location"]) == (302, address)
    page = mira.client.get(address).content.decode()
    assert "Saved as “VPN logins”." in page
    assert f'href="{address.replace("&", "&amp;")}" aria-current="page"' in page
    assert "Edit view" in page
    assert "Save view" in mira.page("q=tor")


def test_own_views_are_seen_by_nobody_else_and_shared_ones_by_the_organisation(org: Organization) -> None:
    mira, ann, stranger = Somebody(org), Somebody(org), Somebody(OrganizationFactory())
    mira.save("mine")
    mira.save("everybody's", is_shared="on")
    assert mira.tabs() == ["mine", "everybody&#x27;s"]
    assert ann.tabs() == ["everybody&#x27;s"]
    assert stranger.tabs() == []


@pytest.mark.parametrize("action", ["rename", "delete"])
def test_only_the_owner_and_administrators_change_a_view(org: Organization, action: str) -> None:
    mira = Somebody(org)
    mira.save("shared", is_shared="on")
    mira.save("own")
    for view in SavedView.objects.all():
        for other in (Somebody(org), Somebody(OrganizationFactory(), Role.OWNER)):
            assert other.post(f"views/{view.id}/{action}", name="taken").status_code == 404
        admin = Somebody(org, Role.ADMIN)
        assert admin.post(f"views/{view.id}/{action}", name="better").status_code == (302 if view.is_shared else 404)
        if action == "rename":
            assert mira.post(f"views/{view.id}/{action}", name=f"my {view.name}").status_code == 302


def test_viewers_keep_views_but_share_none(org: Organization) -> None:
    viewer = Somebody(org, Role.VIEWER)
    viewer.save("mine")
    viewer.save("shared", is_shared="on")
    assert viewer.tabs() == ["mine"]


def test_a_name_is_changed_and_the_change_taken_back(org: Organization) -> None:
    mira = Somebody(org)
    mira.save("first")
    view = SavedView.objects.get()
    page = mira.client.get(mira.post(f"views/{view.id}/rename", name="second")["Location"]).content.decode()
    assert mira.tabs() == ["second"]
    assert "Renamed to “second”." in page
    assert _undo(mira, page).status_code == 302
    assert mira.tabs() == ["first"]


def test_a_deleted_view_comes_back_only_to_whom_it_was(org: Organization) -> None:
    mira = Somebody(org)
    mira.save("shared", is_shared="on")
    page = mira.client.get(mira.post(f"views/{SavedView.objects.get().id}/delete")["Location"]).content.decode()
    assert mira.tabs() == []
    assert _undo(Somebody(org), page).status_code == 404
    assert _undo(mira, page).status_code == 302
    assert mira.tabs() == ["shared"]
    assert SavedView.objects.get().is_shared
    assert mira.post("views/restore", token="forged").status_code == 404


def _undo(somebody: Somebody, page: str) -> HttpResponse:
    toast = page[page.index('id="toasts"') :]
    action = re.search(r'action="([^"]+)"', toast)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', toast))
    assert action is not None
    answer: HttpResponse = somebody.client.post(  # type: ignore[assignment]
        unescape(action[1]), {name: unescape(value) for name, value in fields.items()}
    )
    return answer


@pytest.mark.parametrize(
    ("name", "says"), [("", "Give the view a name."), (" x " * 40, "at most 60 characters"), ("taken", "view named “taken”")]
)
def test_a_view_that_cannot_be_kept_is_said(org: Organization, name: str, says: str) -> None:
    mira = Somebody(org)
    mira.save("taken")
    assert says in mira.client.get(mira.save(name)["Location"]).content.decode()
    assert mira.tabs() == ["taken"]


def test_there_is_an_end_to_views(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "VIEWS_MAX", 2)
    mira = Somebody(org)
    for name in ("a", "b", "c"):
        mira.save(name)
    assert mira.tabs() == ["a", "b"]
    mira.save("long", "q=" + "x" * 5_000)
    assert SavedView.objects.filter(page=ListedPage.EVENTS).count() == 2


def test_a_name_is_only_text(org: Organization) -> None:
    mira = Somebody(org)
    mira.save("<script>alert(1)</script>")
    assert "<script>alert" not in mira.page("q=vpn")


def test_a_search_is_the_same_in_any_order_and_on_any_page_of_its_list() -> None:
    assert search_in("range=7d&q=a+b&before=1&q=") == search_in("q=a%20b&range=7d") == "q=a+b&range=7d"
