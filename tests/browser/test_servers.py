"""The pages of servers in a browser: the way to add one, the list with its counts, one server and its name."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from browser.visits import Site

LINES = [
    "Nov 26 07:12:40 web-3 sshd[811]: Failed password for root from 198.51.100.9 port 40022 ssh2",
    "Nov 26 07:12:44 web-3 sshd[811]: Failed password for invalid user P@ssw0rd! from 10.1.2.3 port 40022 ssh2",
]


def post(site: Site, path: str, body: object) -> None:
    answer = httpx.post(f"{site.server.url}/api/v1{path}", json=body, headers={"X-API-Key": site.api_key})
    answer.raise_for_status()


@pytest.fixture
def _a_server(site: Site) -> Iterator[None]:
    """Have one server, and none again afterwards: the other tests share the site."""
    beat = {"hostname": "web-3", "ip_address": "10.4.0.12", "agent_version": "1.3.0", "recent_logs": LINES}
    post(site, "/agent/heartbeat", beat)
    yield
    site.server.litesoc("servers", "remove", "web-3")


def test_without_a_server_the_page_says_how_to_add_one(site: Site) -> None:
    with site.visit("viewer") as visit:
        visit.go("servers/")
        expect(visit.page.get_by_role("heading", name="No server yet")).to_be_visible()
        expect(visit.page.locator("#install-agent")).to_contain_text(f"--server {site.server.url}")
        assert visit.findings_in_all_looks() == []


@pytest.mark.usefixtures("_a_server")
def test_the_list_counts_events_and_leads_to_a_server_that_can_be_named(site: Site) -> None:
    post(site, "/collect", {"event": "auth.logout", "metadata": {"source_hostname": "web-3"}})
    with site.visit() as visit:
        visit.go("servers/")
        expect(visit.page.get_by_role("link", name="events from web-3 in 24 hours")).to_be_visible()
        assert visit.findings_in_all_looks() == []
        visit.page.get_by_role("link", name="web-3", exact=True).click()
        expect(visit.page.get_by_label("Recent lines of its log")).to_contain_text("invalid user [REDACTED] from [REDACTED]")
        assert visit.findings_in_all_looks() == []
        visit.page.get_by_label("What you call it").fill("Shop front")
        visit.page.get_by_role("button", name="Save").click()
        expect(visit.page.get_by_role("heading", name="Shop front")).to_be_visible()
        visit.page.get_by_role("link", name="Its events, 24 h").click()
        expect(visit.page.locator("[data-row]").first).to_be_visible()
