"""The settings, the operator's page and invitations in a real browser, in an organisation of their own: they change it."""

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Filled
from browser.people import OPERATOR
from browser.second_org import GUEST, NAME, OWNER, PASSWORD, SLUG, SecondOrg, make_second_org
from browser.visits import Site

# What people see who may change it, by role; {…} are ids.
PAGES = {
    "owner": (
        "settings/general/",
        "settings/members/",
        "settings/members/{analyst}/",
        "settings/keys/",
        "/o/{slug}/test/settings/keys/",
        "settings/keys/new",
        "settings/keys/{key}/",
        "settings/security/",
        "settings/usage/",
        "settings/audit/",
        "settings/audit/?who=nobody",
        "settings/audit/2/",
        "settings/privacy/",
        "settings/privacy/person/?actor=mira@shop.example",
        "settings/privacy/person/?actor=",
        "settings/privacy/empty-test",
    ),
    "viewer": ("settings/general/", "settings/members/leave", "settings/privacy/"),
    OPERATOR: ("/operator/", "/operator/{org_id}/suspend"),
}
INVITATIONS = (
    (None, "new", "Create the account and join"),
    (None, "guest", "You have an account."),
    (GUEST, "guest", "Not now"),
    ("viewer", "new", "This invitation is for somebody else"),
    (None, "expired", "This invitation has expired"),
)


@pytest.fixture(scope="module")
def second(filled: Filled) -> SecondOrg:
    return make_second_org(filled.server)


@pytest.fixture(scope="module")
def house(browser: Browser, filled: Filled, second: SecondOrg) -> Site:
    return Site(filled.server, second.org_id, SLUG, "", second.sessions, browser)


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def told(page: Page, text: str) -> None:
    expect(page.locator("#toasts")).to_contain_text(text)


def tab_is_marked(page: Page) -> None:
    if "/settings/" in page.url:
        tabs = page.get_by_role("navigation", name="Settings")
        expect(tabs.locator("[aria-current=page]")).to_have_count(1)


@pytest.mark.parametrize("role", list(PAGES))
def test_they_look_right(house: Site, second: SecondOrg, role: str) -> None:
    ids = {"analyst": second.members["analyst"], "key": second.keys["Booking site"], "org_id": second.org_id, "slug": SLUG}
    with house.visit(role) as visit:
        assert visit.findings_on(*(path.format_map(ids) for path in PAGES[role]), after=tab_is_marked) == []


def test_what_an_invitation_leads_to_looks_right(house: Site, second: SecondOrg) -> None:
    for role, invitation, text in INVITATIONS:
        with house.visit(role, expected=("410",)) as visit:
            visit.go(f"/invitations/{second.invitations[invitation]}/")
            expect(visit.page.get_by_role("main")).to_contain_text(text)
            assert visit.findings_in_all_looks() == [], (role, invitation)


def test_keys_lead_there_and_the_tab_is_in_view_on_a_phone(house: Site) -> None:
    with house.visit("viewer") as visit:
        visit.go("alerts/")
        visit.page.keyboard.press("g")
        visit.page.keyboard.press("s")
        expect(visit.page.get_by_role("heading", name="Settings")).to_be_visible()
        visit.page.set_viewport_size({"width": 390, "height": 844})
        visit.go("settings/privacy/")
        expect(visit.page.get_by_role("link", name="Retention and privacy")).to_be_in_viewport(ratio=1)


def test_a_viewer_changes_nothing(house: Site) -> None:
    with house.visit("viewer", expected=("403",)) as visit:
        for path in ("settings/general/", "settings/members/", "settings/privacy/", "settings/usage/"):
            visit.go(path)
            main = visit.page.get_by_role("main")
            expect(main.get_by_role("heading", name="Settings")).to_be_visible()
            expect(main.locator("form, input, select, textarea, .danger, button.primary")).to_have_count(0)
        tabs = visit.page.get_by_role("navigation", name="Settings").get_by_role("link")
        expect(tabs).to_have_text(["General", "Members", "Usage and plan", "Retention and privacy"])
        for path in ("settings/keys/", "settings/security/", "settings/audit/"):
            visit.go(path)
            expect(visit.page.get_by_role("main")).to_contain_text("You may not do this")


