"""Authenticator app and recovery codes: real codes, each good once, secrets that the database does not show."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings

from litesoc_server.accounts.models import User
from people import (
    browser,
    code_of,
    confirm_it_is_you,
    is_signed_in,
    make_person,
    set_up_totp,
    sign_in,
    signed_in,
    visible_text,
)

pytestmark = pytest.mark.django_db

CODES_COUNT = 10
FAILURES_MAX = 5


@pytest.fixture
def person() -> User:
    return make_person()


@pytest.fixture
def secret(person: User) -> str:
    return set_up_totp(signed_in())


def after_password() -> Client:
    client = browser()
    assert sign_in(client, next="/profile/")["Location"] == "/accounts/2fa/authenticate/"
    return client


def send_code(client: Client, code: str) -> bool:
    """Send a code at sign-in. Returns whether it let them in."""
    client.post("/accounts/2fa/authenticate/", {"code": code})
    return is_signed_in(client)


def recovery_codes(client: Client) -> list[str]:
    confirm_it_is_you(client)
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    return re.findall(r"(?:^|>)(\d{8})$", page, re.MULTILINE)


def test_the_password_alone_no_longer_lets_in(secret: str) -> None:
    client = after_password()
    assert not is_signed_in(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/")
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert answer["Location"] == "/profile/"
    assert is_signed_in(client)


def test_staying_signed_in_holds_with_a_second_factor(secret: str) -> None:
    client = browser()
    sign_in(client, remember="on")
    assert send_code(client, code_of(secret))
    assert client.cookies["litesoc_session"]["max-age"] == 14 * 24 * 3600


@pytest.mark.parametrize("periods_later", [-1, 0, 1])
def test_a_clock_may_differ_by_half_a_minute(secret: str, periods_later: int) -> None:
    assert send_code(after_password(), code_of(secret, periods_later=periods_later))


@pytest.mark.parametrize("periods_later", [-3, 3])
def test_codes_of_other_times_let_nobody_in(secret: str, periods_later: int) -> None:
    assert not send_code(after_password(), code_of(secret, periods_later=periods_later))


@pytest.mark.parametrize("written", ["{0}", "{0:.3}-{0[3]}{0[4]}{0[5]}", " {0} "])
def test_a_code_is_good_once_however_it_is_written(secret: str, written: str) -> None:
    code = code_of(secret, periods_later=1)
    assert send_code(after_password(), code)
    cache.delete_many([key.split(":", 2)[2] for key in cache._cache if "totp.used" in key])  # type: ignore[attr-defined] # as after allauth's 30 s
    client = after_password()
    answer = client.post("/accounts/2fa/authenticate/", {"code": written.format(code)})
    assert "wrong or was used before" in visible_text(answer)
    assert not is_signed_in(client)


def test_guessing_codes_is_stopped_and_the_right_one_waits_too(secret: str) -> None:
    for _ in range(FAILURES_MAX):
        assert not send_code(after_password(), "000000")
    client = after_password()
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert "Too many attempts. Wait five minutes" in visible_text(answer)
    assert not is_signed_in(client)


def test_setting_up_takes_the_password_again_and_the_right_code(person: User) -> None:
    client = signed_in()
    answer = client.get("/accounts/2fa/totp/activate/")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert confirm_it_is_you(client, password="wrong").status_code == 200
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302
    confirm_it_is_you(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert str(client.session["mfa.totp.secret"]) in page
    assert "data:" not in page
    client.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert not Authenticator.objects.exists()


def test_a_recovery_code_lets_in_once(person: User) -> None:
    owner = signed_in()
    set_up_totp(owner)
    codes = recovery_codes(owner)
    assert len(set(codes)) == CODES_COUNT
    assert send_code(after_password(), codes[0])
    assert not send_code(after_password(), codes[0])
    assert send_code(after_password(), codes[1])
    assert recovery_codes(owner) == codes[2:]
    download = owner.get("/accounts/2fa/recovery-codes/download/")
    assert download["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert codes[2] in download.content.decode()
    assert codes[0] not in download.content.decode()


def test_new_recovery_codes_end_the_old_ones(person: User) -> None:
    owner = signed_in()
    set_up_totp(owner)
    old = recovery_codes(owner)
    owner.post("/accounts/2fa/recovery-codes/generate/")
    assert not set(old) & set(recovery_codes(owner))
    assert not send_code(after_password(), old[0])


def test_the_database_does_not_show_secrets(person: User) -> None:
    owner = signed_in()
    secret = set_up_totp(owner)
    codes = recovery_codes(owner)
    stored = " ".join(str(data) for data in Authenticator.objects.values_list("data", flat=True))
    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_another_signing_key_is_told_and_lets_nobody_in(secret: str) -> None:
    with override_settings(SECRET_KEY="another key of the server, as after a bad restore"):
        client = browser()
        sign_in(client)
        answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert "the server&#x27;s key was changed" in answer.content.decode()
    assert not is_signed_in(client)


def test_removing_the_app_removes_the_codes(person: User) -> None:
    owner = signed_in()
    set_up_totp(owner)
    confirm_it_is_you(owner)
    owner.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert sign_in(browser())["Location"] == "/"


def test_somebody_elses_passkey_is_not_there(person: User) -> None:
    other = make_person("ola@shop.example")
    data = {"name": "key", "credential": {}}
    theirs = Authenticator.objects.create(user=other, type=Authenticator.Type.WEBAUTHN, data=data)
    client = signed_in()
    confirm_it_is_you(client)
    for action in ("edit", "remove"):
        assert client.post(f"/accounts/2fa/webauthn/keys/{theirs.pk}/{action}/", {"name": "mine"}).status_code == 404


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "null",
        "[]",
        '"x"',
        "1",
        "{}",
        '{"id": 1}',
        '{"response": []}',
        '{"id": "AA", "rawId": "AA", "response": {}}',
        "{",
    ],
)
def test_nonsense_in_place_of_a_passkey_is_refused(secret: str, credential: str) -> None:
    visitor = browser()
    visitor.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert visitor.post("/accounts/2fa/webauthn/login/", {"credential": credential}).status_code == 302
    assert not is_signed_in(visitor)
    half = after_password()
    half.get("/accounts/2fa/authenticate/")
    assert half.post("/accounts/2fa/authenticate/", {"credential": credential}).status_code == 200
    owner = signed_in_with_code(secret)
    confirm_it_is_you(owner)
    owner.get("/accounts/2fa/webauthn/add/")
    answer = owner.post("/accounts/2fa/webauthn/add/", {"name": "key", "credential": credential})
    assert answer.status_code == 200
    assert not Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists()


def signed_in_with_code(secret: str) -> Client:
    client = after_password()
    assert send_code(client, code_of(secret, periods_later=1))
    return client
