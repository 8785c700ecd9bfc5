"""Everything that a sender may choose, chosen to do harm or to break pages: they stay whole, and nothing of it is run."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from browser.people import sign_in_everybody
from browser.visits import LOOKS, Site, Theme, Visit
from http_client import Api
from started_before import started_before

SCRIPT = "<script>document.title='run'</script>"
IMAGE = "\"'><img src=x onerror=\"document.title='run'\">"
EMOJI = "🦊👩🏽‍🚀" * 50  # 400 UTF-16 units and more
RIGHT_TO_LEFT = "\u202eمستخدم\u2066 gpj.exe"
TEMPLATE = "{{ request.user.password }}{% debug %}${7*7}"
ACTORS = (SCRIPT, IMAGE, EMOJI, RIGHT_TO_LEFT, TEMPLATE, "../../admin/?a=b&c=d#e", '=HYPERLINK("http://evil")')
IPV6 = "2001:67c:289c:0:0:0:dead:beef"
ALERTS_MIN = 3


def attack(actor: str, address: str, count: int = 5) -> list[dict[str, object]]:
    """Failed logins and a login, with something hostile in every field."""
    failures = [_event("auth.login_failed", actor, address) for _ in range(count)]
    return [*failures, _event("auth.login_success", actor, address), _event("data.export", actor, address)]


def _event(name: str, actor: str, address: str) -> dict[str, object]:
    metadata = {
        "user_agent": IMAGE,
        "session_id": SCRIPT,
        "device_id": EMOJI,
        SCRIPT: IMAGE,
        "nested": {"__proto__": SCRIPT, "text": RIGHT_TO_LEFT},
        "rows": 50_000,
    }
    return {
        "event": name,
        "actor": {"id": actor, "email": f"{actor[:60]}@shop.example"},
        "user_ip": address,
        "metadata": metadata,
    }


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    server = started_before(tmp_path_factory.mktemp("hostile") / "data")
    account = server.init(org=f"{SCRIPT} & Söhne", email="founder@shop.example")
    server.start()
    try:
        sessions = sign_in_everybody(server, account["org_id"])
        api = Api(server.url, account["api_key"])
        for number, actor in enumerate(ACTORS):
            address = IPV6 if number % 2 else f"185.220.101.{number + 30}"
            assert api.collect(*attack(actor, address)).status_code == 202
        assert api.collect({"event": SCRIPT, "actor": {"id": SCRIPT}, "user_ip": SCRIPT}).status_code in {202, 400}
        api.wait_for_events(len(ACTORS) * 7)
        for _ in range(ALERTS_MIN):
            api.wait_for_alert(status="open")
        slug = "scriptdocumenttitlerunscript-sohne"
        yield Site(server, account["org_id"], slug, account["api_key"], sessions, browser)
    finally:
        server.stop()


def paths(site: Site) -> list[str]:
    """Every page that shows what senders wrote, but for those of actors."""
    api = Api(site.server.url, site.api_key)
    alerts = [f"alerts/{alert['id']}/" for alert in api.alerts()["data"]]
    events = [f"events/{event['id']}/" for event in api.events(limit=100)["data"][::9]]
    lists = ["", "events/", "alerts/", "actors/", "addresses/", "detections/", "suppressions/", "setup/"]
    return [*lists, f"addresses/address?ip={IPV6}", *alerts[:6], *events[:4]]


def look(visit: Visit, path: str) -> None:
    """Open a page and see that it is whole."""
    visit.go(path)
    check_it_is_whole(visit, path)


def check_it_is_whole(visit: Visit, path: str) -> None:
    """Wait until the parts of the open page are there, and see that it is whole."""
    visit.page.locator(".htmx-request").first.wait_for(state="detached")
    assert "run" not in visit.page.title().split(), path
    assert visit.page.locator("main img[src=x], main script:not([type='application/json'])").count() == 0, path
    assert not visit.overflows(), path


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_pages_stay_whole(hostile: Site, theme: Theme, size: tuple[int, int]) -> None:
    with hostile.visit(theme=theme, size=size) as visit:
        visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
        for path in paths(hostile):
            look(visit, path)
        for path in ("", f"actors/actor?id={quote(EMOJI, safe='')}"):
            look(visit, path)
            assert visit.axe_findings() == [], path


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_an_actor_is_reached_from_the_list_whatever_its_id_holds(hostile: Site, theme: Theme, size: tuple[int, int]) -> None:
    with hostile.visit(theme=theme, size=size) as visit:
        visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
        for actor in ACTORS:
            visit.go("actors/")
            visit.page.locator(f"a[title={_css_text(actor)}]").first.click()
            visit.page.wait_for_url(lambda url: "actors/actor?" in url)
            assert actor in (visit.page.get_by_role("heading", level=1).text_content() or "")
            check_it_is_whole(visit, actor)


def test_a_comment_is_only_text(hostile: Site) -> None:
    alert = Api(hostile.server.url, hostile.api_key).alerts()["data"][0]
    with hostile.visit("analyst") as visit:
        visit.go(f"alerts/{alert['id']}/")
        visit.page.get_by_label("Add a comment").fill(f"{SCRIPT}\n{IMAGE}\n{RIGHT_TO_LEFT}")
        visit.page.get_by_role("button", name="Comment", exact=True).click()
        visit.page.get_by_text(SCRIPT).first.wait_for()
        look(visit, f"alerts/{alert['id']}/")


def _css_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