def test_a_key_is_made_shown_once_rotated_and_revoked(house: Site, second: SecondOrg) -> None:
    with house.visit("admin") as visit:
        page = visit.page
        page.context.grant_permissions(["clipboard-write"])  # nobody is there to be asked
        visit.go("settings/keys/new")
        button(page, "Create the key")
        expect(page.get_by_text("Say what the key is for.")).to_be_visible()
        assert visit.findings_in_all_looks() == []
        page.get_by_label("Name").fill("Night shift")
        button(page, "Create the key")
        first = page.locator("#new-key").inner_text()
        assert first.startswith("lsoc_live_")
        button(page, "Copy the key")
        expect(page.locator("#announcements")).to_have_text("Copied")
        assert visit.findings_in_all_looks() == []
        visit.go("settings/keys/")
        assert first not in page.content()
        page.get_by_role("link", name=re.compile("Change Night shift")).click()
        page.get_by_label("Now", exact=True).check()
        button(page, "Rotate")
        second_key = page.locator("#new-key").inner_text()
        assert second_key != first
        expect(page.get_by_role("region", name="Ended")).to_contain_text(f"{first[:14]}…")
        page.get_by_role("link", name=f"Change Night shift, {second_key[:14]}").click()
        button(page, "Revoke…")
        expect(page.get_by_role("dialog")).to_contain_text("It has not been used yet. This cannot be undone.")
        assert visit.findings_in_all_looks() == []
        button(page, "Keep it")
        expect(page.get_by_role("dialog")).to_be_hidden()
        button(page, "Revoke…")
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        told(page, "The key “Night shift” is revoked.")
        expect(page.get_by_role("region", name="Ended")).to_contain_text(f"{second_key[:14]}…")
        expect(page.get_by_role("region", name="Live keys")).not_to_contain_text("Night shift")


def test_a_role_is_changed_and_somebody_is_invited(house: Site, second: SecondOrg) -> None:
    with house.visit("owner") as visit:
        page = visit.page
        visit.go("settings/members/")
        page.get_by_role("link", name="Change Sana Iqbal").click()
        page.get_by_label("Role").select_option("admin")
        button(page, "Save the role")
        told(page, "Sana Iqbal is an admin now.")
        row = page.get_by_role("row", name=re.compile("Sana Iqbal"))
        expect(row.get_by_role("cell").nth(1)).to_have_text("Admin")
        page.get_by_label("E-mail address").fill("nobody")
        button(page, "Invite")
        expect(page.get_by_role("alert")).to_have_text("This is no e-mail address.")
        page.get_by_label("E-mail address").fill("nils@nordlys.example")
        button(page, "Invite")
        expect(page.locator("#invitation-link")).to_contain_text("/invitations/")
        assert visit.findings_in_all_looks() == []
        page.get_by_role("button", name="Withdraw: nils@nordlys.example").click()
        told(page, "The invitation of nils@nordlys.example is withdrawn.")
    with house.visit(GUEST) as visit:
        visit.go(f"/invitations/{second.invitations['guest']}/")
        button(visit.page, "Join")
        told(visit.page, f"You are a member of {NAME} now.")
    with house.visit(None) as visit:
        visit.go(f"/invitations/{second.invitations['new']}/")
        visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
        visit.page.get_by_label("Password, once more").fill("something else")
        button(visit.page, "Create the account and join")
        expect(visit.page.get_by_text("The two passwords differ.")).to_be_visible()
        visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
        visit.page.get_by_label("Password, once more").fill(PASSWORD)
        button(visit.page, "Create the account and join")
        expect(visit.page).to_have_url(re.compile(f"/o/{SLUG}/live/$"))


def test_who_would_be_locked_out_is_said_before_it_happens(house: Site) -> None:
    with house.visit("owner") as visit:
        page = visit.page
        is_on = page.get_by_label("The list is on: keys are refused from everywhere else")
        visit.go("settings/security/")
        page.get_by_label("Addresses and ranges").fill("203.0.113.0/33\n# Oslo")
        button(page, "Save the list")
        expect(page.get_by_text("Line 1:")).to_be_visible()
        page.get_by_label("Addresses and ranges").fill("203.0.113.0/24 # Oslo")
        is_on.check()
        button(page, "Save the list")
        warning = page.get_by_role("alert")
        expect(warning).to_contain_text("This would lock somebody out. Nothing is saved yet.")
        expect(warning).to_contain_text("127.0.0.1: you, at this moment")
        assert visit.findings_in_all_looks() == []
        visit.go("settings/security/")
        expect(is_on).not_to_be_checked()
        page.get_by_label("Origins", exact=True).fill("https://shop.example\nshop")
        button(page, "Save the origins")
        expect(page.get_by_text("Line 2:")).to_be_visible()
        page.get_by_label("Origins", exact=True).fill("https://shop.example")
        button(page, "Save the origins")
        told(page, "The authorised origins are saved.")


def test_less_is_kept_only_after_a_second_look(house: Site) -> None:
    with house.visit("owner") as visit:
        visit.go("settings/privacy/")
        visit.page.get_by_label("Days").fill("30")
        button(visit.page, "Save the retention")
        expect(visit.page.get_by_role("heading", name="Keep things for 30 days?")).to_be_visible()
        assert visit.findings_in_all_looks() == []
        visit.page.get_by_role("link", name="Cancel").click()
        expect(visit.page.get_by_label("Days")).to_have_value("400")


