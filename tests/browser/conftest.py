"""A real server with traffic in it and Debian's Chromium; one of each for all browser tests of a worker."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.people import sign_in_everybody
from browser.traffic import send_ordinary_traffic, send_story
from browser.visits import Site, find_chromium, launch
from http_client import Api, wait_until
from live_server import LiveServer
from servers import MISSING

ALERTS_OF_STORY = 6
NO_CHROMIUM = f"{MISSING}Chromium (Debian: apt-get install chromium)"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        if "CI" in os.environ:
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        chromium = launch(playwright, executable)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    """A server whose organisation has some days of traffic and the demo's attacks; tests may add to it."""
    server = LiveServer(tmp_path_factory.mktemp("site") / "data")
    account = server.init(email="founder@shop.example")
    server.start()
    try:
        sessions = _filled(server, account)
        yield Site(server, account["org_id"], "shop-example", account["api_key"], sessions, browser)
    finally:
        server.stop()


def _filled(server: LiveServer, account: dict[str, str]) -> dict[str, str]:
    """Bring people and traffic in; return the people's sessions once the alerts are there."""
    backfill_key = server.create_key("ingest", "read", "backfill")
    sessions = sign_in_everybody(server, account["org_id"])
    send_ordinary_traffic(server, backfill_key)
    send_story(server, backfill_key)
    api = Api(server.url, account["api_key"])
    wait_until(
        lambda: api.alerts()["pagination"]["total"], lambda total: total >= ALERTS_OF_STORY, what="the alerts of the story"
    )
    return sessions
