"""Take a picture of every page: light and dark, wide and narrow, into screenshots/; two of them, packed, into docs/img/.

Run as `make screenshots`. It starts a server with the demo's story and two weeks of everyday events.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the tests' browser looks at the pages

import httpx  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from browser.people import OPERATOR, sign_in_everybody  # noqa: E402 # found by the line above
from browser.second_org import GUEST, SecondOrg, make_second_org  # noqa: E402
from browser.traffic import send_story  # noqa: E402
from browser.visits import DESKTOP, PHONE, Site, Visit, find_chromium, launch  # noqa: E402
from http_client import Api, wait_until  # noqa: E402
from litesoc_server.cli.client import ApiClient  # noqa: E402
from litesoc_server.cli.demo_traffic import ordinary_days, send_days  # noqa: E402
from live_server import LiveServer  # noqa: E402

# Name of an address in web/urls.py -> what stands behind the organisation's address; {…} are ids of the story.
PAGES: Mapping[str, str] = {
    "overview": "?range=7d",
    "setup": "setup/",
    "events": "events/?range=7d",
    "event": "events/{event_id}/",
    "alerts": "alerts/",
    "alert": "alerts/{alert_id}/",
    "actors": "actors/",
    "actor": "actors/actor?id=mira%40shop.example",
    "addresses": "addresses/",
    "address": "addresses/address?ip=185.220.101.34",
    "servers": "servers/",
    "server": "servers/{server_id}/",
    "detections": "detections/",
    "detections_general": "detections/general/",
    "detections_general_edit": "detections/general/{section}/",
    "detector": "detections/{detector}/",
    "detector_edit": "detections/{detector}/edit",
    "policy_changes": "detections/changes/",
    "integrations": "integrations/",
    "integration": "integrations/auth0/",
    "forwarder_new": "integrations/out/new",
    "forwarder_edit": "integrations/out/{forwarder_id}/",
    "suppressions": "suppressions/",
    "suppression_extend": "suppressions/{suppression_id}/extend",
    "suppression_new": "suppressions/new",
    "notifications": "notifications/",
    "channel_kinds": "notifications/new/",
    "channel_new": "notifications/new/email/",
    "notification_channel": "notifications/channels/{channel_id}/",
    "notification_routes": "notifications/routes/",
    "route_new": "notifications/channels/{channel_id}/routes/new",
    "route_edit": "notifications/routes/{route_id}/",
    "notification_deliveries": "notifications/deliveries/",
    "notification_delivery": "notifications/deliveries/{delivery_id}/",
    "notification_mine": "notifications/mine/",
    "settings_audit": "settings/audit/",
    "settings_audit_entry": "settings/audit/1/",
    "settings_general": "settings/general/",
    "settings_delete": "settings/general/delete",
    "settings_members": "settings/members/",
    "settings_member": "settings/members/{user_id}/",
    "settings_leave": "settings/members/leave",
    "settings_keys": "settings/keys/",
    "settings_key_new": "settings/keys/new",
    "settings_key": "settings/keys/{key_id}/",
    "settings_security": "settings/security/",
    "settings_usage": "settings/usage/",
    "settings_privacy": "settings/privacy/",
    "settings_person": "settings/privacy/person/?actor=mira%40shop.example",
    "settings_person_erase": "settings/privacy/person/erase?actor=mira%40shop.example",
    "settings_empty_test": "settings/privacy/empty-test",
}
# Addresses without a page of their own: what scripts ask for, files, and what is only posted to.
NO_PAGES = frozenset({
    "forwarder_pause", "forwarder_remove", "forwarder_restore", "forwarder_test",
    "integration_change", "integration_forget", "integration_progress", "integration_secret", "integration_secret_remove",
    "palette", "setup_key", "setup_notices", "setup_progress",
    "event_chart", "event_completion", "event_facets", "events_export", "events_stream",
    "alert_assign", "alert_comment", "alert_comments", "alert_completion", "alert_decide", "alert_login", "alert_suppress",
    "alert_undo",
    "overview_alerts", "overview_arrivals", "overview_figures", "overview_map", "overview_tops",
    "actor_links", "actor_map", "actor_risk", "actor_timeline", "address_actors", "address_timeline",
    "settings", "settings_audit_export", "settings_audit_retention", "settings_delete_cancel", "settings_general_rename",
    "settings_invite", "settings_invitation_resend", "settings_invitation_withdraw",
    "settings_privacy_retention", "settings_privacy_rules", "settings_person_export",
    "settings_member_remove", "settings_member_role", "settings_member_transfer",
    "settings_key_allow_list", "settings_key_change", "settings_key_revoke", "settings_key_rotate",
    "settings_allow_list", "settings_origins",
    "saved_view_delete", "saved_view_rename", "saved_view_restore", "saved_view_save",
    "detector_mute", "detector_unmute", "policy_reset", "policy_undo",
    "suppression_end", "suppression_resume", "suppressions_export",
    "channel_change", "channel_mute", "channel_remove", "channel_restore", "channel_secret", "channel_switch",
    "channel_test", "channel_test_result",
    "deliveries_replay", "delivery_replay", "route_remove", "rule_add", "rule_remove", "rule_switch",
    "servers_table", "server_rename", "server_remove", "server_update",
    "alerts_bulk", "alerts_bulk_step", "alerts_bulk_undo", "alerts_export", "alerts_new",
})  # fmt: skip
OTHER_PAGES: Mapping[str, str] = {"profile": "/profile/", "not_found": "/no/such/page"}
OPERATORS_PAGES: Mapping[str, str] = {"operator": "/operator/", "operator_suspend": "/operator/{second_org_id}/suspend"}
GUESTS_PAGES: Mapping[str, str] = {"invitation_accept": "/invitations/{guest}/"}
INVITATIONS: Mapping[str, str] = {  # as somebody sees them who is not signed in
    "invitation_new_account": "/invitations/{new}/",
    "invitation_sign_in": "/invitations/{guest}/",
    "invitation_expired": "/invitations/{expired}/",
}
SIGNED_OUT_PAGES: Mapping[str, str] = {"home": "/", "sign_in": "/accounts/login/", "reset": "/accounts/password/reset/"}
THEMES = ("light", "dark")
SIZES = {"1440": DESKTOP, "390": PHONE}
README_SIZE = (1440, 1080)
IN_README = ("overview", "alert")
README_COLOURS, README_BYTES_MAX = 128, 200_000
SETTLE_MS = 1_000  # charts and maps draw themselves
PARTS_ON_THEIR_WAY = "document.querySelectorAll('.htmx-request, [hx-trigger^=load]:not([data-htmx-powered])').length"
ALERTS_OF_STORY = 8
NOBODYS_ADDRESS = "http://127.0.0.1:9/hook"  # port 9 (discard): nobody listens there


def missing_pages() -> set[str]:
    """Return the names of addresses that are neither in PAGES nor in NO_PAGES, and those that no longer exist."""
    import django  # noqa: PLC0415 # its settings read the environment, which main() prepares

    django.setup()
    from litesoc_server.web.urls import organization_urls  # noqa: PLC0415 # needs Django set up

    return set(_names(organization_urls)) ^ (set(PAGES) | NO_PAGES)


def _names(patterns: Iterable[Any]) -> Iterator[str]:
    """Yield the names of addresses, also of those that are included."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _names(pattern.url_patterns)
        else:
            yield pattern.name


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(DJANGO_SETTINGS_MODULE="litesoc_server.settings", LITESOC_DATA_DIR=f"{directory}/none")
        if wrong := missing_pages():
            sys.exit(f"Name these addresses of web/urls.py in PAGES or NO_PAGES, or remove them there: {sorted(wrong)}")
        executable = find_chromium()
        if executable is None:
            sys.exit("Chromium is needed (Debian: apt-get install chromium)")
        server = LiveServer(Path(directory) / "data", env={"LITESOC_EGRESS_ALLOW": "127.0.0.0/8"})
        account = server.init(email="founder@shop.example")
        server.start()
        try:
            sessions = _fill(server, account)
            second = make_second_org(server)
            sessions[GUEST] = second.sessions[GUEST]
            with sync_playwright() as playwright:
                browser = launch(playwright, executable)
                site = Site(server, account["org_id"], "shop-example", account["api_key"], sessions, browser)
                _take_all(site, second)
        finally:
            server.stop()


