"""Signing in with a password: what strangers learn, how often they may try, and where it leads."""

import time
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone

from litesoc_server.accounts.models import User
from people import EMAIL, PASSWORD, browser, is_signed_in, make_person, sign_in, signed_in, visible_text

pytestmark = pytest.mark.django_db

FAILURES_MAX = 5  # of one account in five minutes


@pytest.fixture
def person() -> User:
    return make_person()


def test_the_right_password_signs_in_and_leads_home(person: User) -> None:
    client = browser()
    answer = sign_in(client, email="Mira@SHOP.example")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_address_are_told_the_same(person: User) -> None:
    wrong = sign_in(browser(), password="a wrong password")
    unknown = sign_in(browser(), email="mora@shop.example")
    assert wrong.status_code == unknown.status_code == 200
    assert visible_text(wrong) == visible_text(unknown)
    assert "The e-mail address or the password is wrong." in visible_text(wrong)


def test_people_without_a_password_and_unknown_ones_are_told_the_same() -> None:
    make_person(password=None)
    assert visible_text(sign_in(browser())) == visible_text(sign_in(browser(), email="mora@shop.example"))


def test_every_failure_costs_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    make_person()
    make_person("nopassword@shop.example", password=None)
    make_person("off@shop.example")
    User.objects.filter(email="off@shop.example").update(is_active=False)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode  # the hasher of this suite

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    counts = {}
    for email in (EMAIL, "mora@shop.example", "nopassword@shop.example", "off@shop.example"):
        hashed.clear()
        sign_in(browser(), email=email, password="a wrong password")
        counts[email] = len(hashed)
    assert set(counts.values()) == {1}, counts


def test_after_five_failures_an_account_waits_whatever_the_host_and_address(person: User) -> None:
    def attempt(number: int, password: str) -> Client:
        client = Client(headers={"Accept": "text/html", "Host": f"h{number}.example"}, REMOTE_ADDR=f"198.51.100.{number}")
        answer = sign_in(client, password=password)
        texts.append(visible_text(answer))
        return client

    texts: list[str] = []
    for number in range(FAILURES_MAX):
        attempt(number, "a wrong password")
    blocked = attempt(99, PASSWORD)
    assert "Too many attempts. Wait five minutes, then try again." in texts[-1]
    assert all("Too many" not in text for text in texts[:-1])
    assert not is_signed_in(blocked)


def test_an_unknown_address_is_stopped_like_a_known_one(person: User) -> None:
    for email, address in ((EMAIL, "198.51.100.1"), ("mora@shop.example", "198.51.100.2")):
        client = browser(REMOTE_ADDR=address)
        answers = [sign_in(client, email=email, password="a wrong password") for _ in range(FAILURES_MAX + 1)]
        assert "Too many attempts." in visible_text(answers[-1]), email
        assert "Too many attempts." not in visible_text(answers[-2]), email


def test_one_address_may_not_try_many_accounts() -> None:
    answers = [sign_in(browser(), email=f"p{number}@shop.example") for number in range(40)]
    texts = [visible_text(answer) for answer in answers]
    assert any("Too many attempts" in text for text in texts)
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


@override_settings(TRUSTED_PROXY_COUNT=1)
def test_behind_a_proxy_people_are_counted_by_their_own_addresses(person: User) -> None:
    for number in range(15):
        client = Client(headers={"Accept": "text/html", "X-Forwarded-For": f"6.6.6.6, 198.51.100.{number}"})
        assert "Too many" not in visible_text(sign_in(client, email=f"p{number}@shop.example"))
    texts = [
        visible_text(sign_in(Client(headers={"X-Forwarded-For": f"6.6.6.{n}, 203.0.113.1"}), email=f"q{n}@shop.example"))
        for n in range(15)
    ]
    assert "Too many" in texts[-1]


def test_a_switched_off_account_stays_out(person: User) -> None:
    User.objects.update(is_active=False)
    client = browser()
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/inactive/")
    assert not is_signed_in(client)
    assert "The e-mail address or the password is wrong." in visible_text(sign_in(browser(), password="a wrong password"))


