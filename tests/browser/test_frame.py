import pytest
from playwright.sync_api import Route

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


def test_an_open_menu_stays_where_it_is_while_parts_of_the_page_arrive(site: Site) -> None:
    with site.visit() as visit:
        arriving: list[Route] = []
        visit.page.route("**/overview/**", lambda route: arriving.append(route))  # noqa: PLW0108 # Playwright looks into it
        with visit.page.expect_request("**/overview/**"):
            visit.go("")
        visit.page.get_by_role("button", name="Appearance").click()
        dark = visit.page.get_by_role("button", name="Dark")
        before = dark.bounding_box()
        assert arriving
        while arriving:
            arriving.pop().continue_()
        visit.page.locator(".htmx-request").first.wait_for(state="detached")
        visit.page.wait_for_load_state("networkidle")
        assert dark.bounding_box() == before


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
