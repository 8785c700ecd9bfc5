"""Every address of an organisation's pages, walked as nobody, as a stranger and as each role."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from control_factories import MembershipFactory, OrganizationFactory, UserFactory
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.orgs.roles import Permission, may
from management_api import Tenant

pytestmark = pytest.mark.django_db

SOME_ID = "01987f6e-0000-7000-8000-000000000000"
# What stands in an address for each kind of argument; what it names does not exist, which a member is told by 404.
SAMPLES = {"uuid": SOME_ID, "str": "csv", "slug": "brute_force_address", "int": "1", "format": "csv", "path": "x"}


def organization_pages() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield each address below an organisation, with its view."""
    for route, pattern in _patterns(get_resolver(), ""):
        if "<slug:org>" in route:
            yield route, pattern.callback


def _patterns(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, route)
        else:
            yield route, entry


PAGES = dict(organization_pages())


def address_of(route: str, org: Organization) -> str:
    filled = route.replace("<slug:org>", org.slug).replace("<environment:environment>", "live")
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], filled)


def signed_in(org: Organization, role: Role) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org, role=role).user)
    return client


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_every_page_says_what_it_needs() -> None:
    assert len(PAGES) > 1
    silent = [route for route, view in PAGES.items() if not isinstance(getattr(view, "permission", None), Permission)]
    assert silent == [], "declare these views with web.member.page"


# The walks set up one organisation for all addresses: one for each took minutes.
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_finds_nothing_and_nobody_signs_in(method: str, org: Organization) -> None:
    stranger, nobody = signed_in(OrganizationFactory(), Role.OWNER), Client(headers={"Accept": "text/html"})
    found, let_in = {}, {}
    for route in PAGES:
        address = address_of(route, org)
        answer = stranger.generic(method, address)
        if answer.status_code not in {404, 405}:
            found[address] = answer.status_code
        answer = nobody.generic(method, address)
        if answer.status_code != 405 and not (answer.status_code == 302 and "/login/" in answer["Location"]):
            let_in[address] = answer.status_code
    assert found == {}
    assert let_in == {}


def test_a_suspended_organisation_has_no_pages(org: Organization) -> None:
    owner = signed_in(org, Role.OWNER)
    org.is_suspended = True
    org.save()
    open_to_members = {}
    for route in PAGES:
        answers = [owner.get(address_of(route, org)), owner.post(address_of(route, org))]
        refused = [answer for answer in answers if answer.status_code != 405]
        if not all(answer.status_code == 403 and b"This organisation is suspended." in answer.content for answer in refused):
            open_to_members[route] = [answer.status_code for answer in answers]
    assert open_to_members == {}
    data = owner.get(address_of("o/<slug:org>/<environment:environment>/", org), headers={"Accept": "application/json"})
    assert data.json()["code"] == "ACCOUNT_SUSPENDED"


def test_a_part_of_a_page_whose_session_ended_reloads_the_page(org: Organization) -> None:
    answer = Client().get(f"/o/{org.slug}/live/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (401, "true", b"")


def test_a_superuser_without_a_membership_is_a_stranger(org: Organization) -> None:
    client = Client()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert client.get(f"/o/{org.slug}/live/").status_code == 404


def test_pages_are_kept_by_nobody_and_travel_packed(org: Organization) -> None:
    answer = signed_in(org, Role.VIEWER).get(f"/o/{org.slug}/live/", headers={"Accept-Encoding": "gzip"})
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_its_permissions_say(role: Role, org: Organization) -> None:
    client, wrong = signed_in(org, role), {}
    for route, view in PAGES.items():
        address = address_of(route, org)
        is_allowed = may(role, view.permission)  # type: ignore[attr-defined] # see the first test
        answers = {client.get(address).status_code, client.post(address).status_code}
        if (403 in answers) is is_allowed or 500 in answers:
            wrong[address] = answers
    assert wrong == {}
