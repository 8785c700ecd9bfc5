"""`litesoc accounts`: the way back in for people who are locked out."""

import re
from pathlib import Path

import httpx
import pytest

from live_server import LiveServer
from started_before import started_before

EMAIL = "owner@shop.example"
NEW_PASSWORD = "another long secret"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    server = started_before(tmp_path_factory.mktemp("accounts") / "data")
    server.init()
    return server


def test_everybody_is_listed(live: LiveServer) -> None:
    (person,) = live.litesoc_json("accounts", "list")
    assert (person["email"], person["state"], person["second_factors"]) == (EMAIL, "active", [])
    assert person["organizations"] == ["shop-example: owner"]
    assert EMAIL in live.litesoc("accounts", "list").stdout


def test_a_link_from_the_command_line_gives_a_new_password(live: LiveServer) -> None:
    answer = live.litesoc("accounts", "reset-password", "Owner@SHOP.example")
    link = answer.stdout.strip()
    assert re.fullmatch(r"http://localhost:8000/accounts/password/reset/key/\S+/", link)
    assert "once" in answer.stderr
    live.start()
    try:
        with httpx.Client(base_url=live.url, follow_redirects=True, headers={"Accept": "text/html"}) as http:
            page = http.get(link.removeprefix("http://localhost:8000"))
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
            assert token is not None
            fields = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "csrfmiddlewaretoken": token[1]}
            assert "Your new password is saved" in http.post(page.url, data=fields).text
            page = http.get("/accounts/login/")
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
            assert token is not None
            fields = {"login": EMAIL, "password": NEW_PASSWORD, "csrfmiddlewaretoken": token[1]}
            assert "/o/shop-example/live/" in str(http.post("/accounts/login/", data=fields).url)
    finally:
        live.stop()
    assert EMAIL not in live.log_text()
    assert link.split("/")[-2] not in live.log_text()


def test_a_password_is_set_from_standard_input(live: LiveServer) -> None:
    weak = live.litesoc("accounts", "reset-password", EMAIL, "--password-stdin", stdin="short\n")
    assert weak.returncode == 1
    assert "too short" in weak.stderr
    assert live.litesoc("accounts", "reset-password", EMAIL, "--password-stdin", stdin=NEW_PASSWORD + "!\n").returncode == 0


def test_second_factors_are_removed_only_when_somebody_is_sure(live: LiveServer) -> None:
    unsure = live.litesoc("accounts", "disable-mfa", EMAIL)
    assert unsure.returncode == 1
    assert "--yes" in unsure.stderr
    assert "has no second factor" in live.litesoc("accounts", "disable-mfa", EMAIL, "--yes").stdout


@pytest.mark.parametrize("command", ["reset-password", "disable-mfa"])
def test_nobody_has_this_address(live: LiveServer, command: str) -> None:
    answer = live.litesoc("accounts", command, "nobody@shop.example")
    assert answer.returncode == 1
    assert "nobody signs in with nobody@shop.example" in answer.stderr


def test_settings_that_disagree_stop_the_start(tmp_path: Path) -> None:
    answer = LiveServer(tmp_path / "data", env={"LITESOC_EMAIL_URL": "smtp://mail.example.com"}).litesoc("accounts", "list")
    assert answer.returncode == 1
    assert "LITESOC_EMAIL_URL needs LITESOC_PUBLIC_URL" in answer.stderr
