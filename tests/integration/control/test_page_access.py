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


@pytest.mark.parametrize("route", PAGES)
def test_every_page_says_what_it_needs(route: str) -> None:
    assert isinstance(getattr(PAGES[route], "permission", None), Permission), "declare the view with web.member.page"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", PAGES)
def test_a_stranger_finds_nothing_and_nobody_signs_in(route: str, method: str, org: Organization) -> None:
    address = address_of(route, org)
    stranger = signed_in(OrganizationFactory(), Role.OWNER)
    assert stranger.generic(method, address).status_code in {404, 405}
    answer = Client(headers={"Accept": "text/html"}).generic(method, address)
    assert answer.status_code in {302, 405}
    if answer.status_code == 302:
        assert "/login/" in answer["Location"]


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
@pytest.mark.parametrize("route", PAGES)
def test_each_role_may_what_its_permissions_say(route: str, role: Role, org: Organization) -> None:
    client, address = signed_in(org, role), address_of(route, org)
    is_allowed = may(role, PAGES[route].permission)  # type: ignore[attr-defined] # see the first test
    answers = {client.get(address).status_code, client.post(address).status_code}
    assert (403 in answers) is not is_allowed, (address, answers)
    assert 500 not in answers