def test_one_person_is_looked_up_and_erased_once_the_id_is_typed(site: Site, house: Site, tmp_path: Path) -> None:
    with site.visit("admin") as visit:
        visit.go("settings/privacy/person/")
        visit.page.get_by_label("Id or e-mail address").fill("mira@shop.example")
        button(visit.page, "Look up")
        expect(visit.page.get_by_role("row", name=re.compile("Daily sums"))).to_be_visible()
        assert visit.findings_in_all_looks() == []
        with visit.page.expect_download() as saved:
            visit.page.get_by_role("link", name="Download as JSON").click()
        saved.value.save_as(tmp_path / "actor.json")
        document = json.loads((tmp_path / "actor.json").read_bytes())
        assert (document["asked_for"], document["events"][0]["actor"]["email"]) == ("mira@shop.example",) * 2
    with house.visit(None) as visit:
        page = visit.page
        visit.go("settings/privacy/person/erase?actor=usr_gone")
        page.get_by_label("E-mail address").fill(OWNER)
        page.get_by_label("Password").fill(PASSWORD)
        button(page, "Sign in")
        page.get_by_label("Password").fill(PASSWORD)  # once more
        button(page, "Continue")
        expect(page.get_by_role("heading", name="Erase usr_gone?")).to_be_visible()
        page.get_by_label("Type usr_gone to go on").fill("usr")
        button(page, "Erase everything of this actor")
        expect(page.get_by_text("This is not the id of the actor.")).to_be_visible()
        assert visit.findings_in_all_looks() == []
        page.get_by_label("Type usr_gone to go on").fill("usr_gone")
        button(page, "Erase everything of this actor")
        told(page, "The actor is being erased.")
        expect(page.get_by_role("region", name="Erasures").get_by_role("row")).to_have_count(2)


def test_the_audit_log_is_read_filtered_and_taken_away(house: Site, tmp_path: Path) -> None:
    with house.visit("owner") as visit:
        page = visit.page
        visit.go("settings/audit/")
        expect(page.get_by_text("every entry up to number")).to_be_visible()  # the badge
        page.get_by_label("What", exact=True).select_option("member.invited")
        page.get_by_label("On what").fill("late@")
        button(page, "Filter")
        rows = page.locator("[data-row]")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Member invited")
        button(page, "Export")
        with page.expect_download() as saved:
            page.get_by_role("link", name="CSV for spreadsheets").click()
        saved.value.save_as(tmp_path / "audit.csv")
        [only] = csv.DictReader((tmp_path / "audit.csv").read_text(encoding="utf-8-sig").splitlines())
        assert (only["actor"], only["action"]) == (OWNER, "member.invited")
        rows.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Member invited")).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("Role"))).to_contain_text("analyst")


def test_a_deletion_is_confirmed_told_everywhere_and_taken_back(house: Site) -> None:
    with house.visit(None) as visit:
        page = visit.page
        visit.go("settings/general/")
        page.get_by_label("E-mail address").fill(OWNER)
        page.get_by_label("Password").fill(PASSWORD)
        button(page, "Sign in")
        page.get_by_role("link", name="Delete…").click()
        page.get_by_label("Password").fill(PASSWORD)  # once more
        button(page, "Continue")
        page.get_by_label("Type the name of the organisation").fill("Nordlys")
        button(page, "Delete the organisation")
        expect(page.get_by_role("alert")).to_be_visible()
        assert visit.findings_in_all_looks() == []
        page.get_by_label("Type the name of the organisation").fill(NAME)
        button(page, "Delete the organisation")
        told(page, "The organisation is going to be deleted.")
        assert visit.findings_in_all_looks() == []
        with house.visit("admin") as other:
            other.go("events/")
            expect(other.page.get_by_text("This organisation is going to be deleted")).to_be_visible()
            expect(other.page.get_by_role("button", name="Keep the organisation")).to_have_count(0)
        visit.go("events/")
        button(page, "Keep the organisation")
        told(page, "The organisation stays.")
        expect(page.get_by_text("This organisation is going to be deleted")).to_have_count(0)


def test_the_operator_suspends_an_organisation_and_opens_it_again(house: Site) -> None:
    with house.visit(OPERATOR) as visit, house.visit("owner", expected=("403",)) as other:
        visit.go("/operator/")
        visit.page.get_by_role("link", name=f"Suspend {NAME}").click()
        expect(visit.page.get_by_role("heading", name=f"Suspend {NAME}?")).to_be_visible()
        button(visit.page, "Suspend")
        told(visit.page, f"{NAME} is suspended")
        assert visit.findings_in_all_looks() == []
        other.go("events/")
        expect(other.page.get_by_role("main")).to_contain_text("suspended")
        visit.page.get_by_role("button", name=f"Open {NAME} again").click()
        told(visit.page, f"{NAME} is open again.")
        other.go("events/")
        expect(other.page.get_by_role("heading", name="Events", exact=True)).to_be_visible()