def _fill(server: LiveServer, account: Mapping[str, str]) -> dict[str, str]:
    key = server.create_key("ingest", "read", "backfill")
    sessions = sign_in_everybody(server, account["org_id"])
    with ApiClient(server.url, key) as client:
        send_days(client, ordinary_days(time.time_ns() // 1_000_000))
    send_story(server, key)
    api = Api(server.url, account["api_key"])
    wait_until(lambda: api.alerts()["pagination"]["total"], lambda total: total >= ALERTS_OF_STORY, what="the alerts")
    return sessions


def _take_all(site: Site, second: SecondOrg) -> None:
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    addresses = {**_addresses(site), **OTHER_PAGES}
    ids = {"second_org_id": second.org_id, **second.invitations}
    pages_by_role = {
        "owner": addresses,
        OPERATOR: {name: path.format_map(ids) for name, path in OPERATORS_PAGES.items()},
        GUEST: {name: path.format_map(ids) for name, path in GUESTS_PAGES.items()},
        None: {**SIGNED_OUT_PAGES, **{name: path.format_map(ids) for name, path in INVITATIONS.items()}},
    }
    for theme in THEMES:
        for width, size in SIZES.items():
            for role, pages in pages_by_role.items():
                with site.visit(role, theme=theme, size=size, expected=("404", "410")) as visit:
                    for name, path in pages.items():
                        _take(visit, path, size, folder / f"{name}-{theme}-{width}.png")
    for name in IN_README:
        with site.visit("owner", theme="light", size=DESKTOP) as visit:
            _take(visit, addresses[name], README_SIZE, folder / f"{name}-readme.png", is_whole=False)
        _pack(folder / f"{name}-readme.png", ROOT / "docs" / "img" / f"{name}.png")


def _addresses(site: Site) -> dict[str, str]:
    """Return the address of each page: of an alert that has much to show, the event that triggered it, its people."""
    api = Api(site.server.url, site.api_key)
    alert = next(alert for alert in api.alerts()["data"] if alert["alert_type"] == "impossible_travel")
    ids = {
        "alert_id": alert["id"],
        "event_id": alert["trigger_event_id"],
        "detector": "impossible_travel",
        "section": "blocked",
        "suppression_id": _suppress(api),
        "user_id": _a_member(site),
        **_notifications(site),
        "server_id": _an_agent(api),
        "forwarder_id": _a_forwarder(site),
        "key_id": api.http.get("/api/v1/keys").json()["data"][0]["id"],
    }
    return {name: path.format_map(ids) for name, path in PAGES.items()}


def _notifications(site: Site) -> dict[str, str]:
    """Return ids of what stands on the pages about notifications: a channel, which nobody answers, its route, a delivery."""
    org = ("--org", site.org_id)
    made = site.server.litesoc_json("notify", "add", *org, "--name", "#security", "--set", f"url={NOBODYS_ADDRESS}")
    site.server.litesoc("notify", "test", *org, "#security")
    answer = httpx.get(site.url_of("notifications/routes/"), cookies={"litesoc_session": site.sessions["owner"]})
    answer.raise_for_status()
    route = re.search(r"/notifications/routes/([0-9a-f-]{36})/", answer.text)
    assert route is not None
    return {
        "channel_id": made["id"],
        "route_id": route[1],
        "delivery_id": site.server.litesoc_json("notify", "deliveries", *org)[0]["id"],
    }


def _a_forwarder(site: Site) -> str:
    """Have a forwarder whose receiver nobody runs; return its id."""
    to_nobody = ("--set", "address=127.0.0.1:9", "--what", "alerts")
    made = site.server.litesoc_json("forward", "add", "syslog", "--org", site.org_id, "--name", "QRadar", *to_nobody)
    return str(made[0]["id"])


def _a_member(site: Site) -> str:
    """Return the id of a member whom the owner may change."""
    answer = httpx.get(site.url_of("settings/members/"), cookies={"litesoc_session": site.sessions["owner"]})
    answer.raise_for_status()
    return answer.text.partition("settings/members/invitations")[0].rpartition("/settings/members/")[2].partition("/")[0]


def _an_agent(api: Api) -> str:
    """Have agents of three computers say that they are alive; return the id of the one with most to show."""
    said = {"ip_address": "10.4.0.12", "agent_version": "1.3.0"}
    lines = [
        "Nov 26 07:12:40 web-3 sshd[811]: Failed password for root from 198.51.100.9 port 40022 ssh2",
        "Nov 26 07:12:44 web-3 sshd[811]: Failed password for invalid user P@ssw0rd! from 198.51.100.9 port 40022 ssh2",
        "Nov 26 07:13:02 web-3 sudo:   mira : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart shop",
    ]
    for body in ({"hostname": "db-1"}, {"hostname": "build-runner-7"}, {"hostname": "web-3", "recent_logs": lines}):
        api.http.post("/api/v1/agent/heartbeat", json=said | body).raise_for_status()
    return str(api.http.get("/api/v1/servers").json()["data"][0]["id"])


def _suppress(api: Api) -> str:
    """Suppress something of no importance, so that the pages about it have something to show; return its id."""
    body = {
        "reason": "Load test of the new sign-in page",
        "detector": "brute_force_address",
        "address": "198.51.100.0/24",
        "expires_at": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
    }
    answer = api.http.post("/api/v1/detection/suppressions", json=body)
    answer.raise_for_status()
    return str(answer.json()["data"]["id"])


def _take(visit: Visit, path: str, size: tuple[int, int], file: Path, *, is_whole: bool = True) -> None:
    width, height = size
    visit.page.set_viewport_size({"width": width, "height": height})
    visit.go(path)
    wait_until(lambda: visit.page.evaluate(PARTS_ON_THEIR_WAY), lambda count: count == 0, what=f"all of {path}")
    visit.page.wait_for_timeout(SETTLE_MS)
    if is_whole:  # by a window as high as the page, so that the side bar reaches its end
        height = int(visit.page.evaluate("document.documentElement.scrollHeight"))
        visit.page.set_viewport_size({"width": width, "height": height})
        visit.page.wait_for_timeout(SETTLE_MS)
    visit.page.screenshot(path=file)
    print(file.relative_to(ROOT))


def _pack(picture: Path, file: Path) -> None:
    """Write a picture with few colours, as it goes into the repository."""
    Image.open(picture).convert("RGB").quantize(README_COLOURS).save(file, optimize=True)
    size = file.stat().st_size
    if size > README_BYTES_MAX:
        sys.exit(f"{file} has {size:,} bytes; the limit is {README_BYTES_MAX:,}")


if __name__ == "__main__":
    main()
