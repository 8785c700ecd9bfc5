"""Notifications in a browser: the first channel, a test of it, what it hears of, what was sent; and how the pages look."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from browser.visits import Site

NAME = "Security <b>room</b>"
PAGES = ("notifications/", "notifications/routes/", "notifications/deliveries/")


@pytest.fixture(scope="module")
def receiver() -> Iterator[HTTPServer]:
    """A webhook receiver; the server's operator allows this machine (browser/conftest.py)."""
    with HTTPServer(host="127.0.0.1", port=0) as server:
        server.expect_request("/hook").respond_with_data("thank you", status=202)
        yield server


def test_without_a_channel_the_pages_lead_to_the_first_one(site: Site) -> None:
    with site.visit("owner") as visit:
        kinds = ("notifications/new/", *(f"notifications/new/{kind}/" for kind in ("email", "slack", "slack_bot")))
        assert visit.findings_on(*PAGES, "notifications/mine/", *kinds) == []
        visit.page.keyboard.press("g")
        visit.page.keyboard.press("n")
        expect(visit.page.get_by_role("heading", name="Nobody is told yet")).to_be_visible()
    with site.visit("viewer") as visit:
        visit.go("notifications/")
        expect(visit.page.get_by_role("link", name="Add a channel")).to_have_count(0)


def test_a_webhook_is_added_tested_routed_and_removed(site: Site, receiver: HTTPServer) -> None:
    with site.visit("admin") as visit:
        page = visit.page
        visit.go("notifications/")
        page.get_by_role("link", name="Webhook Signed").click()
        page.get_by_label("Name").fill(NAME)
        page.locator("[name=s-url]").fill("ftp://nowhere.example/")
        page.get_by_role("button", name="Add the channel").click()
        expect(page.locator("[name=s-url]")).to_have_attribute("aria-invalid", "true")
        assert visit.axe_findings() == []
        page.locator("[name=s-url]").fill(receiver.url_for("/hook"))
        page.get_by_role("button", name="Add the channel").click()
        expect(page.get_by_role("heading", name=NAME, exact=True)).to_be_visible()

        page.get_by_role("button", name="Test", exact=True).click()
        result = page.locator("#test-result")
        expect(result).to_contain_text("The test arrived")
        expect(result).to_contain_text("thank you")
        assert visit.findings_in_all_looks() == []
        request, _ = receiver.log[0]
        assert request.json["type"] == "test"
        assert "webhook-signature" in request.headers

        page.get_by_role("link", name="What was sent").click()
        expect(page.locator("pre.answer").last).to_contain_text('"type":"test"')
        assert visit.findings_in_all_looks() == []

        visit.go("notifications/routes/")
        page.get_by_role("link", name="Change the route").click()
        page.get_by_label("Severity").select_option("high")
        page.get_by_label("Quiet from").fill("22:00")
        page.get_by_label("until", exact=True).fill("07:00")
        page.get_by_label("Time zone").fill("Europe/Berlin")
        assert visit.findings_in_all_looks() == []
        page.get_by_role("button", name="Save").click()
        sentence = "High and above · live · all detectors · at once · quiet 22:00 to 07:00 Europe/Berlin, except critical"
        expect(page.locator("main")).to_contain_text(sentence)

        assert visit.findings_on(*PAGES) == []
        visit.go("notifications/")
        page.get_by_role("button", name="Test Security").click()
        expect(page.locator(".channel-test")).to_contain_text("The test arrived")
        page.get_by_role("link", name=NAME, exact=True).click()
        page.get_by_role("button", name="Show the secret").click()
        expect(page.locator("#secret")).to_contain_text("whsec_")
        assert visit.axe_findings() == []
        page.get_by_role("button", name="Remove…").click()
        assert visit.axe_findings() == []
        page.locator("#remove-dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(page.locator("#toasts")).to_contain_text("is removed")


def test_the_answer_of_a_slow_receiver_appears_when_it_comes(site: Site, receiver: HTTPServer) -> None:
    released = threading.Event()

    def answer_late(_: Request) -> Response:
        released.wait(15)
        return Response("at last")

    receiver.expect_request("/slow").respond_with_handler(answer_late)
    with site.visit("admin") as visit:
        page = visit.page
        visit.go("notifications/new/webhook/")
        page.get_by_label("Name").fill("Slow")
        page.locator("[name=s-url]").fill(receiver.url_for("/slow"))
        page.get_by_role("button", name="Add the channel").click()
        page.get_by_role("button", name="Test", exact=True).click()
        result = page.locator("#test-result")
        expect(result).to_contain_text("The test is on its way")
        assert visit.findings_in_all_looks() == []
        released.set()
        expect(result).to_contain_text("The test arrived")
        expect(result).to_contain_text("at last")
