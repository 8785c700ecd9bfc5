import pytest

from browser.visits import LOOKS, PHONE, Site, Theme


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_every_page_has_the_same_clean_frame(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit(theme=theme, size=size) as visit:
        visit.go("")
        assert visit.page.get_by_role("heading", level=1).inner_text() == "Overview"
        assert visit.axe_findings() == []
        assert not visit.overflows()


def test_the_theme_is_chosen_and_kept(site: Site) -> None:
    with site.visit(theme="light") as visit:
        visit.go("")
        visit.page.get_by_role("button", name="Appearance").click()
        visit.page.get_by_role("button", name="Dark").click()
        assert visit.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
        visit.page.reload()
        assert visit.page.locator("html").get_attribute("data-theme") == "dark"


def test_on_a_phone_the_menu_opens_and_closes(site: Site) -> None:
    with site.visit(size=PHONE) as visit:
        visit.go("")
        overview = visit.page.get_by_role("link", name="Overview")
        assert not overview.is_visible()
        visit.page.get_by_role("button", name="Menu").click()
        assert overview.is_visible()
        visit.page.keyboard.press("Escape")
        assert not overview.is_visible()


def test_somebody_who_is_not_signed_in_is_sent_to_sign_in(site: Site) -> None:
    with site.visit(None) as visit:
        visit.go("")
        assert "login" in visit.page.url
        assert "next=/o/shop-example/live/" in visit.page.url
