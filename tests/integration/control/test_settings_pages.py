"""The frame of the settings, and the page General."""

from typing import Any

import pytest

from litesoc_server.orgs.models import Organization, Role
from management_api import Tenant
from page_reader import PageReader

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def rename(reader: PageReader, name: str) -> Any:
    return reader.client.post(f"/o/{reader.org.slug}/live/settings/general/rename", {"name": name})


def test_settings_lead_to_the_first_page_which_is_marked_in_both_navigations(org: Organization) -> None:
    reader = PageReader(org)
    answer = reader.get("settings/")
    assert answer["Location"] == f"/o/{org.slug}/live/settings/general/"
    html = reader.text("settings/general/")
    assert f'<a href="/o/{org.slug}/live/settings/" aria-current="page" data-shortcut="g s"' in html
    assert f'<a href="/o/{org.slug}/live/settings/general/" aria-current="page">General</a>' in html


def test_an_admin_renames_the_organisation(org: Organization) -> None:
    reader = PageReader(org, Role.ADMIN)
    assert rename(reader, "  Shop \n Example ").status_code == 302
    org.refresh_from_db()
    assert org.name == "Shop Example"
    assert "The name is saved." in reader.text("settings/general/")


@pytest.mark.parametrize(("name", "text"), [(" ", "needs a name"), ("x" * 151, "at most 150")])
def test_what_is_wrong_with_a_name_stands_beside_it(org: Organization, name: str, text: str) -> None:
    before = org.name
    answer = rename(PageReader(org, Role.OWNER), name)
    assert text in answer.content.decode()
    org.refresh_from_db()
    assert org.name == before


def test_others_only_read_it(org: Organization) -> None:
    owner, reader = PageReader(org, Role.OWNER), PageReader(org, Role.ANALYST)
    html = reader.text("settings/general/")
    assert str(org.id) in html
    assert Organization.objects.get(id=org.id).memberships.get(role=Role.OWNER).user.email in html
    assert "Save the name" not in html
    assert "Save the name" in owner.text("settings/general/")
    assert rename(reader, "Other").status_code == 403
