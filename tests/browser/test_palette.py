import pytest

from browser.visits import LOOKS, Site, Theme, Visit
from http_client import wait_until


def opened(visit: Visit, path: str = "") -> None:
    visit.go(path)
    open_again(visit)


def open_again(visit: Visit) -> None:
    visit.page.keyboard.press("Control+k")
    visit.page.get_by_role("option").first.wait_for()


def chosen(visit: Visit) -> str:
    """Return the option that a screen reader is told to be at."""
    found = visit.page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"
    )
    return " ".join(found.split())


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_it_opens_by_its_button_and_is_clean(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit(theme=theme, size=size) as visit:
        visit.go("")
        visit.page.get_by_role("button", name="Search or jump to").click()
        visit.page.get_by_role("option", name="Overview").wait_for()
        assert visit.axe_findings() == []
        visit.page.get_by_role("combobox", name="Search or jump to").fill("no such thing")
        visit.page.get_by_role("option", name="Events with").wait_for()
        assert visit.axe_findings() == []
        assert not visit.overflows()
        visit.page.keyboard.press("Escape")
        assert not visit.page.locator("#palette").is_visible()


def test_keys_choose_and_open_and_the_choice_is_remembered_until_signing_out(site: Site) -> None:
    with site.visit() as visit:
        opened(visit)
        visit.page.keyboard.press("ArrowUp")
        assert chosen(visit) == "Sign out"
        visit.page.keyboard.press("ArrowDown")
        assert chosen(visit).startswith("Overview")
        visit.page.keyboard.type("setup guide")
        visit.page.keyboard.press("Enter")  # before the answer is there
        visit.page.wait_for_url("**/setup/")
        visit.page.keyboard.press("Control+k")
        visit.page.get_by_role("group", name="Recent").get_by_role("option", name="Setup guide").wait_for()
        visit.page.evaluate(
            "document.querySelector('#sign-out').addEventListener('submit', (event) => event.preventDefault())"
        )
        visit.page.keyboard.type("sign out")
        visit.page.keyboard.press("Enter")
        wait_until(
            lambda: visit.page.evaluate("Object.keys(localStorage).filter((name) => name.includes('recent'))"),
            lambda kept: kept == [],
            what="what was chosen to be forgotten",
        )


def test_it_changes_the_appearance_and_opens_the_list_of_shortcuts(site: Site) -> None:
    with site.visit(theme="light") as visit:
        opened(visit)
        visit.page.keyboard.type("dark")
        visit.page.get_by_role("option", name="Dark appearance").click()
        assert visit.page.locator("html").get_attribute("data-theme") == "dark"
        open_again(visit)
        visit.page.keyboard.type("shortcuts")
        visit.page.get_by_role("option", name="Keyboard shortcuts").click()
        visit.page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()


def test_a_server_that_is_gone_is_said(site: Site) -> None:
    with site.visit(expected=("Failed to load resource",)) as visit:
        opened(visit)
        visit.page.route("**/palette?*", lambda route: route.abort())
        visit.page.keyboard.type("x")
        visit.page.get_by_text("The server does not answer").first.wait_for()
        visit.page.unroute("**/palette?*")
        visit.page.keyboard.press("Backspace")
        visit.page.get_by_role("option", name="Overview").wait_for()


def test_letters_lead_to_actors_alerts_and_addresses(site: Site) -> None:
    with site.visit("viewer") as visit:
        opened(visit)
        visit.page.keyboard.type("mira@")
        visit.page.get_by_role("group", name="Actors").get_by_role("option", name="mira@shop.example").click()
        visit.page.wait_for_url("**/actors/actor?id=mira%40shop.example")
        open_again(visit)
        visit.page.keyboard.type("impossible travel of jonas")
        visit.page.get_by_role("group", name="Alerts").get_by_role("option").first.click()
        visit.page.wait_for_url("**/alerts/*/")
        open_again(visit)
        visit.page.keyboard.type("185.220.101.34")
        visit.page.get_by_role("group", name="Addresses").get_by_role("option").click()
        visit.page.wait_for_url("**/addresses/address?ip=185.220.101.34")
