"""Settings > Security: the IP allow-list and the authorised origins."""

from typing import Any

import pytest

from litesoc_server.apikeys.selectors import access_rules_of
from litesoc_server.orgs.models import Organization, Role
from management_api import Tenant
from page_reader import PageReader

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def reader(org: Organization) -> PageReader:
    return PageReader(org, Role.ADMIN)


def post(reader: PageReader, what: str, **fields: Any) -> Any:
    return reader.client.post(f"/o/{reader.org.slug}/live/settings/security/{what}", fields)


def test_a_list_is_saved_and_switched_on(reader: PageReader) -> None:
    assert post(reader, "allow-list", allow_list="127.0.0.1 # <here>\r\n").status_code == 302
    assert not access_rules_of(reader.org).is_allow_list_on
    assert post(reader, "allow-list", allow_list="127.0.0.1 # <here>\r\n", is_on="on").status_code == 302
    rules = access_rules_of(reader.org)
    assert (rules.is_allow_list_on, rules.allow_list) == (True, "127.0.0.1 # <here>")
    assert "127.0.0.1 # &lt;here&gt;" in reader.text("settings/security/")


def test_mistakes_name_their_lines_and_keep_what_was_typed(reader: PageReader) -> None:
    html = post(reader, "allow-list", allow_list="127.0.0.1\n203.0.113.7/24", is_on="on").content.decode()
    assert "Line 2: The range does not begin at this address" in html
    assert "203.0.113.7/24" in html
    assert access_rules_of(reader.org).allow_list == ""


def test_who_would_be_locked_out_is_said_before_anything_is_saved(reader: PageReader) -> None:
    html = post(reader, "allow-list", allow_list="203.0.113.7", is_on="on").content.decode()
    assert "would lock somebody out" in html
    assert "<bdi>127.0.0.1</bdi>: you, at this moment" in html
    assert access_rules_of(reader.org).allow_list == ""
    assert post(reader, "allow-list", allow_list="203.0.113.7", is_on="on", insist="on").status_code == 302
    assert access_rules_of(reader.org).is_allow_list_on


def test_a_plan_without_it_says_so(reader: PageReader) -> None:
    reader.org.plan = "pro"
    reader.org.save()
    assert "The plan does not include the IP allow-list." in reader.text("settings/security/")
    assert "needs Enterprise" in post(reader, "allow-list", allow_list="127.0.0.1", is_on="on").content.decode()
    assert access_rules_of(reader.org).allow_list == ""


def test_origins_are_authorised_line_by_line(reader: PageReader) -> None:
    assert post(reader, "origins", origins="https://App.shop.example\r\n\r\nhttps://*.shop.example").status_code == 302
    assert access_rules_of(reader.org).origins == ["https://app.shop.example", "https://*.shop.example"]
    html = post(reader, "origins", origins="https://app.shop.example\nshop.example").content.decode()
    assert "Line 2: It begins with https:// or http://." in html
    assert len(access_rules_of(reader.org).origins) == 2


def test_only_who_manages_security_may(org: Organization) -> None:
    reader = PageReader(org, Role.ANALYST)
    assert reader.get("settings/security/").status_code == 403
    assert post(reader, "origins", origins="").status_code == 403
