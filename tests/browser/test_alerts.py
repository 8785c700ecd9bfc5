"""The pages about alerts in Chromium: what keys, toasts, dialogs and paper do. Each test brings alerts of its own."""

import itertools
import re

import pytest
from playwright.sync_api import Locator, expect

from browser.visits import LOOKS, Site, Theme, Visit
from http_client import Api, wait_until

_numbers = itertools.count(1)
HOSTILE = "<script>alert(1)</script> \u202eevil"


@pytest.fixture
def noticed(site: Site) -> str:
    """Three alerts that are critical, so that no storm takes them; returns the beginning of their actors' ids."""
    actors = f"noticed{next(_numbers)}-"
    api = Api(site.server.url, site.api_key)
    for number in (1, 2, 3):
        api.collect({"event": "security.suspicious_activity", "actor": {"id": f"{actors}{number}"}, "user_ip": "45.9.1.1"})
        api.wait_for_alert(actor_id=f"{actors}{number}")
    return actors


def go_to_list(visit: Visit, actors: str, status: str = "open") -> None:
    """Open the list of the alerts about ``actors``."""
    visit.go(f"alerts/?status={status}&q=actor:{actors}*")
    visit.page.wait_for_load_state("networkidle")  # the list's own script is there


def rows(visit: Visit) -> Locator:
    return visit.page.locator("[data-row]")


def toast(visit: Visit, text: str) -> Locator:
    found = visit.page.locator(".toast", has_text=text)
    found.wait_for()
    return found


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_both_pages_are_clean_in_both_themes_and_sizes(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    travel = next(one for one in _all_alerts(site) if "Impossible travel of jonas" in one["title"])
    with site.visit("analyst", theme=theme, size=size) as visit:
        for path in ("alerts/", "alerts/?status=resolved", "alerts/?q=sevrity:high", f"alerts/{travel['id']}/"):
            visit.go(path)
            visit.page.wait_for_load_state("networkidle")
            assert visit.axe_findings() == [], path
            assert not visit.overflows(), path
        visit.page.get_by_role("button", name="Suppress…").click()
        visit.page.get_by_role("dialog").wait_for()
        assert visit.axe_findings() == []


def _all_alerts(site: Site) -> list[dict[str, str]]:
    return list(Api(site.server.url, site.api_key).alerts(limit=100)["data"])


def test_keys_select_acknowledge_and_undo(site: Site, noticed: str) -> None:
    with site.visit("analyst") as visit:
        go_to_list(visit, noticed)
        press = visit.page.keyboard.press
        for key in ("j", "x", "j", "x", "a"):
            press(key)
        done = toast(visit, "2 alerts acknowledged")
        expect(rows(visit)).to_have_count(1)
        done.get_by_role("button", name="Undo").focus()
        expect(done.get_by_role("button", name="Undo")).to_be_focused()
        press("j")
        press("a")
        toast(visit, "1 alert acknowledged")
        expect(rows(visit)).to_have_count(0)
        press("z")  # the latest first
        toast(visit, "1 alert put back")
        expect(rows(visit)).to_have_count(1)
        press("z")
        toast(visit, "2 alerts put back")
        expect(rows(visit)).to_have_count(3)


def test_a_decision_that_the_network_loses_is_not_lost_in_silence(site: Site, noticed: str) -> None:
    with site.visit("analyst", expected=("net::ERR_FAILED", "Failed to fetch")) as visit:
        go_to_list(visit, noticed)
        visit.page.route("**/alerts/bulk*", lambda route: route.abort())
        for key in ("j", "x", "a"):
            visit.page.keyboard.press(key)
        toast(visit, "The server did not answer")
        expect(rows(visit)).to_have_count(3)


def test_without_a_selection_keys_act_on_the_current_row_and_the_place_is_kept(site: Site, noticed: str) -> None:
    with site.visit("analyst") as visit:
        go_to_list(visit, noticed)
        visit.page.keyboard.press("a")
        toast(visit, "Select alerts first")
        visit.page.keyboard.press("j")
        visit.page.keyboard.press("j")
        second = visit.page.locator("[data-row][data-current]").get_attribute("id")
        visit.page.keyboard.press("e")
        dialog = visit.page.get_by_role("dialog", name="Resolve alerts")
        dialog.get_by_label("How was it resolved?").select_option("Contacted user")
        dialog.get_by_label("Note").evaluate("field => (field.style.height = '9rem')")  # as somebody who pulls at its corner
        dialog.get_by_role("button", name="Resolve", exact=True).click()
        toast(visit, "1 alert resolved")
        expect(rows(visit)).to_have_count(2)
        expect(visit.page.locator(f"#{second}")).to_have_count(0)
        expect(rows(visit).nth(1).locator("[data-row-link]")).to_be_focused()
        visit.page.keyboard.press("o")
        visit.page.wait_for_url(re.compile(r"/alerts/[0-9a-f-]{36}/"))


def test_many_are_assigned_from_the_menu_after_selecting_the_page(site: Site, noticed: str) -> None:
    with site.visit("analyst") as visit:
        go_to_list(visit, noticed)
        visit.page.get_by_label("Select all on this page").check()
        expect(visit.page.get_by_text("3 selected")).to_be_visible()
        visit.page.get_by_role("button", name="More").click()
        visit.page.get_by_role("button", name="Assign…").click()
        dialog = visit.page.get_by_role("dialog", name="Assign alerts")
        dialog.get_by_label("To whom?").select_option("Admin Example")
        dialog.get_by_role("button", name="Assign", exact=True).click()
        toast(visit, "3 alerts assigned to Admin Example")
        expect(rows(visit).locator(".alert-assignee", has_text="Admin Example")).to_have_count(3)


def test_new_alerts_are_announced_and_loaded_on_demand(site: Site, noticed: str) -> None:
    with site.visit("viewer", has_own_clock=True) as visit:
        visit.page.clock.install()
        go_to_list(visit, noticed)
        api = Api(site.server.url, site.api_key)
        api.collect({"event": "security.suspicious_activity", "actor": {"id": f"{noticed}late"}, "user_ip": "45.9.1.1"})
        api.wait_for_alert(actor_id=f"{noticed}late")
        visit.page.clock.run_for(16_000)
        expect(visit.page.get_by_role("link", name="1 new alert")).to_be_visible()
        expect(rows(visit)).to_have_count(3)
        visit.page.keyboard.press(".")
        expect(rows(visit)).to_have_count(4)


def test_an_alert_is_worked_on_from_its_page(site: Site, noticed: str) -> None:
    with site.visit("analyst") as visit:
        go_to_list(visit, noticed)
        visit.page.keyboard.press("j")
        visit.page.keyboard.press("Enter")
        page = visit.page
        page.get_by_role("heading", name="Why this is an alert").wait_for()
        page.keyboard.press("m")
        toast(visit, "The alert is yours.")
        page.keyboard.press("c")
        page.keyboard.insert_text(HOSTILE)
        page.get_by_role("button", name="Comment", exact=True).click()
        expect(page.locator(".comment")).to_have_text(HOSTILE)
        page.get_by_role("button", name="Delete").click()
        expect(page.locator(".comment")).to_have_count(0)
        page.get_by_role("button", name="Restore").click()
        expect(page.locator(".comment")).to_have_text(HOSTILE)
        page.get_by_text("Edit", exact=True).click()
        page.get_by_label("Your comment").fill("called her")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".comment")).to_have_text("called her")
        page.get_by_label("Ask the actor whether").check()
        page.keyboard.press("s")
        page.get_by_role("dialog", name="Mark the alert safe").get_by_role("button", name="Mark safe").click()
        toast(visit, "marked safe")
        expect(page.get_by_label("Ask the actor whether")).to_be_checked()
        page.keyboard.press("u")
        toast(visit, "open again")
        page.keyboard.press("j")  # to the next alert
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"{noticed}2")


