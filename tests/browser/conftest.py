"""A real server with traffic in it, one for all browser tests of a worker, and Debian's Chromium."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.people import sign_in_everybody
from browser.traffic import send_ordinary_traffic, send_story
from browser.visits import Site, find_chromium, launch
from http_client import Api, wait_until
from live_server import LiveServer
from servers import MISSING
from started_before import started_before

ALERTS_OF_STORY = 6
# Visits share what one of them had compiled, and no code is optimised for pages that are left within a second: that took a
# fifth of the processor time.
CHEAP = ("--process-per-site", "--js-flags=--no-turbofan,--no-maglev")
NO_CHROMIUM = f"{MISSING}Chromium (Debian: apt-get install chromium-headless-shell)"


@dataclass(frozen=True)
class Filled:
    """A server that runs, the answer of `litesoc init` on it, and the session of each role."""

    server: LiveServer
    account: dict[str, str]
    sessions: dict[str, str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not longer than a file: Playwright's event loop would be in the way of Django's tests on this worker."""
    executable = find_chromium()
    if executable is None:
        if "CI" in os.environ:
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        chromium = launch(playwright, executable, *CHEAP)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """A server whose organisation has some days of traffic and the demo's attacks; tests may add to it."""
    # Webhooks of tests are received on this machine.
    server = started_before(tmp_path_factory.mktemp("site") / "data", env={"LITESOC_EGRESS_ALLOW": "127.0.0.0/8"})
    account = server.init(email="founder@shop.example")
    server.start()
    try:
        yield Filled(server, account, _filled(server, account))
    finally:
        server.stop()


@pytest.fixture(scope="module")
def site(browser: Browser, filled: Filled) -> Site:
    """The filled server, seen with a browser."""
    org_id, api_key = filled.account["org_id"], filled.account["api_key"]
    return Site(filled.server, org_id, "shop-example", api_key, filled.sessions, browser)


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
