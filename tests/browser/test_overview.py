"""The overview, and the pages of actors and addresses, in Chromium."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from browser.visits import LOOKS, Site, Theme, Visit
from http_client import Api, wait_until

HOSTILE = "<script>alert(1)</script>" + "🦊" * 150 + "\N{RIGHT-TO-LEFT OVERRIDE}كلمة" + "x" * 300
IPV6 = "2001:db8:85a3:8d3:1319:8a2e:370:7348"


def open_filled(visit: Visit, path: str) -> Page:
    """Open a page and wait until its later cards are there."""
    visit.go(path)
    visit.page.wait_for_load_state("networkidle")
    expect(visit.page.locator('main [role="status"]')).to_have_count(0)
    return visit.page


@pytest.fixture(scope="module")
def hostile_actor(site: Site) -> str:
    """Return the id, as the server keeps it, of an actor with an id that would break a page, from a long address."""
    body = {"event": "auth.login_failed", "actor": {"id": HOSTILE, "email": "<b>x</b>@shop.example"}, "user_ip": IPV6}
    api = Api(site.server.url, site.api_key)
    assert api.http.post("/collect", json=body).status_code == 202

    def found() -> list[str]:
        events = api.http.get("/events", params={"limit": 50}).json()["data"]
        return [event["actor"]["id"] for event in events if event["actor"] and event["actor"]["id"].startswith("<script>")]

    return str(wait_until(found, bool, what="the event with the hostile id")[0])


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_the_overview_is_whole_and_clean(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("viewer", theme=theme, size=size) as visit:
        page = open_filled(visit, "?range=7d")
        for title in ("Events by severity", "Where from", "Open alerts", "What arrives", "Top addresses", "Top actors"):
            assert page.get_by_role("heading", name=title, exact=True).is_visible()
        assert page.locator(".map svg .point").count() > 5
        assert page.locator(".map svg .arc").count() >= 1
        for table in page.get_by_text("Show as a table").all():
            table.click()
        assert page.get_by_role("cell", name="Oslo, NO").is_visible()
        assert visit.axe_findings() == []
        assert not visit.overflows()


def test_a_drag_over_the_chart_looks_closer_and_clear_leads_back(site: Site) -> None:
    with site.visit("viewer") as visit:
        page = open_filled(visit, "?range=7d")
        box = page.locator(".chart .u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=5)
        page.mouse.up()
        page.wait_for_url("**from=**")
        query = parse_qs(urlsplit(page.url).query)
        assert set(query) == {"from", "to"}
        page.get_by_role("link", name="Clear").click()
        page.wait_for_url(lambda url: "from=" not in url)
        assert page.get_by_role("link", name="24h").get_attribute("aria-current") == "true"


def test_the_map_is_walked_by_keyboard_and_leads_to_the_events(site: Site) -> None:
    with site.visit("viewer") as visit:
        page = open_filled(visit, "?range=7d")
        point = page.locator(".map svg a").last
        point.focus()
        assert " events" in page.locator(".map-tip").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_url("**/events/?q=country**")
        expect(page.locator("[data-row]").first).to_be_visible()


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_from_the_ranks_to_an_actor_and_an_address(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("viewer", theme=theme, size=size) as visit:
        page = open_filled(visit, "")
        page.locator('[aria-labelledby="top-actors"]').get_by_role("link", name="mira@shop.example").click()
        page.wait_for_url("**/actors/actor?id=mira**")
        page.wait_for_load_state("networkidle")
        expect(page.locator("main [role='status']")).to_have_count(0)
        assert page.get_by_role("heading", name="Risk now").is_visible()
        assert page.locator(".risk-parts tbody tr").count() >= 3
        assert page.locator(".timeline .is-alert").count() >= 1
        assert visit.axe_findings() == []
        assert not visit.overflows()
        page.locator('[aria-labelledby="actor-addresses"] li a').first.click()
        page.wait_for_url("**/addresses/address?ip=**")
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("heading", name="Place and network").is_visible()
        assert visit.axe_findings() == []
        assert not visit.overflows()


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_lists_find_what_begins_so(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("viewer", theme=theme, size=size) as visit:
        page = open_filled(visit, "actors/")
        assert visit.axe_findings() == []
        assert not visit.overflows()
        page.get_by_label("Find an actor").fill("MIRA@")
        page.keyboard.press("Enter")
        page.wait_for_url("**start=MIRA**")
        assert page.locator("[data-row-link]").all_inner_texts() == ["mira@shop.example"]
        open_filled(visit, "addresses/")
        assert visit.axe_findings() == []
        assert not visit.overflows()


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_an_id_that_would_break_a_page_does_not(site: Site, hostile_actor: str, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("viewer", theme=theme, size=size) as visit:
        for path in ("?range=1h", "actors/", f"actors/actor?id={quote(hostile_actor)}", f"addresses/address?ip={IPV6}"):
            page = open_filled(visit, path)
            assert not visit.overflows(), path
            assert page.get_by_text("🦊").first.is_visible(), path
        assert visit.axe_findings() == []


def test_figures_come_anew_by_themselves(site: Site) -> None:
    with site.visit("viewer", has_own_clock=True) as visit:
        visit.page.clock.install()
        page = open_filled(visit, "")
        with page.expect_response(lambda response: "/overview/figures/" in response.url):
            visit.page.clock.run_for(31_000)
        expect(page.locator(".figure")).to_have_count(5)