def test_the_owner_of_a_login_has_the_last_word(site: Site) -> None:
    travel = next(one for one in _all_alerts(site) if "Impossible travel of jonas" in one["title"])
    with site.visit("analyst") as visit:
        visit.go(f"alerts/{travel['id']}/")
        visit.page.get_by_role("button", name="No, this login").last.click()
        toast(visit, "not its owner's")
        expect(visit.page.locator(".verdict", has_text="It was not")).to_have_count(1)
        visit.page.get_by_role("button", name="Yes, this login").last.click()
        expect(visit.page.locator(".verdict", has_text="It was")).to_have_count(1)
        expect(visit.page.get_by_role("group", name="Map of where")).to_be_visible()
        expect(visit.page.get_by_text("km/h needed")).to_be_visible()


def test_on_paper_an_alert_is_one_sheet_black_on_white_with_everything(site: Site, noticed: str) -> None:
    with site.visit("analyst", theme="dark") as visit:
        go_to_list(visit, noticed)
        rows(visit).first.locator("[data-row-link]").click()
        visit.page.get_by_role("heading", name="Why this is an alert").wait_for()
        visit.page.emulate_media(media="print")
        expect(visit.page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        expect(visit.page.get_by_role("heading", name="Evidence")).to_be_visible()
        for hidden in (".sidebar", ".topbar", "main form", ".copy"):
            expect(visit.page.locator(hidden).first).to_be_hidden()
        assert pages_printed(visit) == 1


def pages_printed(visit: Visit) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", visit.page.pdf(format="A4", prefer_css_page_size=True)))


def test_all_that_match_is_offered_beyond_the_page(site: Site, noticed: str) -> None:
    api = Api(site.server.url, site.api_key)
    many = [f"{noticed}many{number}" for number in range(60)]
    api.collect(*({"event": "security.suspicious_activity", "actor": {"id": one}, "user_ip": "45.9.1.1"} for one in many))
    wait_until(lambda: {alert["actor_id"] for alert in api.alerts(limit=500)["data"]}, set(many).issubset, what="63 alerts")
    with site.visit("analyst") as visit:
        go_to_list(visit, noticed)
        visit.page.get_by_role("link", name="Show more").click()
        expect(rows(visit)).to_have_count(63)
        go_to_list(visit, noticed)
        visit.page.get_by_label("Select all on this page").check()
        visit.page.get_by_role("button", name="Select all 63 that match").click()
        visit.page.get_by_role("button", name="Acknowledge").click()
        done = toast(visit, "63 alerts acknowledged")
        expect(visit.page.get_by_text("All clear").or_(visit.page.get_by_text("No alerts match"))).to_be_visible()
        done.get_by_role("button", name="Undo").click()
        toast(visit, "63 alerts put back")
        expect(rows(visit)).to_have_count(50)
