"""The pages of events in a browser: the feed, the query bar, facets, and what hostile senders write."""

import csv
import re
import uuid

import pytest
from playwright.sync_api import Locator, expect

from browser.visits import LOOKS, PHONE, Site, Theme, Visit
from http_client import Api

HOSTILE = "<script>document.title='owned'</script>\N{RIGHT-TO-LEFT OVERRIDE}مرحبا 🦊 " + "x" * 350

CONNECTION_AT_HAND = """
window.EventSource = class extends EventSource {
  constructor(...given) { super(...given); window.feed = this; }
};
"""


def send(site: Site, *actors: str, event: str = "auth.logout") -> None:
    """Send events as an application does."""
    api = Api(site.server.url, site.api_key)
    events = [{"event": event, "actor": {"id": actor}, "user_ip": "2001:db8::77"} for actor in actors]
    assert api.collect(*events).status_code == 202


def bar(visit: Visit) -> Locator:
    return visit.page.get_by_role("combobox", name="Search")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_every_page_of_events_is_clean(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("viewer", theme=theme, size=size) as visit:
        visit.go("events/?range=7d")
        expect(visit.page.locator("#event-count")).to_contain_text("events")
        expect(visit.page.locator(".uplot")).to_be_visible()
        assert visit.axe_findings() == []
        assert not visit.overflows()
        visit.go("events/?q=contry:NO")
        assert visit.axe_findings() == []
        visit.go("events/?range=7d&q=event:auth.login_success%20risk:>50")
        visit.page.locator("tbody a[data-row-link]").first.click()
        expect(visit.page.get_by_role("heading", level=1)).to_contain_text("auth.login_success")
        assert visit.axe_findings() == []
        assert not visit.overflows()


def test_new_events_come_by_themselves_wait_while_paused_and_survive_a_lost_connection(site: Site) -> None:
    mark = uuid.uuid4().hex[:8]
    with site.visit() as visit:
        page = visit.page
        page.add_init_script(CONNECTION_AT_HAND)
        visit.go(f"events/?q={mark}")
        expect(page.get_by_text("Nothing matches")).to_be_visible()
        expect(page.get_by_text("Live: new events")).to_be_visible()
        send(site, f"first-{mark}", "somebody-else")
        expect(page.locator("#event-rows tr")).to_have_count(1)
        expect(page.locator("#event-rows")).to_contain_text(f"first-{mark}")
        expect(page.get_by_text("Nothing matches")).to_have_count(0)

        page.get_by_role("button", name="Pause").click()
        send(site, f"second-{mark}", f"third-{mark}")
        expect(page.get_by_text("2 new")).to_be_visible()
        expect(page.locator("#event-rows tr")).to_have_count(1)
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#event-rows tr")).to_have_count(3)

        page.evaluate("feed.close(), feed.dispatchEvent(new Event('error'))")
        expect(page.get_by_text("Connection lost")).to_be_visible()
        send(site, f"fourth-{mark}")
        expect(page.locator("#event-rows tr")).to_have_count(4)
        ids = page.eval_on_selector_all("#event-rows tr", "rows => rows.map(row => row.id)")
        assert len(set(ids)) == 4


def test_the_query_bar_completes_from_the_keyboard(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        visit.go("events/?range=7d")
        page.get_by_role("button", name="How to search").click()
        expect(page.get_by_text("number of the network operator")).to_be_visible()
        assert visit.axe_findings() == []
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(bar(visit)).to_be_focused()
        page.keyboard.type("-cou")
        offers = page.get_by_role("option")
        expect(offers.first).to_contain_text("country:")
        page.keyboard.press("Tab")
        expect(bar(visit)).to_have_value("-country:")
        expect(offers.filter(has_text="NO").first).to_be_visible()
        page.keyboard.type("N")
        expect(offers.first).to_have_text(re.compile("^N"))
        page.keyboard.press("ArrowDown")
        expect(offers.first).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Escape")
        expect(offers).to_have_count(0)
        expect(bar(visit)).to_have_value("-country:N")
        page.keyboard.type("O event:auth.login_f")
        expect(offers.first).to_contain_text("auth.login_failed")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(bar(visit)).to_have_value("-country:NO event:auth.login_failed ")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=-country%3ANO**")
        assert "range=7d" in page.url
        expect(page.locator("#event-rows")).to_contain_text("auth.login_failed")


def test_a_mistake_is_shown_where_it_is_and_mended_with_one_click(site: Site) -> None:
    with site.visit() as visit:
        visit.go("events/?range=7d&q=-vpn contry:NO")
        alert = visit.page.get_by_role("alert")
        expect(alert).to_contain_text("did you mean country?")
        expect(alert.locator("mark")).to_have_text("contry")
        alert.get_by_role("link").click()
        expect(bar(visit)).to_have_value("-vpn country:NO")
        expect(visit.page.locator("#event-rows tr").first).to_be_visible()


def test_facets_put_values_into_the_query_and_take_them_out(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        visit.go("events/?range=7d")
        facets = page.get_by_role("complementary", name="Filters")
        facets.get_by_role("link", name="auth.login_failed").click()
        expect(bar(visit)).to_have_value("event:auth.login_failed")
        facets.get_by_role("link", name="auth.login_success").click()
        expect(bar(visit)).to_have_value("event:auth.login_failed,auth.login_success")
        facets.get_by_role("link", name="auth.login_failed").click()
        expect(bar(visit)).to_have_value("event:auth.login_success")
        expect(facets.locator("[aria-current]")).to_contain_text("auth.login_success")


def test_a_part_of_the_chart_becomes_the_time_range(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        visit.go("events/?range=7d&q=event:auth.*")
        chart = page.locator(".u-over")
        box = chart.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 40, steps=5)
        page.mouse.up()
        page.wait_for_url("**from=*")
        assert "range=" not in page.url
        assert "q=event" in page.url


def test_what_hostile_senders_write_is_only_text(site: Site) -> None:
    with site.visit(size=PHONE) as visit:
        page = visit.page
        visit.go("events/")
        expect(page.get_by_text("Live: new events")).to_be_visible()
        title = page.title()
        send(site, HOSTILE, event=f"custom.{HOSTILE[:40]}")
        row = page.locator("#event-rows tr").filter(has_text="مرحبا").first
        expect(row).to_be_visible()
        assert not visit.overflows()
        row.locator("a[data-row-link]").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("custom.")
        assert not visit.overflows()
        assert page.title() != "owned"
        assert title
        assert visit.axe_findings() == []


def test_a_list_is_saved_as_a_file_with_progress(site: Site) -> None:
    with site.visit("analyst") as visit:
        page = visit.page
        visit.go("events/?range=7d&q=event:auth.login_failed")
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as started:
            page.get_by_role("link", name="CSV").click()
        saved = started.value
        assert saved.suggested_filename == "events-shop-example-live.csv"
        expect(page.locator(".toast")).to_contain_text("Saved events-shop-example-live.csv")
        with open(saved.path(), encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 # a text of its own line ends
            rows = list(csv.DictReader(file))
        expect(page.locator("#event-count")).to_have_text(f"{len(rows):,} events")
        assert {row["event"] for row in rows} == {"auth.login_failed"}
    with site.visit("viewer") as visit:
        visit.go("events/")
        expect(visit.page.get_by_role("button", name="Export")).to_have_count(0)


def test_a_search_is_saved_renamed_deleted_and_brought_back(site: Site) -> None:
    with site.visit("analyst", size=PHONE) as visit:
        page = visit.page
        name = f"Failed {uuid.uuid4().hex[:6]}"
        visit.go("events/?range=7d&q=event:auth.login_failed")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_label("Name")).to_be_focused()
        page.keyboard.insert_text(name)
        page.get_by_role("button", name="Save", exact=True).click()
        views = page.get_by_role("navigation", name="Saved views")
        expect(views.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        assert visit.axe_findings() == []
        page.get_by_role("button", name="Edit view").click()
        page.get_by_role("button", name="Delete this view").click()
        expect(views.get_by_role("link", name=name)).to_have_count(0)
        page.locator("#toasts").get_by_role("button", name="Undo").click()
        expect(views.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        assert not visit.overflows()
