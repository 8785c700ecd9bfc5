"""Signing in with every factor, in a real browser; on a server of its own, because it changes accounts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.owners import create_owners
from browser.visits import LOOKS, PHONE, Site, Theme, Visit
from mail_server import Mailbox, mailbox
from people import code_of
from servers import free_port
from started_before import started_before

PASSWORD = "correct-horse-battery"  # of LiveServer.init
OWNER = "owner@shop.example"  # the same
# Each is changed by one test.
TOTP, PASSKEY, SESSIONS, RESET, MOVING = (f"{name}@shop.example" for name in ("totp", "passkey", "sessions", "reset", "old"))


@pytest.fixture(scope="module")
def mails() -> Iterator[Mailbox]:
    with mailbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, browser: Browser, mails: Mailbox) -> Iterator[Site]:
    """A server without traffic, asked for by a name, because passkeys need one, and with a mail server."""
    port = free_port()
    url = f"http://localhost:{port}"
    server = started_before(
        tmp_path_factory.mktemp("house") / "data",
        env={"LITESOC_EMAIL_URL": f"smtp://127.0.0.1:{mails.port}", "LITESOC_PUBLIC_URL": url},
        args=("--port", str(port)),
    )
    account = server.init()
    create_owners(server, [TOTP, PASSKEY, SESSIONS, RESET, MOVING], password=PASSWORD)
    server.start()
    server.url = url
    try:
        yield Site(server, account["org_id"], "shop-example", account["api_key"], {}, browser)
    finally:
        server.stop()


def type_password(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in(visit: Visit, email: str, path: str = "/profile/") -> None:
    visit.go(path)
    type_password(visit.page, email)
    expect(visit.page).to_have_url(re.compile(re.escape(path)))


def confirm_it_is_you(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def check_looks(visit: Visit) -> None:
    assert visit.axe_findings() == [], visit.page.url
    assert not visit.overflows(), visit.page.url


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_pages_around_signing_in_look_right(house: Site, theme: Theme, size: tuple[int, int]) -> None:
    with house.visit(None, theme=theme, size=size, expected=("404", "403", "405")) as visit:
        for path in (
            "/accounts/login/",
            "/accounts/signup/",
            "/accounts/inactive/",
            "/accounts/password/reset/",
            "/accounts/password/reset/done/",
            "/accounts/password/reset/key/done/",
            "/accounts/password/reset/key/x-y/",
            "/accounts/confirm-email/",
            "/accounts/confirm-email/x/",
            "/nothing",
        ):
            visit.go(path)
            check_looks(visit)
        visit.go("/")
        type_password(visit.page, OWNER, "a wrong password")
        expect(visit.page.get_by_role("alert").first).to_have_text("The e-mail address or the password is wrong.")
        check_looks(visit)
        sign_in(visit, OWNER)
        for path in ("/profile/", "/accounts/password/change/", "/accounts/email/", "/accounts/logout/"):
            visit.go(path)
            check_looks(visit)


def test_an_authenticator_app_and_recovery_codes(house: Site, tmp_path: Path) -> None:
    with house.visit(None) as visit:
        page = visit.page
        sign_in(visit, TOTP)
        page.get_by_role("link", name="Set up").click()
        confirm_it_is_you(page)
        check_looks(visit)
        assert page.locator("svg.qr path").count() == 1
        secret = page.locator("#totp-key").inner_text()
        page.get_by_label("Code", exact=True).fill("000000")
        page.get_by_role("button", name="Turn it on").click()
        expect(page.get_by_text("This code is wrong or was used before.")).to_be_visible()
        page.get_by_label("Code", exact=True).fill(code_of(secret))
        page.get_by_role("button", name="Turn it on").click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        check_looks(visit)
        codes = page.locator("#codes").inner_text().split()
        assert len(codes) == 10
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        saved = tmp_path / "codes.txt"
        download.value.save_as(saved)
        assert codes[0] in saved.read_text()
        visit.go("/profile/")
        expect(page.get_by_text("On", exact=True)).to_be_visible()
        check_looks(visit)
    with house.visit(None, theme="dark", size=PHONE) as visit:
        for code in (code_of(secret, periods_later=1), codes[0]):
            visit.go("/profile/")
            type_password(visit.page, TOTP)
            check_looks(visit)
            visit.page.get_by_label("Code", exact=True).fill(code)
            visit.page.get_by_role("button", name="Sign in").click()
            expect(visit.page.get_by_role("heading", name="Your profile")).to_be_visible()
            visit.page.context.clear_cookies()
        visit.go("/profile/")
        type_password(visit.page, TOTP)
        visit.page.get_by_label("Code", exact=True).fill(codes[0])
        visit.page.get_by_role("button", name="Sign in").click()
        expect(visit.page.get_by_text("This code is wrong or was used before.")).to_be_visible()


def test_a_passkey_is_added_used_renamed_and_removed(house: Site) -> None:
    with house.visit(None) as visit:
        page = visit.page
        with_authenticator(page)
        sign_in(visit, PASSKEY)
        page.get_by_role("link", name="Add a passkey").click()
        confirm_it_is_you(page)
        check_looks(visit)
        page.get_by_label("Name").fill("laptop")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        visit.go("/profile/")
        expect(page.get_by_role("heading", name="laptop")).to_be_visible()
        expect(page.get_by_text("Without a password")).to_be_visible()
        check_looks(visit)

        page.get_by_role("button", name="Your account").click()
        page.get_by_role("button", name="Sign out").click()
        visit.go("/profile/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Your profile")).to_be_visible()

        page.get_by_role("link", name="Rename laptop").click()
        page.get_by_role("link", name="Use a security key").click()
        check_looks(visit)
        page.get_by_role("button", name="Use a passkey").click()
        page.get_by_label("Name").fill("<b>blue</b> key")
        page.get_by_role("button", name="Save the name").click()
        expect(page.get_by_role("heading", name="<b>blue</b> key")).to_be_visible()

        page.context.clear_cookies()
        visit.go("/profile/")
        type_password(page, PASSKEY)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
        page.get_by_role("link", name="Remove <b>blue</b> key").click()
        confirm_it_is_you(page)
        check_looks(visit)
        page.get_by_role("button", name="Remove it").click()
        expect(page.get_by_text("Off", exact=True)).to_be_visible()


def with_authenticator(page: Page) -> None:
    """Put a fingerprint reader into the browser that always knows its finger."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_passkeys_are_not_offered_at_an_address(house: Site) -> None:
    at_address = f"http://127.0.0.1:{house.server.url.rpartition(':')[2]}"
    with house.visit(None, expected=("outside request: http://127.0.0.1",)) as visit:
        visit.page.goto(f"{at_address}/accounts/login/?next=/accounts/2fa/webauthn/add/")
        expect(visit.page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
        type_password(visit.page, OWNER)
        confirm_it_is_you(visit.page)
        expect(visit.page.get_by_text("This browser cannot use passkeys here")).to_be_visible()
        expect(visit.page.get_by_role("button", name="Add a passkey")).to_be_disabled()
        check_looks(visit)


def test_another_session_is_ended(house: Site) -> None:
    with house.visit(None) as one, house.visit(None) as other:
        sign_in(one, SESSIONS)
        sign_in(other, SESSIONS)
        other.page.get_by_role("button", name="End the session of").click()
        expect(other.page.get_by_text("The session is ended.")).to_be_visible()
        check_looks(other)
        one.page.reload()
        expect(one.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_link_by_mail_to_choose_a_password_works_once(house: Site, mails: Mailbox) -> None:
    with house.visit(None) as visit:
        page = visit.page
        visit.go("/")
        page.get_by_role("link", name="Forgot your password?").click()
        check_looks(visit)
        page.get_by_label("E-mail address").fill(RESET)
        page.get_by_role("button", name="Send the link").click()
        expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
        link = mails.next_link(to=RESET).removeprefix(house.server.url)
        visit.go(link)
        check_looks(visit)
        page.get_by_label("New password", exact=True).fill("another long secret")
        page.get_by_label("New password, once more").fill("another long secret")
        page.get_by_role("button", name="Save the password").click()
        expect(page.get_by_role("heading", name="Your new password is saved")).to_be_visible()
        assert "was reset" in mails.next(to=RESET)["Subject"]
        visit.go(link)
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
        page.get_by_role("link", name="Sign in").click()
        type_password(page, RESET, "another long secret")
        expect(page).to_have_url(re.compile("/o/reset/live/"))


def test_a_new_address_is_confirmed_by_mail(house: Site, mails: Mailbox) -> None:
    with house.visit(None, theme="dark", size=PHONE) as visit:
        page = visit.page
        sign_in(visit, MOVING)
        page.get_by_role("link", name="Change", exact=True).click()
        check_looks(visit)
        page.get_by_label("New e-mail address").fill("new@shop.example")
        page.get_by_role("button", name="Send a link to it").click()
        confirm_it_is_you(page)
        expect(page.get_by_text("A link is on its way to new@shop.example. Open it")).to_be_visible()
        check_looks(visit)
        visit.go("/profile/")
        expect(page.get_by_text("Waiting for new@shop.example")).to_be_visible()
        check_looks(visit)
        link = mails.next_link(to="new@shop.example").removeprefix(house.server.url)
        visit.go(link)
        check_looks(visit)
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
        expect(page.get_by_text("You sign in with new@shop.example now.")).to_be_visible()
        assert "no longer with old@shop.example" in mails.next(to=MOVING)["Subject"]
        visit.go(link)
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()


def test_a_name_and_the_theme_are_kept(house: Site) -> None:
    with house.visit(None, theme="light") as visit:
        sign_in(visit, OWNER)
        expect(visit.page.get_by_text("Europe/Oslo")).to_be_visible()
        visit.page.get_by_label("Name").fill("Mira \U0001f60a שלום")
        visit.page.get_by_role("button", name="Save the name").click()
        expect(visit.page.get_by_text("Your name is saved.")).to_be_visible()
        expect(visit.page.get_by_label("Name")).to_have_value("Mira \U0001f60a שלום")
        visit.page.get_by_role("button", name="Dark").click()
        visit.page.reload()
        assert visit.page.locator("html").get_attribute("data-theme") == "dark"
        check_looks(visit)
