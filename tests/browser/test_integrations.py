"""The Integrations pages in a real browser, in all looks, and a first event that shows up by itself."""

from datetime import UTC, datetime

import httpx
from playwright.sync_api import expect

from browser.visits import Site
from http_client import Api, wait_until

PAGES = (
    "integrations/",
    "integrations/auth0/",
    "integrations/supabase/",
    "integrations/okta/",
    "integrations/otlp/",
    "integrations/out/new",
    "integrations/out/new?kind=syslog",
    "/o/shop-example/test/integrations/",
)


def deliver(site: Site, source: str, body: object, status: int = 200) -> None:
    url = f"{site.server.url}/webhooks/{source}"
    answer = httpx.post(url, params={"api_key": site.api_key}, json=body, trust_env=False)
    assert answer.status_code == status


def test_they_look_right(site: Site) -> None:
    with site.visit() as visit:
        assert visit.findings_on(*PAGES) == []


def test_a_first_event_shows_up_and_a_source_is_set_up_by_keyboard(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        visit.go("")
        page.keyboard.press("g")
        page.keyboard.press("t")
        page.get_by_role("link", name="Supabase").click()
        expect(page.locator("#source-arrival")).to_contain_text("Waiting for the first event")
        deliver(site, "supabase", {"type": "INSERT", "table": "orders", "schema": "public", "record": {"id": 1}})
        expect(page.locator("#source-arrival")).to_contain_text("nothing in them was an event", timeout=15_000)
        expect(page.locator("#source-status")).to_have_text("Waiting for the first event")
        created = datetime.now(UTC).isoformat()
        record = {"id": "u1", "email": "new@shop.example", "created_at": created}
        deliver(site, "supabase", {"type": "INSERT", "table": "users", "schema": "auth", "record": record})
        expect(page.locator("#source-arrival")).to_contain_text("Events arrive.", timeout=15_000)
        expect(page.locator("#source-status")).to_have_text("Receiving")
        page.get_by_role("checkbox", name="Keep unknown types").check()
        page.get_by_role("button", name="Save", exact=True).press("Enter")
        expect(page.locator("#toasts")).to_contain_text("Saved.")
        assert page.get_by_role("checkbox", name="Keep unknown types").is_checked()
        deliver(site, "supabase", "no object", 400)
        api = Api(site.server.url, site.api_key)
        wait_until(
            lambda: api.http.get("/sources/supabase").json()["data"]["refused"], bool, what="the count of what was refused"
        )
        visit.go("integrations/supabase/")
        expect(page.get_by_text("Not what the vendor sends")).to_be_visible()
        assert visit.findings_in_all_looks() == []


def test_a_drawn_secret_is_shown_once(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        visit.go("integrations/keycloak/")
        page.get_by_role("button", name="Draw a secret").click()
        secret = page.locator("#new-secret").inner_text()
        assert len(secret) > 30
        assert visit.findings_in_all_looks() == []
        visit.go("integrations/keycloak/")
        expect(page.get_by_role("button", name="Rotate the secret")).to_be_visible()
        assert secret not in page.content()


def test_a_forwarder_is_added_changed_and_brought_back_and_tells_why_it_does_not_get_through(site: Site) -> None:
    with site.visit() as visit:
        page = visit.page
        visit.go("integrations/")
        page.get_by_role("link", name="Add a forwarder").click()
        page.get_by_label("Name", exact=True).fill("Collector")
        page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/")
        page.get_by_role("button", name="Add the forwarder").click()
        expect(page.locator("#e-url")).to_contain_text("must begin with https://")
        assert visit.findings_in_all_looks() == []
        page.get_by_label("Address", exact=True).fill("https://127.0.0.1:9/")  # nobody listens there
        page.get_by_role("button", name="Add the forwarder").press("Enter")
        expect(page.locator("#toasts")).to_contain_text("Collector gets what comes in from now on")
        card = page.get_by_role("article", name="Collector")
        card.get_by_role("button", name="Send a test").click()
        expect(page.locator("#toasts")).to_contain_text("refused")
        card.get_by_role("button", name="Pause").click()
        expect(card).to_contain_text("Paused")
        assert visit.findings_in_all_looks() == []
        card.get_by_role("link", name="Change").click()
        expect(page.get_by_label("Address", exact=True)).to_have_value("https://127.0.0.1:9/")
        page.get_by_label("Name", exact=True).fill("")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#e-name")).to_contain_text("Give the forwarder a name")
        assert visit.findings_in_all_looks() == []
        page.get_by_label("Name", exact=True).fill("Vector")
        page.get_by_role("button", name="Save").press("Enter")
        expect(page.locator("#toasts")).to_contain_text("Vector is changed")

        card = page.get_by_role("article", name="Vector")
        card.get_by_role("button", name="Remove").click()
        expect(card).to_have_count(0)
        page.locator("#toasts").get_by_role("button", name="Undo").press("Enter")
        expect(page.locator("#toasts")).to_contain_text("Vector is back")
        expect(card).to_contain_text("Paused")
        card.get_by_role("button", name="Remove").click()
        expect(page.locator("#toasts").get_by_role("button", name="Undo")).to_be_visible()
        assert visit.findings_in_all_looks() == []
