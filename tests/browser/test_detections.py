"""Detections and suppressions in a browser: one story each, and how the pages look to axe."""

import re

import pytest
from playwright.sync_api import Page, expect

from browser.visits import LOOKS, Site, Theme, Visit
from http_client import Api

ID = "slow_brute_force"
HOSTILE = '<img src=x onerror="alert(1)">\u202e'
PAGES = (
    "detections/",
    f"detections/{ID}/",
    f"detections/{ID}/edit",
    "detections/general/",
    "detections/general/allowed/",
    "detections/changes/",
    "suppressions/",
    "suppressions/new",
)


@pytest.fixture(scope="module")
def api(site: Site) -> Api:
    """The API as a key of the organisation's operators calls it, from beside the pages."""
    return Api(site.server.url, site.server.create_key("read", "manage", org=site.org_id))


def set_by_api(api: Api, **settings: object) -> None:
    """Change the policy as somebody else does."""
    version = api.http.get("/api/v1/detection/policy").json()["data"]["version"]
    answer = api.http.patch("/api/v1/detection/policy", json={"version": version, "settings": settings, "note": HOSTILE})
    assert answer.status_code == 200, answer.text


def value_of(page: Page, label: str) -> str:
    """Return what the page says a setting is."""
    row = page.locator(".policy-setting", has=page.get_by_text(label, exact=True))
    return row.locator(".policy-setting-value").inner_text().strip()


def toast(visit: Visit) -> str:
    return visit.page.locator(".toast").last.inner_text()


def test_a_setting_is_edited_refused_and_taken_back(site: Site) -> None:
    with site.visit("admin") as visit:
        visit.go("detections/")
        visit.page.get_by_role("searchbox", name="Find a detector").fill("slow brute")
        expect(visit.page.locator(".catalogue-row")).to_have_count(1)
        assert "q=slow" in visit.page.url
        visit.page.get_by_role("link", name="Slow brute force").click()
        visit.page.get_by_role("link", name="Edit settings").click()
        gap = visit.page.get_by_label("Shortest gap", exact=True)
        gap.fill("0")
        visit.page.get_by_role("button", name="Save").click()
        expect(gap).to_have_attribute("aria-invalid", "true")
        assert "Must be a length of time from 1 second to 400 days." in visit.page.locator("main").inner_text()
        assert visit.axe_findings() == []
        gap.fill("90")
        visit.page.get_by_label("Unit of Shortest gap").select_option("seconds")
        visit.page.get_by_label("Why").fill(HOSTILE)
        visit.page.get_by_role("button", name="Save").click()
        assert value_of(visit.page, "Shortest gap") == "90 seconds"
        assert "Saved. In force within 5 seconds." in toast(visit)
        assert visit.axe_findings() == []
        visit.page.locator(".toast").get_by_role("button", name="Undo").click()
        assert value_of(visit.page, "Shortest gap") == "2 minutes"
        history = visit.page.locator(".change")
        expect(history.first).to_contain_text("Admin Example")
        expect(history.first).to_contain_text(re.compile(r"Undoes version \d+\."))


def test_what_somebody_else_changed_meanwhile_is_shown(site: Site, api: Api) -> None:
    with site.visit("admin") as visit:
        visit.go(f"detections/{ID}/edit")
        set_by_api(api, history_count=5)
        visit.page.get_by_label("Gaps looked at").fill("9")
        visit.page.get_by_role("button", name="Save").click()
        conflict = visit.page.get_by_role("alert")
        expect(conflict).to_contain_text("somebody else has changed the settings meanwhile")
        expect(conflict).to_contain_text("Logins needed to know an account")
        assert visit.page.get_by_label("Gaps looked at").input_value() == "9"
        assert visit.axe_findings() == []
        visit.page.get_by_role("button", name="Save").click()
        assert value_of(visit.page, "Gaps looked at") == "9"
        visit.page.get_by_role("button", name="Back to the default: Gaps looked at").click()
        assert value_of(visit.page, "Gaps looked at") == "6"
    set_by_api(api, history_count=None)


