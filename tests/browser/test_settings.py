"""The settings in a real browser: in both themes, wide and narrow."""

import pytest
from playwright.sync_api import expect

from browser.visits import LOOKS, Site, Theme

PAGES = (
    ("General", "settings/general/"),
    ("Members", "settings/members/"),
    ("API keys", "settings/keys/"),
    ("Security", "settings/security/"),
    ("Usage and plan", "settings/usage/"),
    ("Audit log", "settings/audit/"),
    ("Retention and privacy", "settings/privacy/"),
    ("Retention and privacy", "settings/privacy/empty-test"),
)


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_they_look_right(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("owner", theme=theme, size=size) as visit:
        for title, path in PAGES:
            visit.go(path)
            tabs = visit.page.get_by_role("navigation", name="Settings")
            expect(tabs.get_by_role("link", name=title, exact=True)).to_have_attribute("aria-current", "page")
            assert visit.axe_findings() == [], path
            assert not visit.overflows(), path


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_the_operator_s_page_looks_right(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("operator", theme=theme, size=size) as visit:
        visit.go("/operator/")
        expect(visit.page.get_by_role("row", name="Shop Example")).to_be_visible()
        assert visit.axe_findings() == []
        assert not visit.overflows()


def test_keys_lead_there(site: Site) -> None:
    with site.visit("viewer") as visit:
        visit.go("alerts/")
        visit.page.keyboard.press("g")
        visit.page.keyboard.press("s")
        expect(visit.page.get_by_role("heading", name="Settings")).to_be_visible()