def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(person: User) -> None:
    client = browser()
    session = client.session
    session["planted"] = True
    session.save()
    planted = str(session.session_key)
    client.cookies["litesoc_session"] = planted
    sign_in(client)
    assert client.cookies["litesoc_session"].value != planted
    thief = browser()
    thief.cookies["litesoc_session"] = planted
    assert not is_signed_in(thief)


@pytest.mark.parametrize(
    "next_url",
    [
        "https://evil.example/",
        "//evil.example/",
        r"\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "https:evil.example",
        "http://testserver@evil.example/",
    ],
)
def test_nobody_is_sent_to_another_site(person: User, next_url: str) -> None:
    answer = sign_in(browser(), next=next_url)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    again = signed_in()
    answer = again.get("/accounts/login/", {"next": next_url})
    assert answer["Location"] == "/"


def test_people_arrive_where_they_wanted_to_go(person: User) -> None:
    client = browser()
    where = client.get("/accounts/password/change/")["Location"]
    assert where == "/accounts/login/?next=/accounts/password/change/"
    assert sign_in(client, next="/accounts/password/change/")["Location"] == "/accounts/password/change/"


def test_forms_of_other_sites_are_refused(person: User) -> None:
    client = browser(enforce_csrf_checks=True)
    for path, fields in {
        "/accounts/login/": {"login": EMAIL, "password": PASSWORD},
        "/accounts/logout/": {},
        "/accounts/password/reset/": {"email": EMAIL},
        "/accounts/2fa/webauthn/login/": {"credential": "{}"},
    }.items():
        assert client.post(path, fields).status_code == 403, path
    assert not is_signed_in(client)


def test_signing_out_takes_a_click_and_ends_the_session(person: User) -> None:
    client = signed_in()
    key = client.cookies["litesoc_session"].value
    assert client.get("/accounts/logout/").status_code == 200
    assert is_signed_in(client)
    answer = client.post("/accounts/logout/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    client.cookies["litesoc_session"] = key
    assert not is_signed_in(client)


def test_sessions_last_for_the_visit_unless_asked_to_last(person: User) -> None:
    client = browser()
    sign_in(client)
    assert client.cookies["litesoc_session"]["max-age"] == ""
    client = browser()
    sign_in(client, remember="on")
    assert client.cookies["litesoc_session"]["max-age"] == 14 * 24 * 3600


def test_nobody_signs_up() -> None:
    fields = {"email": "new@shop.example", "password1": PASSWORD, "password2": PASSWORD}
    answer = browser().post("/accounts/signup/", fields)
    assert answer.status_code == 200
    assert not User.objects.exists()


def test_expired_sessions_are_forgotten_at_the_next_sign_in(person: User) -> None:
    signed_in()
    now = timezone.now()
    Session.objects.update(expire_date=now)
    UserSession.objects.update(last_seen_at=now - timedelta(days=16))
    signed_in()
    assert Session.objects.count() == UserSession.objects.count() == 1


def test_a_session_in_use_is_noted_and_does_not_end(person: User) -> None:
    client = signed_in()
    long_ago = timezone.now() - timedelta(hours=11)
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=1))
    UserSession.objects.update(last_seen_at=long_ago)
    session = client.session
    session["litesoc_noted_at"] = long_ago.timestamp()
    session.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=1))
    assert is_signed_in(client)
    assert Session.objects.get().expire_date > timezone.now() + timedelta(hours=11)
    assert UserSession.objects.get().last_seen_at > long_ago
    noted = UserSession.objects.get().last_seen_at
    assert is_signed_in(client)
    assert UserSession.objects.get().last_seen_at == noted


def test_a_session_ends_after_thirty_days_however_much_it_is_used(person: User) -> None:
    client = browser()
    sign_in(client, remember="on")
    for days, lasts in ((29, True), (2, False)):
        session = client.session
        session["litesoc_began_at"] = session.get("litesoc_began_at", time.time()) - timedelta(days=days).total_seconds()
        session.save()
        assert is_signed_in(client) == lasts
    assert not Session.objects.exists()


def test_starts_with_a_passkey_are_limited_for_they_write_a_session() -> None:
    answers = [browser(headers={"Accept": "application/json"}).get("/accounts/2fa/webauthn/login/") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert Session.objects.count() == 30