def test_a_detector_is_muted_for_a_reason_and_speaks_again(site: Site) -> None:
    with site.visit("owner") as visit:
        visit.go("detections/dormant_account/")
        visit.page.get_by_role("button", name="Mute").click()
        expect(visit.page.get_by_text("Say why: others will wonder.")).to_be_visible()
        visit.page.get_by_role("textbox", name="Why").fill("everybody is back from holidays")
        visit.page.get_by_role("button", name="Mute").click()
        expect(visit.page.locator(".notice")).to_contain_text("everybody is back from holidays")
        visit.go("detections/?state=muted")
        expect(visit.page.locator(".catalogue-row")).to_have_count(1)
        visit.page.get_by_role("link", name="Login to a dormant account").click()
        visit.page.get_by_role("button", name="Unmute").click()
        expect(visit.page.locator(".page-header")).to_contain_text("On")


def test_other_pages_lead_to_the_form(site: Site) -> None:
    with site.visit("analyst") as visit:
        visit.go("actors/actor?id=mira%40shop.example")
        visit.page.get_by_role("link", name="Suppress…").click()
        assert visit.page.get_by_label("Actor").input_value() == "mira@shop.example"
        visit.go("addresses/address?ip=45.155.205.99")
        visit.page.get_by_role("link", name="Suppress…").click()
        assert visit.page.get_by_label("Address or range").input_value() == "45.155.205.99"


def test_the_life_of_a_suppression(site: Site) -> None:
    with site.visit("analyst") as visit:
        visit.go("suppressions/new?detector=new_device&actor=auth0%7C%F0%9F%A6%8A")
        page = visit.page
        assert page.get_by_label("Actor").input_value() == "auth0|🦊"
        page.get_by_label("Address or range").fill("203.0.113.300")
        page.get_by_role("button", name="Suppress").click()
        expect(page.get_by_text("which is no address")).to_be_visible()
        expect(page.get_by_text("Must be a text of 1 to 2,000 characters.")).to_be_visible()
        assert visit.axe_findings() == []
        page.get_by_label("Address or range").fill("")
        page.get_by_label("Reason").fill(HOSTILE)
        page.get_by_label("30 days").check()
        page.get_by_role("button", name="Suppress").click()
        row = page.locator(".suppression", has_text="auth0|🦊")
        expect(row).to_contain_text("Login with a new device")
        row.get_by_role("link", name="Change expiry").click()
        assert not page.get_by_label("Date and time, Europe/Oslo").is_visible()
        page.get_by_label("Until…").check()
        page.get_by_label("Date and time, Europe/Oslo").fill("2001-01-01T08:00")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Must be in the future")).to_be_visible()
        page.get_by_label("90 days").check()
        page.get_by_role("button", name="Save").click()
        assert visit.axe_findings() == []
        row.get_by_role("button", name="End").click()
        expect(page.locator(".suppression", has_text="auth0|🦊")).to_have_count(0)
        page.locator(".toast").get_by_role("button", name="Undo").click()
        expect(row).to_be_visible()
        row.get_by_role("button", name="End").click()
        page.get_by_role("link", name="Ended early").click()
        expect(row).to_contain_text("by Analyst Example")
        expect(row.get_by_role("button", name="Take back")).to_be_visible()


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_every_page_is_clean(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("admin", theme=theme, size=size) as visit:
        for path in PAGES:
            visit.go(path)
            assert visit.axe_findings() == [], path
            assert not visit.overflows(), path


def test_who_only_looks_is_offered_no_change(site: Site) -> None:
    with site.visit("viewer") as visit:
        for path in ("detections/", f"detections/{ID}/", "detections/general/", "detections/changes/", "suppressions/"):
            visit.go(path)
            main = visit.page.locator("main")
            assert main.locator("form[method=post]").count() == 0, path
            assert main.get_by_role("link", name=re.compile("Edit|Suppress…|New suppression")).count() == 0, path
